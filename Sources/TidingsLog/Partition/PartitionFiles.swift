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
    /// The transaction that it ends without effect.
    var aborted: AbortedTransaction?
}

/// The segments of one partition: where the next batch goes, what is synced, and where a reader looks.
///
/// Lengths move only after a write succeeded, so a write that found no room is simply done again.
struct PartitionFiles {
    struct Segment: Sendable {
        let base: Offset
        var byteCount: Int64
        /// The latest timestamp of its records; nil when it was not looked up yet.
        var maxTimestamp: Int64?
        /// When it was written last; nil when it was not looked up yet.
        var modified: WallTime?
        /// What its file says instead, while ``modified`` goes by a clock that may turn out to be wrong.
        var doubted: WallTime?
    }

    struct SeenSegment: Sendable {
        let base: Offset
        let byteCount: Int64
        /// When it was first seen with that length; nil when it may have been so for long.
        let at: WallTime?
    }

    let folder: String
    private let settings: LogSettings
    /// Older segments, by base offset; known after ``load(_:)``.
    var sealed: [Segment] = []
    var active: Segment {
        didSet { if active.base != oldValue.base { activePath = SegmentNames.log(folder, active.base) } }
    }
    /// The file of the active segment.
    private var activePath: String
    private(set) var start: Offset
    /// The offset after the last one in the files.
    private(set) var end: Offset
    var index: ActiveIndex
    private(set) var isLoaded: Bool
    /// Set when the topic goes: nothing is written any more.
    var isDeleted = false
    /// Whether the log's list of partitions to sync has it.
    var isListedDirty = false
    /// Sealed segments that no checkpoint synced yet, and their files.
    private var unsyncedSealed: [(base: Offset, files: [String])] = []
    /// Counts the times that files of older segments went or were replaced: who read one of them meanwhile looks again.
    var generation = 0
    /// Counts the changes of the folder's entries, and how many of them were synced.
    var directoryVersion = 0
    private var syncedDirectoryVersion = 0
    /// Up to where the write-back of the active segment was started.
    private var writtenBackTo: Int64
    /// Where the state of producers begins; see ``LogMetadata/PartitionRecord``.
    var producersAt: Offset
    var hasProducerSnapshot: Bool
    /// Bytes written since the snapshot of producers.
    var bytesSinceSnapshot: Int64 = 0
    /// Segments whose index of aborted transactions has to be synced.
    private(set) var unsyncedTransactions: Set<Offset> = []
    /// A snapshot of producers that has to be synced.
    var unsyncedSnapshot: String?
    var totalBytes: Int64
    private var unnoticedBytes: Int64 = 0
    /// Whether older segments are being replaced right now.
    var isChanging = false
    /// Compaction has been through everything below.
    var cleanedTo: Offset
    /// When the active segment got its first record; nil when it has none, or housekeeping has not seen it yet.
    var activeSince: WallTime?
    /// The segment that is written to, as housekeeping saw it last.
    var seen: SeenSegment?
    /// How far the times above have followed the clock's jumps, in milliseconds.
    var followedJumps: Int64 = 0
    /// Segments whose indexes were made again because they led astray.
    var remade: Set<Offset> = []
    /// A segment is closed when the next batch would take it past this many bytes.
    var segmentBytes: Int

    init(folder: String, record: LogMetadata.PartitionRecord, settings: LogSettings) {
        self.folder = folder
        self.settings = settings
        active = Segment(base: record.activeBase, byteCount: record.activeBytes)
        activePath = SegmentNames.log(folder, record.activeBase)
        start = record.start
        end = record.end
        index = ActiveIndex(
            indexEntries: Int(record.indexEntries), roundEntries: Int(record.roundEntries),
            timeEntries: Int(record.timeEntries), lastIndexed: record.activeBytes,
            latest: record.activeBytes == 0 ? TimeIndexEntry.beginning : record.latest)
        isLoaded = record.activeBase == .zero && record.start == .zero
        writtenBackTo = record.activeBytes
        totalBytes = record.totalBytes
        producersAt = record.producersAt
        hasProducerSnapshot = record.hasProducerSnapshot
        cleanedTo = record.cleanedTo
        activeSince = record.activeSince
        segmentBytes = settings.segmentBytes
    }

    var segmentCount: Int { sealed.count + (active.byteCount > 0 ? 1 : 0) }

