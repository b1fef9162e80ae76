// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the files of a partition are reached by.
struct FileContext: Sendable {
    let disk: any Disk
    let open: OpenFiles
    let settings: LogSettings
}

/// One batch on its way into a partition's file.
struct BatchPlace: Sendable {
    let baseOffset: Offset
    let endOffset: Offset
    /// Its bytes among those handed in.
    let range: Range<Int>
}

/// The segments of one partition: where the next batch goes, what is synced, and where a reader looks.
///
/// Lengths move only after a write succeeded, so a write that found no room is simply done again.
struct PartitionFiles {
    struct Segment: Sendable {
        let base: Offset
        var byteCount: Int64
    }

    let folder: String
    private let settings: LogSettings
    /// Older segments, by base offset; known after ``load(_:)``.
    private(set) var sealed: [Segment] = []
    private(set) var active: Segment
    private(set) var start: Offset
    /// The offset after the last one in the files.
    private(set) var end: Offset
    private(set) var index: ActiveIndex
    private(set) var isLoaded: Bool
    /// Set when the topic goes: nothing is written any more.
    var isDeleted = false
    /// Whether the log's list of partitions to sync has it.
    var isListedDirty = false
    /// Sealed segments that no checkpoint synced yet.
    private var unsyncedSealed: [Offset] = []
    /// Counts the changes of the folder's entries, and how many of them were synced.
    private var directoryVersion = 0
    private var syncedDirectoryVersion = 0
    /// Up to where the write-back of the active segment was started.
    private var writtenBackTo: Int64
    private var totalBytes: Int64

    init(folder: String, record: LogMetadata.PartitionRecord, settings: LogSettings) {
        self.folder = folder
        self.settings = settings
        active = Segment(base: record.activeBase, byteCount: record.activeBytes)
        start = record.start
        end = record.end
        index = ActiveIndex(
            indexEntries: Int(record.indexEntries), roundEntries: Int(record.roundEntries),
            lastIndexed: record.activeBytes)
        isLoaded = record.activeBase == .zero && record.start == .zero
        writtenBackTo = record.activeBytes
        totalBytes = record.totalBytes
    }

    var segmentCount: Int { sealed.count + (active.byteCount > 0 ? 1 : 0) }

    /// What a checkpoint would record now, all of it synced.
    var record: LogMetadata.PartitionRecord {
        LogMetadata.PartitionRecord(
            start: start, end: end, activeBase: active.base, activeBytes: active.byteCount,
            indexEntries: UInt32(index.indexEntries), roundEntries: UInt32(index.roundEntries),
            totalBytes: totalBytes)
    }

    /// Finds the older segments, once.
    mutating func load(_ context: FileContext) throws(DiskError) {
        if isLoaded { return }
        var found: [Segment] = []
        for name in try context.disk.list(folder) {
            guard let base = SegmentNames.base(ofLog: name), base < active.base else { continue }
            let file = try context.open.file(SegmentNames.log(folder, base), .read)
            found.append(Segment(base: base, byteCount: try file.size()))
        }
        sealed = found.sorted { $0.base < $1.base }
        // What a delete moved the start past and a crash kept it from removing.
        while let first = sealed.first, (sealed.dropFirst().first?.base ?? active.base) <= start {
            try removeFiles(of: first, context)
            sealed.removeFirst()
        }
        isLoaded = true
    }

