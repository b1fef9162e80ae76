// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Everything that one round takes.
///
/// - Concurrency: as its batches.
final class PendingGroup: @unchecked Sendable {
    /// Whether its round is acknowledged when it is written, and not when it is synced.
    let isRelaxed: Bool
    /// In the order they were begun.
    var batches: [OpenBatch] = []
    /// Bytes of records and of what surrounds them.
    var byteCount = 0
    var recordCount = 0
    /// How many appends of each session wait for it, by the session's slot.
    private(set) var appends: [Int] = []
    private(set) var isEmpty = true

    init(isRelaxed: Bool) { self.isRelaxed = isRelaxed }

    func noteAppend(slot: Int) {
        while appends.count <= slot { appends.append(0) }
        appends[slot] += 1
        isEmpty = false
    }

    /// Forgets everything but the memory.
    func removeAll() {
        batches.removeAll(keepingCapacity: true)
        byteCount = 0
        recordCount = 0
        for slot in appends.indices { appends[slot] = 0 }
        isEmpty = true
    }
}

/// What was taken from the staging in one go: the relaxed round comes first.
struct TakenGroups {
    let relaxed: PendingGroup?
    let synced: PendingGroup?

    var all: [PendingGroup] { [relaxed, synced].compactMap(\.self) }
}
