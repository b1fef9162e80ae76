// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Folds one shard's snapshot and the records after it.
///
/// - Concurrency: lives on the loop of its session; kept alive by the calls it waits for.
final class StateLoader {
    private let session: any LogSession
    private let partition: PartitionID
    private let start: Offset
    private let name: String
    private let logger: Logger
    private let then: (Result<(ShardState, Int), LogError>) -> Void
    private var state = ShardState()
    private var bytesRead = 0

    /// - Parameter then: the state, and how many bytes of records it took.
    static func load(
        shard: Int, _ partition: PartitionID, _ log: any EventLog, _ session: any LogSession, _ logger: Logger,
        then: @escaping (Result<(ShardState, Int), LogError>) -> Void
    ) {
        let start = log.bounds(of: partition)?.start ?? .zero
        StateLoader(shard, partition, start, session, logger, then).loadSnapshot()
    }

    private init(
        _ shard: Int, _ partition: PartitionID, _ start: Offset, _ session: any LogSession, _ logger: Logger,
        _ then: @escaping (Result<(ShardState, Int), LogError>) -> Void
    ) {
        name = "delivery-\(shard)"
        self.partition = partition
        self.start = start
        self.session = session
        self.logger = logger
        self.then = then
    }

    private func loadSnapshot() {
        session.loadSnapshot(name) { [self] result in
            switch result {
            case .success(let bytes?):
                do {
                    state = try bytes.withUnsafeBytes { bytes throws(StateError) in try ShardState(snapshot: bytes) }
                } catch {
                    logger.error("snapshot \(name) cannot be read, its records are folded instead: \(error)")
                }
            case .success(nil): break
            case .failure(let error) where error.code == .corruptSnapshot:
                logger.error("snapshot \(name) is damaged, its records are folded instead: \(error)")
            case .failure(let error): return then(.failure(error))
            }
            state.next = max(state.next, start)
            read()
        }
    }

    private func read() {
        session.read(partition, from: state.next, maxBytes: 1 << 20) { [self] result in
            switch result {
            case .success(let batches):
                if batches.isEmpty { return then(.success((state, bytesRead))) }
                for batch in batches { fold(batch) }
                read()
            case .failure(let error):
                guard let resume = error.resume, resume > state.next else { return then(.failure(error)) }
                logger.error("a part of delivery's state is lost: \(error)")
                state.next = resume
                read()
            }
        }
    }

    private func fold(_ batch: StoredBatch) {
        bytesRead += batch.bytes.count
        if let records = try? batch.records() {
            for index in records.index(from: state.next)..<records.count {
                do {
                    try state.apply(records[index])
                } catch {
                    logger.error("a record of delivery's state cannot be read: \(error)")
                }
            }
        } else {
            logger.error("a batch of delivery's state cannot be read at \(batch.baseOffset)")
        }
        state.next = max(state.next, batch.lastOffset.next)
    }
}
