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

    /// Reads from `offset` to the end. What cannot be read is passed over and noted as a loss: one rotten record must not
    /// keep every event from being delivered.
    /// - Parameter then: the table, or why the log answers nothing.
    func read(
        _ session: any LogSession, _ partition: PartitionID, from offset: Offset,
        then: @escaping (Result<RoutingTable, LogError>) -> Void
    ) {
        session.read(partition, from: offset, maxBytes: Self.bytesAtOnce) { [self] result in
            switch result {
            case .failure(let error):
                guard let resume = error.resume, resume > offset else { return then(.failure(error)) }
                lose(offset..<resume, nil, error.description)
                read(session, partition, from: resume, then: then)
            case .success(let batches):
                guard let last = batches.last else {
                    return then(.success(RoutingTable(state, version: version, sightings: sightings)))
                }
                for batch in batches { fold(batch) }
                read(session, partition, from: last.lastOffset.next, then: then)
            }
        }
    }

    private func fold(_ batch: StoredBatch) {
        do {
            let records = try batch.records()
            if records.isControl { return }
            for record in records { fold(record, round: batch.round) }
        } catch {
            version = batch.lastOffset.value
            lose(batch.baseOffset..<batch.lastOffset.next, nil, error.description)
        }
    }

    private func fold(_ record: RecordView, round: UInt64) {
        version = record.offset.value
        let text = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if RoutingNote.isKey(text) {
            guard let note = RoutingNote(key: text, value: record.value) else {
                return lose(record.offset..<record.offset.next, nil, "the note '\(text)' is not as it should be")
            }
            return state.fold(note)
        }
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
            lose(record.offset..<record.offset.next, key, error.description)
        }
    }

    private func lose(_ offsets: Range<Offset>, _ resource: ResourceKey?, _ reason: String) {
        state.note(RoutingLoss(offsets: offsets, resource: resource, reason: reason))
        logger.error(
            "records of the routing table cannot be read: resources may be missing",
            [
                ("from", offsets.lowerBound.description), ("to", offsets.lastOffset?.description ?? "-"),
                ("resource", resource?.description ?? "unknown"), ("reason", reason),
            ])
    }
}
