// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups

/// Reads an internal topic from its beginning: what its records add up to is the state.
///
/// - Concurrency: lives on the loop of its session; kept alive by the calls it waits for.
final class StateTopic {
    private let session: any LogSession
    private let partition: PartitionID
    private let name: TopicName
    private let logger: Logger
    private let each: (StoredRecord) -> Void
    private let then: (LogError?) -> Void
    private var next = Offset.zero

    /// Makes the topic where there is none, and hands out its records in order.
    static func load(
        _ name: TopicName, _ settings: TopicSettings, _ session: any LogSession, _ logger: Logger,
        each: @escaping (StoredRecord) -> Void, then: @escaping (Result<PartitionID, LogError>) -> Void
    ) {
        session.createTopic(name, partitions: 1, settings: settings) { made in
            switch made {
            case .failure(let error): then(.failure(error))
            case .success(let topic):
                let partition = PartitionID(topic.id, 0)
                StateTopic(name, partition, session, logger, each) { error in
                    then(error.map { .failure($0) } ?? .success(partition))
                }.read()
            }
        }
    }

    private init(
        _ name: TopicName, _ partition: PartitionID, _ session: any LogSession, _ logger: Logger,
        _ each: @escaping (StoredRecord) -> Void, then: @escaping (LogError?) -> Void
    ) {
        self.name = name
        self.partition = partition
        self.session = session
        self.logger = logger
        self.each = each
        self.then = then
    }

    private func read() {
        session.read(partition, from: next, maxBytes: 1 << 20) { [self] result in
            switch result {
            case .success(let batches):
                if batches.isEmpty { return then(nil) }
                for batch in batches { take(batch) }
                read()
            case .failure(let error):
                guard let resume = error.resume, resume > next else { return then(error) }
                if error.code != .outOfRange { logger.error("a part of \(name) is lost: \(error)") }
                next = resume
                read()
            }
        }
    }

    private func take(_ batch: StoredBatch) {
        if let stored = try? batch.records() {
            for record in stored where record.offset >= next {
                guard let key = record.key else { continue }
                each(StoredRecord(key: [UInt8](key), value: record.value.map { [UInt8]($0) }))
            }
        } else {
            logger.error("a batch of \(name) cannot be read at \(batch.baseOffset)")
        }
        next = max(next, batch.lastOffset.next)
    }
}
