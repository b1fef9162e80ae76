// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsAPI
import TidingsCore
import TidingsDelivery
import TidingsRouting

/// The subscriptions that read a topic, for those who look at it.
final class SubscriptionReaders: TopicReaders {
    private let log: any EventLog
    private let routing: RoutingStore
    private let engine: DeliveryEngine

    init(log: any EventLog, routing: RoutingStore, engine: DeliveryEngine) {
        self.log = log
        self.routing = routing
        self.engine = engine
    }

    func readers(of topic: TopicID, on loop: any Loop, then: @escaping ([TopicReader]) -> Void) {
        guard let name = log.topics[topic]?.name else { return then([]) }
        let table = routing.table
        let subscriptions = table.subscriptions.map(\.subscription).filter { table.topics(of: $0).contains(name) }
        if subscriptions.isEmpty { return then([]) }
        let gathered = Gathered(subscriptions.count, then)
        for subscription in subscriptions {
            engine.positions(of: subscription.uuid, in: topic, on: loop) { positions in
                gathered.add(
                    TopicReader(
                        name: subscription.name.text,
                        positions: positions.map {
                            .init(partition: $0.partition.index, offset: $0.offset, lag: $0.lag)
                        }))
            }
        }
    }

    /// What has been answered so far; lives on the loop that asked.
    private final class Gathered {
        private var readers: [TopicReader] = []
        private var left: Int
        private let then: ([TopicReader]) -> Void

        init(_ count: Int, _ then: @escaping ([TopicReader]) -> Void) {
            left = count
            self.then = then
        }

        func add(_ reader: TopicReader) {
            if !reader.positions.isEmpty { readers.append(reader) }
            left -= 1
            if left == 0 { then(readers.sorted { $0.name < $1.name }) }
        }
    }
}