    /// Writes the batches of one round, unsynced, behind what is there; those that are there already are passed over.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ batches: [BatchPlace], round: UInt64, _ context: FileContext
    ) throws(DiskError) {
        var next = 0
        while next < batches.count, batches[next].endOffset <= end { next += 1 }
        while next < batches.count {
            let first = batches[next]
            if mustRoll(for: first) { try roll(to: first.baseOffset, context) }
            var last = next
            while last + 1 < batches.count, fits(batches[next].range.lowerBound..<batches[last + 1].range.upperBound) {
                last += 1
            }
            let run = first.range.lowerBound..<batches[last].range.upperBound
            let path = SegmentNames.log(folder, active.base)
            if active.byteCount == 0 { directoryVersion += 1 }
            let file = try context.open.file(path, .create)
            try file.write(bytes.part(run), at: active.byteCount)
            for batch in batches[next...last] {
                index.note(
                    batch.baseOffset - active.base,
                    at: active.byteCount + Int64(batch.range.lowerBound - run.lowerBound),
                    round: round, interval: Int64(settings.indexIntervalBytes))
            }
            active.byteCount += Int64(run.count)
            totalBytes += Int64(run.count)
            end = batches[last].endOffset
            next = last + 1
        }
        if index.pendingCount >= ActiveIndex.flushFrom { try flushIndex(context) }
    }

    /// Leaves out the offsets up to `offset`, which are lost: the next batch begins there or later.
    mutating func skip(to offset: Offset) { end = max(end, offset) }

    /// Removes what lies behind the last batch: segments begun after it, and the rest of the active segment's files. After
    /// a recovery only, when all that is durable was written again.
    mutating func cutTail(_ context: FileContext) throws(DiskError) {
        try load(context)
        try flushIndex(context)
        let known = Set(sealed.map(\.base) + [active.base])
        for name in try context.disk.list(folder) {
            guard let base = SegmentNames.base(ofLog: name), base > start, !known.contains(base) else { continue }
            try removeFiles(of: Segment(base: base, byteCount: 0), context)
            directoryVersion += 1
        }
        for segment in sealed + [active] where segment.base == active.base || unsyncedSealed.contains(segment.base) {
            try cut(SegmentNames.log(folder, segment.base), to: Int(segment.byteCount), context)
        }
        try cut(SegmentNames.index(folder, active.base), to: index.indexEntries * OffsetIndexEntry.byteCount, context)
        try cut(SegmentNames.rounds(folder, active.base), to: index.roundEntries * RoundIndexEntry.byteCount, context)
    }

    private func cut(_ path: String, to count: Int, _ context: FileContext) throws(DiskError) {
        do throws(DiskError) {
            let file = try context.open.file(path, .write)
            if try file.size() > Int64(count) { try file.truncate(to: Int64(count)) }
        } catch {
            if error.code != .missing { throw error }
        }
    }

    private func fits(_ run: Range<Int>) -> Bool {
        active.byteCount + Int64(run.count) <= Int64(min(settings.segmentBytes, Int(Int32.max)))
    }

    private func mustRoll(for batch: BatchPlace) -> Bool {
        if active.byteCount == 0 { return active.base != batch.baseOffset && batch.baseOffset - active.base > 0 }
        return !fits(batch.range) || batch.endOffset - active.base > Int64(Int32.max)
    }

    private mutating func roll(to base: Offset, _ context: FileContext) throws(DiskError) {
        if active.byteCount > 0 {
            try flushIndex(context)
            // An entry behind these is of a time before a crash.
            try cut(
                SegmentNames.index(folder, active.base), to: index.indexEntries * OffsetIndexEntry.byteCount, context)
            try cut(
                SegmentNames.rounds(folder, active.base), to: index.roundEntries * RoundIndexEntry.byteCount, context)
            sealed.append(active)
            unsyncedSealed.append(active.base)
        }
        active = Segment(base: base, byteCount: 0)
        index = ActiveIndex()
        writtenBackTo = 0
        directoryVersion += 1
    }

    /// Writes the index entries that are in memory only.
    mutating func flushIndex(_ context: FileContext) throws(DiskError) {
        guard index.pendingCount > 0 else { return }
        if index.roundEntries == 0 || index.indexEntries == 0 { directoryVersion += 1 }
        try index.flush(
            offsets: try context.open.file(SegmentNames.index(folder, active.base), .create),
            rounds: try context.open.file(SegmentNames.rounds(folder, active.base), .create))
    }

    /// What has to be synced for the partition's part of a checkpoint, and what may be recorded after that.
    struct CheckpointWork {
        let files: [String]
        let syncsDirectory: Bool
        fileprivate let sealedCount: Int
        fileprivate let directoryVersion: Int
        let record: LogMetadata.PartitionRecord
    }

    /// Begins the partition's part of a checkpoint.
    mutating func beginCheckpoint(_ context: FileContext) throws(DiskError) -> CheckpointWork? {
        isListedDirty = false
        if isDeleted { return nil }
        try flushIndex(context)
        var files: [String] = []
        for base in unsyncedSealed {
            files.append(SegmentNames.log(folder, base))
            files.append(SegmentNames.rounds(folder, base))
            files.append(SegmentNames.index(folder, base))
        }
        if active.byteCount > 0 {
            files.append(SegmentNames.log(folder, active.base))
            if index.roundEntries > 0 { files.append(SegmentNames.rounds(folder, active.base)) }
        }
        return CheckpointWork(
            files: files, syncsDirectory: directoryVersion != syncedDirectoryVersion,
            sealedCount: unsyncedSealed.count, directoryVersion: directoryVersion, record: record)
    }

    /// Notes that the work was done.
    mutating func finishCheckpoint(_ work: CheckpointWork) {
        unsyncedSealed.removeFirst(min(work.sealedCount, unsyncedSealed.count))
        syncedDirectoryVersion = work.directoryVersion
    }

    /// The part of the active segment whose write-back should be started: nil when there are fewer than `from` bytes.
    mutating func takeWriteBack(from: Int) -> (path: String, position: Int64, count: Int64)? {
        let count = active.byteCount - writtenBackTo
        guard count >= Int64(max(from, 1)), !isDeleted else { return nil }
        defer { writtenBackTo = active.byteCount }
        return (SegmentNames.log(folder, active.base), writtenBackTo, count)
    }

    /// Which segments end at or before `offset`, and the start that is left without them.
    func segments(before offset: Offset) -> (count: Int, bytes: Int64, start: Offset) {
        var (count, bytes, left) = (0, Int64(0), start)
        while count < sealed.count {
            let next = count + 1 < sealed.count ? sealed[count + 1].base : active.base
            if next > offset { break }
            bytes += sealed[count].byteCount
            left = max(left, next)
            count += 1
        }
        return (count, bytes, left)
    }

    /// Removes the first segments, after the metadata says that the partition starts behind them.
    mutating func removeFirst(_ count: Int, start: Offset, _ context: FileContext) throws(DiskError) {
        self.start = max(self.start, start)
        for _ in 0..<count {
            totalBytes -= sealed[0].byteCount
            unsyncedSealed.removeAll { $0 == sealed[0].base }
            let first = sealed.removeFirst()
            try removeFiles(of: first, context)
        }
    }

    private func removeFiles(of segment: Segment, _ context: FileContext) throws(DiskError) {
        let paths = [
            SegmentNames.log(folder, segment.base), SegmentNames.index(folder, segment.base),
            SegmentNames.rounds(folder, segment.base),
        ]
        for path in paths {
            context.open.forget(prefix: path)
            do { try context.disk.remove(path) } catch  where error.code == .missing {}
        }
    }
}

