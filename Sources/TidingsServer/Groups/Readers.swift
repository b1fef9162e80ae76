// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsAPI
import TidingsCore
import TidingsDelivery
import TidingsRouting

/// The groups and subscriptions that read a topic, for those who look at it.
final class Readers: TopicReaders {
    private let log: any EventLog
    private let routing: RoutingStore
    private let engine: DeliveryEngine
    private let groups: KafkaGroups?

    init(log: any EventLog, routing: RoutingStore, engine: DeliveryEngine, groups: KafkaGroups?) {
        self.log = log
        self.routing = routing
        self.engine = engine
        self.groups = groups
    }

    func readers(of topic: TopicID, on loop: any Loop, then: @escaping ([TopicReader]) -> Void) {
        guard let name = log.topics[topic]?.name else { return then([]) }
        let table = routing.table
        let subscriptions = table.subscriptions.map(\.subscription).filter { table.topics(of: $0).contains(name) }
        let gathered = Gathered(subscriptions.count + 1, then)
        for subscription in subscriptions {
            engine.positions(of: subscription.uuid, in: topic, on: loop) { positions in
                gathered.add([
                    TopicReader(
                        name: subscription.name.text,
                        positions: positions.map {
                            .init(partition: $0.partition.index, offset: $0.offset, lag: $0.lag)
                        })
                ])
            }
        }
        guard let groups else { return gathered.add([]) }
        groups.groups(of: name.text, after: nil, limit: .max, on: loop) { [log] found in
            gathered.add(((try? found.get()) ?? []).map { Self.reader($0, of: topic, in: log) })
        }
    }

    private static func reader(_ group: ClientGroup, of topic: TopicID, in log: any EventLog) -> TopicReader {
        TopicReader(
            .group, name: group.name,
            positions: group.positions.filter { $0.partition.topic == topic }.map { position in
                let offset = max(0, position.offset)
                let end = log.bounds(of: position.partition)?.end.value ?? offset
                return .init(
                    partition: position.partition.index, offset: Offset(decoding: offset) ?? .zero,
                    lag: max(0, end - offset))
            })
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

        func add(_ more: [TopicReader]) {
            readers += more.filter { !$0.positions.isEmpty }
            left -= 1
            if left == 0 { then(readers.sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }) }
        }
    }
}
