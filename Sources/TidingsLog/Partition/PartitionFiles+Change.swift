// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What housekeeping does to older segments.
extension PartitionFiles {
    /// Remembers the latest timestamp of an older segment, once it was looked up.
    mutating func learn(maxTimestamp: Int64, of base: Offset) {
        guard let place = sealed.firstIndex(where: { $0.base == base }) else { return }
        sealed[place].maxTimestamp = maxTimestamp
    }

    /// Writes indexes that were made again. Of the segment that is written to, only when nothing came since.
    mutating func replaceIndexes(
        _ made: IndexMaker, of view: SegmentView, _ context: FileContext
    ) throws(DiskError) {
        let isActive = view.base == active.base
        if isActive, view.byteCount != active.byteCount { return }
        guard isActive || sealed.contains(where: { $0.base == view.base }) else { return }
        var bytes = ByteBuffer(capacity: 4096)
        for entry in made.times { entry.append(to: &bytes) }
        if !isActive, let closing = made.closing { closing.append(to: &bytes) }
        try replace(SegmentNames.times(folder, view.base), bytes.bytes, context)
        bytes.removeAll()
        for entry in made.offsets { entry.append(to: &bytes) }
        try replace(SegmentNames.index(folder, view.base), bytes.bytes, context)
        directoryVersion += 1
        if isActive { index.rebuilt(made) } else { learn(maxTimestamp: made.latest.timestamp, of: view.base) }
    }

    /// Writes the index of rounds of an older segment anew.
    mutating func replaceRounds(
        _ entries: [RoundIndexEntry], of view: SegmentView, _ context: FileContext
    ) throws(DiskError) {
        var bytes = ByteBuffer(capacity: entries.count * RoundIndexEntry.byteCount)
        for entry in entries { entry.append(to: &bytes) }
        try replace(SegmentNames.rounds(folder, view.base), bytes.bytes, context)
        directoryVersion += 1
    }

    private func replace(
        _ path: String, _ bytes: UnsafeRawBufferPointer, _ context: FileContext
    ) throws(DiskError) {
        let file = try context.open.file(path, .create)
        try file.write(bytes, at: 0)
        try file.truncate(to: Int64(bytes.count))
    }

    /// The offset after the last one of an older segment.
    func end(ofSealed place: Int) -> Offset { place + 1 < sealed.count ? sealed[place + 1].base : active.base }

    /// Whether a segment is still what a view shows of it.
    func holds(_ view: SegmentView) -> Bool {
        !isDeleted && sealed.contains { $0.base == view.base && $0.byteCount == view.byteCount }
    }

    /// Begins to replace older segments, if they are still what they were.
    mutating func beginChange(_ old: [Segment], end: Offset) -> Bool {
        guard !isDeleted, !isChanging, let first = old.first, isLoaded,
            let place = sealed.firstIndex(where: { $0.base == first.base }), place + old.count <= sealed.count,
            sealed[place..<place + old.count].elementsEqual(
                old, by: { $0.base == $1.base && $0.byteCount == $1.byteCount }),
            self.end(ofSealed: place + old.count - 1) == end,
            !old.contains(where: { isUnsynced($0.base) || unsyncedTransactions.contains($0.base) })
        else { return false }
        isChanging = true
        generation += 1
        return true
    }

    /// Ends it: the new segment is there, or (nil) nothing changed.
    /// - Returns: how many bytes less there are.
    mutating func endChange(_ old: [Segment], _ new: Segment?) -> Int64 {
        isChanging = false
        generation += 1
        guard let new, let place = sealed.firstIndex(where: { $0.base == new.base }) else { return 0 }
        let less = old.reduce(0) { $0 + $1.byteCount } - new.byteCount
        sealed.replaceSubrange(place..<place + old.count, with: [new])
        totalBytes -= less
        return less
    }
}
