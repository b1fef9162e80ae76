// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a reader needs to know of one segment, taken under the partition's lock and used outside of it.
struct SegmentView: Sendable {
    let folder: String
    let base: Offset
    /// Bytes that may be read.
    let byteCount: Int64
    /// The offset after the segment's last record.
    let end: Offset
    /// Entries in the file of the round index; nil for a sealed segment: as many as the file has.
    let roundEntries: Int?
    /// Entries that are not in the file yet.
    let pendingRounds: [RoundIndexEntry]
    /// The same of the offset index.
    let indexEntries: Int?
    let pendingOffsets: [OffsetIndexEntry]
    /// The same of the time index.
    let timeEntries: Int?
    let pendingTimes: [TimeIndexEntry]
    /// The latest timestamp in the segment; nil when it was not looked up yet.
    let maxTimestamp: Int64?
    /// Which state of the partition's files it shows.
    let generation: Int

    /// Whether nothing more is written to it.
    var isClosed: Bool { roundEntries == nil }
}

extension PartitionFiles {
    /// The segment that holds `offset`; nil when nothing at or after it is in the files.
    mutating func view(holding offset: Offset, _ context: FileContext) throws(DiskError) -> SegmentView? {
        guard offset < end else { return nil }
        if offset >= active.base { return activeView }
        try load(context)
        var (low, high) = (0, sealed.count)
        while low < high {
            let middle = (low + high) / 2
            if sealed[middle].base <= offset { low = middle + 1 } else { high = middle }
        }
        // Before the first segment (or with none left): the first one after the offset.
        return sealed.isEmpty ? activeView : sealedView(max(low - 1, 0))
    }

    /// All segments, oldest first.
    mutating func views(_ context: FileContext) throws(DiskError) -> [SegmentView] {
        try load(context)
        return sealed.indices.map { sealedView($0) } + (active.byteCount > 0 ? [activeView] : [])
    }

    private var activeView: SegmentView {
        SegmentView(
            folder: folder, base: active.base, byteCount: active.byteCount, end: end,
            roundEntries: index.roundEntries, pendingRounds: index.pendingRounds,
            indexEntries: index.indexEntries, pendingOffsets: index.pendingOffsets,
            timeEntries: index.timeEntries, pendingTimes: index.pendingTimes, maxTimestamp: index.latest?.timestamp,
            generation: generation)
    }

    private func sealedView(_ place: Int) -> SegmentView {
        SegmentView(
            folder: folder, base: sealed[place].base, byteCount: sealed[place].byteCount,
            end: place + 1 < sealed.count ? sealed[place + 1].base : active.base,
            roundEntries: nil, pendingRounds: [], indexEntries: nil, pendingOffsets: [], timeEntries: nil,
            pendingTimes: [],
            maxTimestamp: sealed[place].maxTimestamp, generation: generation)
    }
}

/// Looks things up in the round index of one segment.
struct RoundIndex {
    let view: SegmentView
    private let file: (any DiskFile)?
    private let inFile: Int

    /// A missing index is an empty one: it is a help, not a truth.
    init(_ view: SegmentView, _ context: FileContext) {
        self.view = view
        file = try? context.open.file(SegmentNames.rounds(view.folder, view.base), .read)
        let size = file.flatMap { try? $0.size() } ?? 0
        inFile = min(view.roundEntries ?? .max, Int(clamping: size) / RoundIndexEntry.byteCount)
    }

    /// Where a walk that looks for `offset` may begin: a batch at or before it. The segment's begin when nothing else is
    /// known.
    func floor(_ offset: Offset) -> (offset: Offset, position: Int64) {
        var place = place(of: offset) ?? -1
        while place >= 0 {
            if let entry = entry(place), Int64(entry.position) < view.byteCount {
                return (view.base + Int64(entry.relativeOffset), Int64(entry.position))
            }
            place -= 1
        }
        return (view.base, 0)
    }

    /// Where the entry after the last one that begins at or before `offset` leads; the segment's end when there is none.
    func ceiling(_ offset: Offset) -> Int64 {
        let next = (place(of: offset) ?? -1) + 1
        return (next < count ? entry(next).map { Int64($0.position) } : nil) ?? view.byteCount
    }

    /// How many entries there are, in the file and behind it.
    var count: Int { inFile + view.pendingRounds.count }

    func entry(_ place: Int) -> RoundIndexEntry? {
        if place >= inFile {
            // An index without entries has no first one either.
            return place < count ? view.pendingRounds[place - inFile] : nil
        }
        let at = Int64(place * RoundIndexEntry.byteCount)
        return (try? file?.bytes(at: at, count: RoundIndexEntry.byteCount)).flatMap { RoundIndexEntry($0.buffer) }
    }

    /// The last entry that begins at or before `offset`: its place; nil when there is none.
    func place(of offset: Offset) -> Int? {
        let relative = UInt32(clamping: offset - view.base)
        let place = firstPlace { $0.relativeOffset > relative }
        return place > 0 ? place - 1 : nil
    }

    /// The first offset of the segment that is in round `round` or a later one; nil when there is none.
    func firstOffset(atRound round: UInt64) -> Offset? {
        let place = firstPlace { $0.round >= round }
        guard place < count, let entry = entry(place) else { return nil }
        return view.base + Int64(entry.relativeOffset)
    }

    /// The first place whose entry fulfils what all entries after it fulfil too; a damaged entry counts as its neighbour
    /// before it.
    private func firstPlace(_ isBehind: (RoundIndexEntry) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            var at = middle
            while at > low, entry(at) == nil { at -= 1 }
            if let entry = entry(at), isBehind(entry) { high = at } else { low = middle + 1 }
        }
        return low
    }
}