    /// What a checkpoint would record now, all of it synced.
    var record: LogMetadata.PartitionRecord {
        LogMetadata.PartitionRecord(
            start: start, end: end, activeBase: active.base, activeBytes: active.byteCount,
            indexEntries: UInt32(index.indexEntries), roundEntries: UInt32(index.roundEntries),
            timeEntries: UInt32(index.timeEntries), producersAt: producersAt,
            hasProducerSnapshot: hasProducerSnapshot, totalBytes: totalBytes, latest: index.latest,
            activeSince: activeSince, cleanedTo: cleanedTo)
    }

    /// Finds the older segments, once; finishes or undoes what a crash left of housekeeping.
    mutating func load(_ context: FileContext) throws(DiskError) {
        if isLoaded { return }
        _ = try SegmentSwap.recover(folder, context.disk)
        var found: [Segment] = []
        for name in try context.disk.list(folder) {
            guard let base = SegmentNames.base(ofLog: name), base < active.base else { continue }
            let file = try context.disk.open(SegmentNames.log(folder, base), .read)
            found.append(Segment(base: base, byteCount: try file.size()))
        }
        sealed = found.sorted { $0.base < $1.base }
        // What a delete moved the start past and a crash kept it from removing.
        while let first = sealed.first, (sealed.dropFirst().first?.base ?? active.base) <= start {
            try removeFiles(of: first, context)
            sealed.removeFirst()
        }
        // What the metadata says is of its time.
        let total = sealed.reduce(active.byteCount) { $0 + $1.byteCount }
        unnoticedBytes += total - totalBytes
        totalBytes = total
        isLoaded = true
    }

    /// How many bytes more there are than the metadata had said; told once.
    mutating func takeUnnoticedBytes() -> Int64 {
        defer { unnoticedBytes = 0 }
        return unnoticedBytes
    }

