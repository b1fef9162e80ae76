// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the header of a stored batch says; nothing of it was verified but where it lies and which offsets it has.
struct BatchSummary: Sendable {
    let base: Offset
    let last: Offset
    let position: Int64
    let byteCount: Int
    let attributes: Int16
    let maxTimestamp: Int64
    let producerID: Int64

    /// Whether it is part of a transaction.
    var isTransactional: Bool { attributes & 16 != 0 }
    /// Whether it is a marker.
    var isControl: Bool { attributes & 32 != 0 }

    init(base: Offset, last: Offset, position: Int64, byteCount: Int, header: UnsafeRawBufferPointer) {
        self.base = base
        self.last = last
        self.position = position
        self.byteCount = byteCount
        var reader = ByteReader(header)
        _ = reader.take(21)
        attributes = reader.number(Int16.self) ?? 0
        maxTimestamp = Self.maxTimestamp(header)
        _ = reader.take(20)
        producerID = reader.number(Int64.self) ?? -1
    }

    /// The latest timestamp that a batch's header names; -1 for none.
    static func maxTimestamp(_ batch: UnsafeRawBufferPointer) -> Int64 {
        guard batch.count >= RecordBatchHeader.byteCount else { return -1 }
        return Int64(bigEndian: batch.loadUnaligned(fromByteOffset: 35, as: Int64.self))
    }
}

/// Looks things up in the time index of one segment.
struct TimeIndex {
    private let view: SegmentView
    private let file: (any DiskFile)?
    private let inFile: Int

    /// A missing index is an empty one.
    init(_ view: SegmentView, _ context: FileContext) {
        self.view = view
        file = try? context.open.file(SegmentNames.times(view.folder, view.base), .read)
        let size = file.flatMap { try? $0.size() } ?? 0
        inFile = min(view.timeEntries ?? .max, Int(clamping: size) / TimeIndexEntry.byteCount)
    }

    /// Whether the file has all the entries that it should.
    var isComplete: Bool { view.timeEntries.map { $0 == inFile } ?? (inFile > 0) }

    private var count: Int { inFile + view.pendingTimes.count }

    private func entry(_ place: Int) -> TimeIndexEntry? {
        if place >= inFile { return view.pendingTimes[place - inFile] }
        let at = Int64(place * TimeIndexEntry.byteCount)
        return (try? file?.bytes(at: at, count: TimeIndexEntry.byteCount)).flatMap { TimeIndexEntry($0.buffer) }
    }

    /// The last entry; to be confirmed by the batch it names.
    var last: TimeIndexEntry? { count > 0 ? entry(count - 1) : nil }

    /// The last entry whose timestamp is before `millis`; to be confirmed by the batch it names. A wrong one beside it
    /// only makes the walk from there longer.
    func floor(before millis: Int64) -> TimeIndexEntry? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if let entry = entry(middle), entry.timestamp < millis { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? entry(low - 1) : nil
    }
}

/// Looks things up in the offset index of one segment; what it says has to be confirmed by the batch it leads to.
struct OffsetIndex {
    private let view: SegmentView
    private let file: (any DiskFile)?
    private let inFile: Int

    /// A missing index is an empty one.
    init(_ view: SegmentView, _ context: FileContext) {
        self.view = view
        file = try? context.open.file(SegmentNames.index(view.folder, view.base), .read)
        let size = file.flatMap { try? $0.size() } ?? 0
        inFile = min(view.indexEntries ?? .max, Int(clamping: size) / OffsetIndexEntry.byteCount)
    }

    private var count: Int { inFile + view.pendingOffsets.count }

    private func entry(_ place: Int) -> OffsetIndexEntry? {
        if place >= inFile { return view.pendingOffsets[place - inFile] }
        let at = Int64(place * OffsetIndexEntry.byteCount)
        return (try? file?.bytes(at: at, count: OffsetIndexEntry.byteCount)).flatMap { OffsetIndexEntry($0.buffer) }
    }

    /// Where the last batch that has an entry and begins at or before `offset` lies; nil when there is none.
    func floor(_ offset: Offset) -> (offset: Offset, position: Int64)? {
        let relative = UInt32(clamping: offset - view.base)
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if let entry = entry(middle), entry.relativeOffset <= relative { low = middle + 1 } else { high = middle }
        }
        guard low > 0, let found = entry(low - 1) else { return nil }
        return (view.base + Int64(found.relativeOffset), Int64(found.position))
    }
}
