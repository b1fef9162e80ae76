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
    /// Entries of the index files; nil for a sealed segment: as many as the file has.
    let indexEntries: Int?
    let roundEntries: Int?
    /// Entries that are not in the files yet.
    let pendingOffsets: [OffsetIndexEntry]
    let pendingRounds: [RoundIndexEntry]
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
            indexEntries: index.indexEntries, roundEntries: index.roundEntries,
            pendingOffsets: index.pendingOffsets, pendingRounds: index.pendingRounds)
    }

    private func sealedView(_ place: Int) -> SegmentView {
        SegmentView(
            folder: folder, base: sealed[place].base, byteCount: sealed[place].byteCount,
            end: place + 1 < sealed.count ? sealed[place + 1].base : active.base,
            indexEntries: nil, roundEntries: nil, pendingOffsets: [], pendingRounds: [])
    }
}

/// Reads the indexes of one segment.
struct SegmentIndexes {
    let view: SegmentView
    private let offsets: (any DiskFile)?
    private let rounds: (any DiskFile)?
    private let offsetCount: Int
    private let roundCount: Int

    /// A missing index is an empty one: it is a help, not a truth.
    init(_ view: SegmentView, _ context: FileContext) {
        self.view = view
        offsets = try? context.open.file(SegmentNames.index(view.folder, view.base), .read)
        rounds = try? context.open.file(SegmentNames.rounds(view.folder, view.base), .read)
        func count(_ file: (any DiskFile)?, _ known: Int?, _ size: Int) -> Int {
            guard let file else { return 0 }
            let inFile = Int(clamping: (try? file.size()) ?? 0) / size
            return known.map { min($0, inFile) } ?? inFile
        }
        offsetCount = count(offsets, view.indexEntries, OffsetIndexEntry.byteCount)
        roundCount = count(rounds, view.roundEntries, RoundIndexEntry.byteCount)
    }

    /// Where a walk that looks for `offset` may begin: the position of a batch at or before it, and its offset.
    func floor(_ offset: Offset) -> OffsetIndexEntry {
        let relative = UInt32(clamping: offset - view.base)
        let start = OffsetIndexEntry(relativeOffset: 0, position: 0)
        if let last = view.pendingOffsets.last(where: { $0.relativeOffset <= relative }) { return last }
        var (low, high) = (0, offsetCount)
        var best = start
        while low < high {
            let middle = (low + high) / 2
            guard let entry = offsetEntry(middle), entry.relativeOffset <= relative else {
                high = middle
                continue
            }
            if entry.position >= best.position { best = entry }
            low = middle + 1
        }
        return Int64(best.position) < view.byteCount ? best : start
    }

    private func offsetEntry(_ place: Int) -> OffsetIndexEntry? {
        let at = Int64(place * OffsetIndexEntry.byteCount)
        return (try? offsets?.bytes(at: at, count: OffsetIndexEntry.byteCount)).flatMap { OffsetIndexEntry($0.buffer) }
    }

    /// The entries of the round index, in the file and behind it.
    var roundEntryCount: Int { roundCount + view.pendingRounds.count }

    func roundEntry(_ place: Int) -> RoundIndexEntry? {
        if place >= roundCount { return view.pendingRounds[place - roundCount] }
        let at = Int64(place * RoundIndexEntry.byteCount)
        return (try? rounds?.bytes(at: at, count: RoundIndexEntry.byteCount)).flatMap { RoundIndexEntry($0.buffer) }
    }

    /// The last entry that begins at or before `offset`: its place; nil when there is none.
    func roundPlace(of offset: Offset) -> Int? {
        let relative = UInt32(clamping: offset - view.base)
        let place = firstRoundPlace { $0.relativeOffset > relative }
        return place > 0 ? place - 1 : nil
    }

    /// The first offset of the segment that is in round `round` or a later one; nil when there is none.
    func firstOffset(atRound round: UInt64) -> Offset? {
        let place = firstRoundPlace { $0.round >= round }
        guard place < roundEntryCount, let entry = roundEntry(place) else { return nil }
        return view.base + Int64(entry.relativeOffset)
    }

    /// The first place whose entry fulfils what all entries after it fulfil too; a damaged entry counts as its neighbour
    /// before it.
    private func firstRoundPlace(_ isBehind: (RoundIndexEntry) -> Bool) -> Int {
        var (low, high) = (0, roundEntryCount)
        while low < high {
            let middle = (low + high) / 2
            var at = middle
            while at > low, roundEntry(at) == nil { at -= 1 }
            if let entry = roundEntry(at), isBehind(entry) { high = at } else { low = middle + 1 }
        }
        return low
    }
}
