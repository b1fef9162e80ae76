// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Folds the records of the routing table's topic into a table.
///
/// - Concurrency: lives on the loop of the session it reads with.
final class RoutingFold {
    private static let bytesAtOnce = 1 << 20

    private var state = RoutingState()
    private var version: Int64 = -1
    private let sightings: TypeSightings
    private let random: any RandomSource
    private let logger: Logger

    init(sightings: TypeSightings, random: any RandomSource, logger: Logger) {
        self.sightings = sightings
        self.random = random
        self.logger = logger
    }

    /// Reads from `offset` to the end. A record that cannot be read ends it with an error: a table with a hole would
    /// lose events silently.
    func read(
        _ session: any LogSession, _ partition: PartitionID, from offset: Offset,
        then: @escaping (Result<RoutingTable, LogError>) -> Void
    ) {
        session.read(partition, from: offset, maxBytes: Self.bytesAtOnce) { [self] result in
            switch result {
            case .failure(let error): then(.failure(error))
            case .success(let batches):
                guard let last = batches.last else {
                    return then(.success(RoutingTable(state, version: version, sightings: sightings)))
                }
                do throws(LogError) {
                    for batch in batches { try fold(batch) }
                } catch {
                    return then(.failure(error))
                }
                read(session, partition, from: last.lastOffset.next, then: then)
            }
        }
    }

    private func fold(_ batch: StoredBatch) throws(LogError) {
        let records: BatchRecords
        do {
            records = try batch.records()
        } catch {
            throw LogError(.corruptBatch, "the routing table's batch at \(batch.baseOffset) cannot be read: \(error)")
        }
        if records.isControl { return }
        for record in records { try fold(record, round: batch.round) }
    }

    private func fold(_ record: RecordView, round: UInt64) throws(LogError) {
        version = record.offset.value
        let text = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let key = ResourceKey(recordKey: text) else {
            logger.warning(
                "a record of the routing table is of a kind that this version does not know", [("key", text)])
            return
        }
        guard let value = record.value else {
            state.fold(.remove(key), revision: record.offset.value)
            return
        }
        do {
            let resource = try ResourceReader.read(key, record: value, random: random)
            state.fold(.put(resource).since(round), revision: record.offset.value)
        } catch {
            throw LogError(
                .corruptBatch, "the routing table's record of '\(text)' at \(record.offset) cannot be read: \(error)")
        }
    }
}
