// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsDelivery

/// Stores what deliveries announce as events in the topic `tidings`.
///
/// - Concurrency: lives on one loop; one per loop. What cannot be stored is logged, and the deliveries go on.
final class OperationalEvents {
    private static let topic = TopicName("tidings")!
    private static let partitions: Int32 = 4

    private let log: any EventLog
    private let loop: any Loop
    private let session: any LogSession
    private let time: any TimeSource
    private let random: any RandomSource
    private let logger: Logger
    private var draft = EventDraft()
    private var buffer = AppendBuffer()

    /// Makes the loop's writer.
    init(log: any EventLog, loop: any Loop, random: any RandomSource, logger: Logger) {
        self.log = log
        self.loop = loop
        session = log.session(on: loop)
        time = loop.time
        self.random = random
        self.logger = logger
    }

    /// Stores an event; the topic is made on first use.
    func store(_ event: OperationalEvent) {
        if let topic = log.topics[Self.topic] { return append(event, to: topic) }
        session.createTopic(Self.topic, partitions: Self.partitions) { [self] made in
            switch made {
            case .success(let topic): append(event, to: topic)
            case .failure(let error): failed(event, error)
            }
        }
    }

    private func append(_ event: OperationalEvent, to topic: TopicDescription) {
        let now = time.wall
        draft.removeAll()
        draft.set(.id, UUID128.timeOrdered(at: now, from: random).description)
        draft.set(.source, "/tidings")
        draft.set(.type, event.eventType)
        draft.set(.subject, event.subscription.text)
        draft.set(.contentType, "application/json")
        draft.setData(.json) { [log] text in event.writeData(topic: { log.topics[$0]?.name }, into: &text) }
        buffer.removeAll()
        guard let key = draft[.subject] else { return }
        let partition = PartitionID(topic.id, Murmur2.partition(of: key, count: topic.partitionCount))
        buffer.add(to: partition, among: topic.partitionCount, at: now) { body in
            EventRecord.encodeBody(draft, key: key, into: &body)
        }
        do throws(LogError) {
            try session.append(&buffer) { [self] result in
                if case .failure(let error) = result { failed(event, error) }
            }
        } catch {
            // The topic gets more partitions just now.
            if error.code == .layoutChanged {
                _ = loop.schedule(after: .milliseconds(5)) { [self] in store(event) }
                return
            }
            failed(event, error)
        }
    }

    private func failed(_ event: OperationalEvent, _ error: LogError) {
        logger.warning(
            "an operational event could not be stored",
            [("type", event.eventType), ("subscription", event.subscription.text), ("reason", error.description)])
    }
}