/// The indexes of the segment that is written to: how many entries are in the files, and those that are not yet.
struct ActiveIndex: Sendable {
    /// Entries in memory from which on they are written.
    static let flushFrom = 256

    private(set) var indexEntries: Int
    private(set) var roundEntries: Int
    private(set) var pendingOffsets: [OffsetIndexEntry] = []
    private(set) var pendingRounds: [RoundIndexEntry] = []
    /// The position of the last batch that got an entry of the offset index.
    private var lastIndexed: Int64
    private var lastRound: UInt64 = 0

    init(indexEntries: Int = 0, roundEntries: Int = 0, lastIndexed: Int64 = 0) {
        self.indexEntries = indexEntries
        self.roundEntries = roundEntries
        self.lastIndexed = lastIndexed
    }

    var pendingCount: Int { pendingOffsets.count + pendingRounds.count }

    /// Notes a batch that was written.
    mutating func note(_ relativeOffset: Int64, at position: Int64, round: UInt64, interval: Int64) {
        if position - lastIndexed >= interval {
            pendingOffsets.append(
                OffsetIndexEntry(
                    relativeOffset: UInt32(clamping: relativeOffset), position: UInt32(clamping: position)))
            lastIndexed = position
        }
        if round != lastRound {
            pendingRounds.append(
                RoundIndexEntry(
                    round: round, relativeOffset: UInt32(clamping: relativeOffset),
                    position: UInt32(clamping: position)))
            lastRound = round
        }
    }

    /// Writes the entries in memory behind those in the files.
    mutating func flush(offsets: any DiskFile, rounds: any DiskFile) throws(DiskError) {
        var bytes = ByteBuffer(capacity: 4096)
        if !pendingOffsets.isEmpty {
            for entry in pendingOffsets { entry.append(to: &bytes) }
            try offsets.write(bytes.bytes, at: Int64(indexEntries * OffsetIndexEntry.byteCount))
            indexEntries += pendingOffsets.count
            pendingOffsets.removeAll(keepingCapacity: true)
        }
        if !pendingRounds.isEmpty {
            bytes.removeAll()
            for entry in pendingRounds { entry.append(to: &bytes) }
            try rounds.write(bytes.bytes, at: Int64(roundEntries * RoundIndexEntry.byteCount))
            roundEntries += pendingRounds.count
            pendingRounds.removeAll(keepingCapacity: true)
        }
    }
}