    /// Writes batches in order of their offsets, unsynced, behind what is there; those that are there already are passed
    /// over. Batches that lie side by side in memory go in one piece.
    /// - Parameter aborted: the transaction that a marker among them ended without effect.
    mutating func append(
        _ batches: [StoredBatch], _ context: FileContext, aborted: (StoredBatch) -> AbortedTransaction?
    ) throws(DiskError) {
        var next = 0
        while next < batches.count, batches[next].lastOffset < end { next += 1 }
        var pieces: [UnsafeRawBufferPointer] = []
        while next < batches.count {
            let first = batches[next]
            let place = BatchPlace(
                baseOffset: first.baseOffset, endOffset: first.lastOffset.next, range: 0..<first.bytes.count)
            if mustRoll(for: place) { try roll(to: first.baseOffset, context) }
            var last = next
            var count = first.bytes.count
            while last + 1 < batches.count, fits(0..<count + batches[last + 1].bytes.count),
                batches[last + 1].lastOffset.next - active.base <= Int64(Int32.max)
            {
                last += 1
                count += batches[last].bytes.count
            }
            pieces.removeAll(keepingCapacity: true)
            for batch in batches[next...last] { pieces.append(joining: batch.bytes) }
            if active.byteCount == 0 { directoryVersion += 1 }
            let file = try context.open.file(activePath, .create)
            try file.write(pieces, at: active.byteCount)
            for batch in batches[next...last] {
                if let aborted = aborted(batch) { try note(aborted, context) }
                index.note(
                    batch.baseOffset - active.base, last: batch.lastOffset - active.base, at: active.byteCount,
                    round: batch.round, maxTimestamp: BatchSummary.maxTimestamp(batch.bytes),
                    interval: Int64(settings.indexIntervalBytes))
                // Batch by batch: when the next one's note finds no room, what is done again begins with that one.
                let count = Int64(batch.bytes.count)
                active.byteCount += count
                totalBytes += count
                bytesSinceSnapshot += count
                end = batch.lastOffset.next
            }
            next = last + 1
        }
        if index.pendingCount >= ActiveIndex.flushFrom { try flushIndex(context) }
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
            if active.byteCount == 0 { directoryVersion += 1 }
            let file = try context.open.file(activePath, .create)
            try file.write(bytes.part(run), at: active.byteCount)
            for batch in batches[next...last] {
                if let aborted = batch.aborted { try note(aborted, context) }
                index.note(
                    batch.baseOffset - active.base, last: batch.endOffset - active.base - 1,
                    at: active.byteCount + Int64(batch.range.lowerBound - run.lowerBound),
                    round: round, maxTimestamp: BatchSummary.maxTimestamp(bytes.part(batch.range)),
                    interval: Int64(settings.indexIntervalBytes))
            }
            active.byteCount += Int64(run.count)
            totalBytes += Int64(run.count)
            bytesSinceSnapshot += Int64(run.count)
            end = batches[last].endOffset
            next = last + 1
        }
        if index.pendingCount >= ActiveIndex.flushFrom { try flushIndex(context) }
    }

    /// Adds an entry to the active segment's index of aborted transactions; one that is there already is passed over.
    private mutating func note(_ aborted: AbortedTransaction, _ context: FileContext) throws(DiskError) {
        let file = try context.open.file(SegmentNames.transactions(folder, active.base), .create)
        let count = try file.size() / Int64(AbortedTransaction.byteCount)
        if count == 0 { directoryVersion += 1 }
        if count > 0 {
            let at = (count - 1) * Int64(AbortedTransaction.byteCount)
            let last = try file.bytes(at: at, count: AbortedTransaction.byteCount)
            if last.flatMap({ AbortedTransaction($0.buffer) })?.last == aborted.last { return }
        }
        var entry = ByteBuffer(capacity: AbortedTransaction.byteCount)
        aborted.append(to: &entry)
        try file.write(entry.bytes, at: count * Int64(AbortedTransaction.byteCount))
        unsyncedTransactions.insert(active.base)
    }

    /// Notes that a file of the folder came, went or was written besides the segments.
    mutating func noteChange(ofTransactions base: Offset? = nil) {
        directoryVersion += 1
        if let base { unsyncedTransactions.insert(base) }
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
        for segment in sealed + [active] where segment.base == active.base || isUnsynced(segment.base) {
            try cut(SegmentNames.log(folder, segment.base), to: Int(segment.byteCount), context, syncs: true)
        }
        try cutIndexes(context)
    }

    private func cutIndexes(_ context: FileContext) throws(DiskError) {
        try cut(SegmentNames.index(folder, active.base), to: index.indexEntries * OffsetIndexEntry.byteCount, context)
        try cut(SegmentNames.rounds(folder, active.base), to: index.roundEntries * RoundIndexEntry.byteCount, context)
        try cut(SegmentNames.times(folder, active.base), to: index.timeEntries * TimeIndexEntry.byteCount, context)
    }

    /// Whether no checkpoint synced the segment since it was closed.
    func isUnsynced(_ base: Offset) -> Bool { unsyncedSealed.contains { $0.base == base } }

    private var filesOfActive: [String] {
        var files = [activePath]
        if index.roundEntries > 0 { files.append(SegmentNames.rounds(folder, active.base)) }
        if index.indexEntries > 0 { files.append(SegmentNames.index(folder, active.base)) }
        if index.timeEntries > 0 { files.append(SegmentNames.times(folder, active.base)) }
        return files
    }

    /// - Parameter syncs: whether what is cut must not come back.
    private func cut(
        _ path: String, to count: Int, _ context: FileContext, syncs: Bool = false
    ) throws(DiskError) {
        do throws(DiskError) {
            let file = try context.open.file(path, .write)
            guard try file.size() > Int64(count) else { return }
            try file.truncate(to: Int64(count))
            if syncs { try file.sync() }
        } catch {
            if error.code != .missing { throw error }
        }
    }

    private func fits(_ run: Range<Int>) -> Bool {
        active.byteCount + Int64(run.count) <= Int64(min(segmentBytes, Int(Int32.max)))
    }

    private func mustRoll(for batch: BatchPlace) -> Bool {
        if active.byteCount == 0 { return active.base != batch.baseOffset && batch.baseOffset - active.base > 0 }
        return !fits(batch.range) || batch.endOffset - active.base > Int64(Int32.max)
    }

    /// Closes the active segment before it is full; the next batch begins another.
    /// - Returns: whether there was anything in it.
    mutating func closeActive(_ context: FileContext) throws(DiskError) -> Bool {
        guard active.byteCount > 0, !isDeleted else { return false }
        try load(context)
        try roll(to: end, context)
        return true
    }

    mutating func roll(to base: Offset, _ context: FileContext) throws(DiskError) {
        if active.byteCount > 0 {
            index.close()
            try flushIndex(context)
            // An entry behind these is of a time before a crash.
            try cutIndexes(context)
            active.maxTimestamp = index.latest?.timestamp
            sealed.append(active)
            unsyncedSealed.append((active.base, filesOfActive))
        }
        active = Segment(base: base, byteCount: 0)
        activeSince = nil
        index = ActiveIndex()
        writtenBackTo = 0
        directoryVersion += 1
    }

    /// Writes the index entries that are in memory only.
    mutating func flushIndex(_ context: FileContext) throws(DiskError) {
        guard index.pendingCount > 0 else { return }
        if try index.flush(folder, active.base, context) { directoryVersion += 1 }
    }

    /// What has to be synced for the partition's part of a checkpoint, and what may be recorded after that.
    struct CheckpointWork {
        let files: [String]
        let syncsDirectory: Bool
        /// A file that the new record makes superfluous.
        let obsolete: String?
        fileprivate let transactions: Set<Offset>
        fileprivate let snapshot: String?
        fileprivate let sealedCount: Int
        fileprivate let directoryVersion: Int
        let record: LogMetadata.PartitionRecord
    }

    /// Begins the partition's part of a checkpoint.
    /// - Parameter producers: what is known of them at ``end``, when that is to be kept; nil when nobody can say.
    mutating func beginCheckpoint(
        _ context: FileContext, producers: ProducerTable? = nil
    ) throws(DiskError) -> CheckpointWork? {
        isListedDirty = false
        if isDeleted { return nil }
        try flushIndex(context)
        let obsolete = hasProducerSnapshot ? producersAt : nil
        var files: [String] = []
        if let producers { try save(producers, context) }
        if let unsyncedSnapshot { files.append(unsyncedSnapshot) }
        for base in unsyncedTransactions.sorted() { files.append(SegmentNames.transactions(folder, base)) }
        for segment in unsyncedSealed { files.append(contentsOf: segment.files) }
        if active.byteCount > 0 {
            files.append(activePath)
            if index.roundEntries > 0 { files.append(SegmentNames.rounds(folder, active.base)) }
        }
        return CheckpointWork(
            files: files, syncsDirectory: directoryVersion != syncedDirectoryVersion,
            obsolete: obsolete.flatMap { $0 == producersAt ? nil : SegmentNames.producers(folder, $0) },
            transactions: unsyncedTransactions, snapshot: unsyncedSnapshot, sealedCount: unsyncedSealed.count,
            directoryVersion: directoryVersion, record: record)
    }

    /// Notes that the work was done.
    mutating func finishCheckpoint(_ work: CheckpointWork) {
        unsyncedSealed.removeFirst(min(work.sealedCount, unsyncedSealed.count))
        syncedDirectoryVersion = work.directoryVersion
        // Entries may have joined meanwhile: a segment that is still written to is synced again.
        unsyncedTransactions.subtract(work.transactions.filter { $0 != active.base })
        if unsyncedSnapshot == work.snapshot { unsyncedSnapshot = nil }
    }

    /// The part of the active segment whose write-back should be started: nil when there are fewer than `from` bytes.
    mutating func takeWriteBack(from: Int) -> (path: String, position: Int64, count: Int64)? {
        let count = active.byteCount - writtenBackTo
        guard count >= Int64(max(from, 1)), !isDeleted else { return nil }
        defer { writtenBackTo = active.byteCount }
        return (activePath, writtenBackTo, count)
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
            generation += 1
            unsyncedSealed.removeAll { $0.base == sealed[0].base }
            unsyncedTransactions.remove(sealed[0].base)
            let first = sealed.removeFirst()
            try removeFiles(of: first, context)
        }
    }

    private func removeFiles(of segment: Segment, _ context: FileContext) throws(DiskError) {
        for path in SegmentNames.all(folder, segment.base) {
            context.open.forget(prefix: path)
            do { try context.disk.remove(path) } catch  where error.code == .missing {}
        }
    }
}
extension [UnsafeRawBufferPointer] {
    /// Appends bytes, in one piece with the last ones when they lie right behind them.
    fileprivate mutating func append(joining bytes: UnsafeRawBufferPointer) {
        if let last, let base = last.baseAddress, base + last.count == bytes.baseAddress {
            self[count - 1] = UnsafeRawBufferPointer(start: base, count: last.count + bytes.count)
        } else {
            append(bytes)
        }
    }
}
