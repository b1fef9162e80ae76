// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Everything that one round takes.
///
/// - Concurrency: as its batches.
final class PendingGroup: @unchecked Sendable {
    /// Whether its round is acknowledged when it is written, and not when it is synced.
    let isRelaxed: Bool
    /// Those that it has now, and behind them some of former times whose memory is used again.
    private var room: [OpenBatch] = []
    /// How many batches it has.
    private(set) var count = 0
    /// In the order they were begun, until ``sort()``.
    var batches: ArraySlice<OpenBatch> { room[..<count] }
    /// Bytes of records and of what surrounds them.
    var byteCount = 0
    var recordCount = 0
    /// How many appends of each session wait for it, by the session's slot.
    private(set) var appends: [Int] = []
    /// How many appends wait for it in all.
    private(set) var appendCount = 0
    var isEmpty: Bool { appendCount == 0 }

    init(isRelaxed: Bool) { self.isRelaxed = isRelaxed }

    func noteAppend(slot: Int) {
        while appends.count <= slot { appends.append(0) }
        appends[slot] += 1
        appendCount += 1
    }

    /// Begins a batch.
    func begin(_ partition: Partition, at offset: Offset) -> OpenBatch {
        defer { count += 1 }
        if count < room.count {
            room[count].begin(partition, at: offset)
        } else {
            room.append(OpenBatch(partition, at: offset))
        }
        return room[count]
    }

    /// Brings the batches into the order of their partitions.
    func sort() {
        guard count > 1 else { return }
        // A slice of the array would be a copy.
        room.withUnsafeMutableBufferPointer { room in
            var batches = UnsafeMutableBufferPointer(rebasing: room[..<count])
            batches.sort { ($0.partition.id, $0.baseOffset) < ($1.partition.id, $1.baseOffset) }
        }
    }

    /// Forgets everything but some memory.
    func removeAll() {
        // A client's batch belongs to its readers now.
        for batch in batches where batch.whole != nil { batch.begin(batch.partition, at: batch.baseOffset) }
        count = 0
        if room.count > 1024 { room.removeLast(room.count - 1024) }
        byteCount = 0
        recordCount = 0
        for slot in appends.indices { appends[slot] = 0 }
        appendCount = 0
    }
}

/// What was taken from the staging in one go: the relaxed round comes first.
struct TakenGroups {
    let relaxed: PendingGroup?
    let synced: PendingGroup?

    var all: [PendingGroup] { [relaxed, synced].compactMap(\.self) }
}
