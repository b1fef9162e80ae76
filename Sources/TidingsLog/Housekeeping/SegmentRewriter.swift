// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Writes one segment anew from batches of one or more old ones, beside them: `<base>.log.cleaned` and its indexes.
///
/// The new segment has every offset of the old ones: where batches are left out, a batch without records stands for
/// them. So nothing needs to know which segments were thinned out, and a hole in one of them is found as in any other.
final class SegmentRewriter {
    static let suffix = ".cleaned"
    private static let flushFrom = 256 << 10

    let base: Offset
    /// The offset after the last one added.
    private(set) var end: Offset
    private(set) var byteCount: Int64 = 0
    /// Whether anything differs from the old segments.
    private(set) var isChanged = false
    private let folder: String
    private let context: FileContext
    private let file: any DiskFile
    private var index = ActiveIndex()
    private var buffer = ByteBuffer(capacity: flushFrom + (64 << 10))
    private var transactions = ByteBuffer(capacity: 16)
    /// Whether an old segment has an index of aborted transactions, which this one's takes the place of.
    private var replacesTransactions = false
    /// Where the markers were of transactions of which nothing is left.
    private var forgotten: Set<Offset> = []
    /// Where the offsets that are left out begin, and the round of the first of them.
    private var gap: (from: Offset, round: UInt64)?

    /// Begins at `base`, over what an earlier attempt left.
    init(_ folder: String, at base: Offset, _ context: FileContext) throws(DiskError) {
        self.base = base
        end = base
        self.folder = folder
        self.context = context
        for path in SegmentNames.all(folder, base) { context.open.forget(prefix: path + Self.suffix) }
        for path in SegmentNames.all(folder, base).dropFirst() {
            do { try context.disk.remove(path + Self.suffix) } catch  where error.code == .missing {}
        }
        file = try context.disk.open(SegmentNames.log(folder, base) + Self.suffix, .create)
        try file.truncate(to: 0)
    }

    /// The latest timestamp of what was written.
    var maxTimestamp: Int64? { index.latest?.timestamp }

    /// Leaves out a batch's offsets.
    func skip(_ first: Offset, through last: Offset, round: UInt64) throws(DiskError) {
        precondition(first == end, "batches come one after the other")
        if let gap, last - gap.from >= RecordBatchHeader.longestGap { try closeGap() }
        if gap == nil { gap = (first, round) }
        end = last.next
        isChanged = true
    }

    /// Adds a batch.
    /// - Parameter isOld: whether it is as it was.
    func add(
        _ batch: UnsafeRawBufferPointer, _ first: Offset, through last: Offset, round: UInt64, isOld: Bool
    ) throws(DiskError) {
        precondition(first == end, "batches come one after the other")
        try closeGap()
        end = last.next
        if !isOld { isChanged = true }
        try put(batch, first, last, round)
    }

    private func closeGap() throws(DiskError) {
        guard let gap else { return }
        self.gap = nil
        var filler = ByteBuffer(capacity: RecordBatchHeader.byteCount)
        let last = Offset(end.value - 1)
        RecordBatchHeader.appendGap(to: &filler, from: gap.from, through: last)
        try put(filler.bytes, gap.from, last, gap.round)
    }

    private func put(
        _ batch: UnsafeRawBufferPointer, _ first: Offset, _ last: Offset, _ round: UInt64
    ) throws(DiskError) {
        index.note(
            first - base, last: last - base, at: byteCount, round: round,
            maxTimestamp: BatchSummary.maxTimestamp(batch), interval: Int64(context.settings.indexIntervalBytes))
        buffer.append(batch)
        byteCount += Int64(batch.count)
        if buffer.count >= Self.flushFrom { try flush() }
    }

    private func flush() throws(DiskError) {
        guard buffer.count > 0 else { return }
        try file.write(buffer.bytes, at: byteCount - Int64(buffer.count))
        buffer.removeAll()
        if index.pendingCount >= ActiveIndex.flushFrom {
            _ = try index.flush(folder, base, suffix: Self.suffix, context)
        }
    }

    /// Leaves out what the index of aborted transactions says of the one whose marker was there.
    func forget(transactionUpTo last: Offset) { forgotten.insert(last) }

    /// Takes over what an old segment says of aborted transactions: some of their records may stay.
    func addTransactions(of old: Offset) throws(DiskError) {
        let bytes: [UInt8]
        do throws(DiskError) { bytes = try context.disk.contents(of: SegmentNames.transactions(folder, old)) } catch {
            if error.code != .missing { throw error }
            return
        }
        replacesTransactions = true
        if forgotten.isEmpty { return transactions.append(bytes) }
        let size = AbortedTransaction.byteCount
        bytes.withUnsafeBytes { raw in
            for place in 0..<raw.count / size {
                let entry = raw.part(place * size..<(place + 1) * size)
                if AbortedTransaction(entry).map({ forgotten.contains($0.last) }) != true { transactions.append(entry) }
            }
        }
    }

    /// Syncs the new files; they count for nothing yet.
    func finish(modified: WallTime) throws(DiskError) {
        try closeGap()
        index.close()
        try flush()
        _ = try index.flush(folder, base, suffix: Self.suffix, context)
        try file.setModified(modified)
        try file.sync()
        // Each index has its file, if only an empty one, which takes the place of the old one.
        for path in SegmentNames.all(folder, base).dropFirst().dropLast() {
            try context.open.sync(path + Self.suffix, .create)
        }
        if replacesTransactions {
            let file = try context.disk.open(SegmentNames.transactions(folder, base) + Self.suffix, .create)
            try file.write(transactions.bytes, at: 0)
            try file.sync()
        }
        // The names of the indexes are there before the segment that they belong to.
        try context.disk.syncDirectory(folder)
    }

    /// Removes the new files.
    static func discard(_ folder: String, at base: Offset, _ context: FileContext) {
        for path in SegmentNames.all(folder, base) {
            context.open.forget(prefix: path + suffix)
            try? context.disk.remove(path + suffix)
        }
    }
}
