// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One shard of the recorded state on its loop: numbers its records, foresees where notes will lie, and replaces old
/// records by a snapshot.
///
/// - Concurrency: lives on its loop, which alone appends to its two partitions.
final class StateShard {
    /// Records are deleted once they are worth so many snapshots: each time costs the log a sync of its metadata.
    private static let snapshotsPerDeletion = 4

    let number: Int
    let records: PartitionID
    let notes: PartitionID
    private var lastRecord: Int64
    private var nextNote = Offset.zero
    private var nextRecord = Offset.zero
    /// Bytes recorded since the last snapshot.
    private var bytesSince = 0
    private var lastSnapshotBytes = 0
    /// Bytes of records that snapshots have replaced and that were not deleted yet.
    private var replacedBytes = 0
    private var snapshot: (bytes: [UInt8], next: Offset, firstNote: Offset)?

    init(number: Int, records: PartitionID, notes: PartitionID, lastRecord: Int64, bytesSince: Int) {
        self.number = number
        self.records = records
        self.notes = notes
        self.lastRecord = lastRecord
        self.bytesSince = bytesSince
    }

    /// The partition's ends are where the next records will lie: nobody else writes there.
    func beginAppend(_ log: any EventLog) {
        nextNote = log.bounds(of: notes)?.end ?? nextNote
        nextRecord = log.bounds(of: records)?.end ?? nextRecord
    }

    /// Says where the next note will lie; it has to be added in the same order.
    func placeNote() -> Offset {
        defer { nextNote = nextNote.next }
        return nextNote
    }

    func addPlaced(_ note: AttemptNote, at wall: WallTime, to buffer: inout AppendBuffer) {
        buffer.add(to: notes, at: wall) { note.encode(into: &$0) }
    }

    func add(_ note: AttemptNote, at wall: WallTime, to buffer: inout AppendBuffer) -> Offset {
        addPlaced(note, at: wall, to: &buffer)
        return placeNote()
    }

    func addRecord(
        of uuid: UUID128, forgets: Bool, _ entries: UnsafeRawBufferPointer, at wall: WallTime,
        to buffer: inout AppendBuffer
    ) {
        lastRecord += 1
        bytesSince += entries.count + 64
        nextRecord = nextRecord.next
        let number = lastRecord
        buffer.add(to: records, at: wall) {
            ShardState.encodeRecord(number: number, of: uuid, forgets: forgets, entries: entries, into: &$0)
        }
    }

    /// Takes a snapshot of what the append being made will have recorded, if one is due.
    func prepareSnapshot(_ home: DeliveryLoop) {
        guard snapshot == nil, bytesSince >= max(home.limits.snapshotAfterBytes, lastSnapshotBytes) else { return }
        var bytes = ByteBuffer(capacity: max(lastSnapshotBytes, 4_096))
        ShardState.beginSnapshot(lastRecord: lastRecord, next: nextRecord, into: &bytes)
        var firstNote = nextNote
        for runner in home.runners(ofShard: number) {
            var entries = ByteBuffer(capacity: 1_024)
            runner.forEachEntry { $0.encode(into: &entries) }
            ShardState.encode(runner.uuid, entries: entries.bytes, into: &bytes)
            if let needed = runner.firstNoteNeeded { firstNote = min(firstNote, needed) }
        }
        for (uuid, state) in home.orphans where ShardState.shard(of: uuid) == number {
            var entries = ByteBuffer(capacity: 1_024)
            state.forEachEntry { $0.encode(into: &entries) }
            ShardState.encode(uuid, entries: entries.bytes, into: &bytes)
            if let needed = state.firstNote { firstNote = min(firstNote, needed) }
        }
        replacedBytes += bytesSince
        bytesSince = 0
        lastSnapshotBytes = bytes.count
        snapshot = (bytes.array(), nextRecord, firstNote)
    }

    /// The append is durable: a snapshot taken with it is kept, and what it replaces goes.
    func appended(_ home: DeliveryLoop) {
        guard let taken = snapshot else { return }
        home.session.saveSnapshot("delivery-\(number)", taken.bytes) { [weak self, weak tie = home.tie] result in
            guard let self, let home = tie?.owner else { return }
            snapshot = nil
            switch result {
            case .success:
                let worth = Self.snapshotsPerDeletion * max(home.limits.snapshotAfterBytes, lastSnapshotBytes)
                guard replacedBytes >= worth else { return }
                replacedBytes = 0
                home.session.deleteRecords(records, before: taken.next) { _ in }
                home.session.deleteRecords(notes, before: taken.firstNote) { _ in }
            case .failure(let error):
                home.logger.warning("a snapshot of delivery's state could not be kept: \(error)")
            }
        }
    }
}
