// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One partition: what is staged for it, what readers may see of it, and its files. Each of the three has its own owner.
final class Partition: Sendable {
    let id: PartitionID
    let topic: TopicName
    /// Where its files lie.
    let folder: String
    /// What waits for a round; touched only under the log's staging lock.
    let staged: StagedPartition
    /// What is durable, and the batches in memory. Held for a few lines.
    let tail: Locked<PartitionTail>
    /// Its segments. Held over I/O, so never by a loop.
    let files: Locked<PartitionFiles>

    init(_ id: PartitionID, topic: TopicName, record: LogMetadata.PartitionRecord, settings: LogSettings) {
        self.id = id
        self.topic = topic
        folder = SegmentNames.folder(topic, id.index)
        staged = StagedPartition(nextOffset: record.end)
        tail = Locked(PartitionTail(start: record.start, end: record.end, byteCount: record.totalBytes))
        files = Locked(PartitionFiles(folder: SegmentNames.folder(topic, id.index), record: record, settings: settings))
    }
}

/// What is staged for one partition.
///
/// - Concurrency: only under the log's staging lock.
final class StagedPartition: @unchecked Sendable {
    /// The offset the next record gets.
    var nextOffset: Offset
    /// The batch being filled.
    var open: OpenBatch?
    /// Set when the topic goes.
    var isDeleted = false

    init(nextOffset: Offset) { self.nextOffset = nextOffset }
}

/// The durable end of a partition, and its recent batches in memory.
struct PartitionTail {
    private(set) var start: Offset
    private(set) var end: Offset
    private(set) var byteCount: Int64
    /// Recent batches in order of offset, from `firstRecent` on.
    private var recent: [StoredBatch] = []
    private var firstRecent = 0

    init(start: Offset, end: Offset, byteCount: Int64) {
        self.start = start
        self.end = end
        self.byteCount = byteCount
    }

    var bounds: PartitionBounds { PartitionBounds(start: start, end: end, byteCount: byteCount) }

    /// Takes in a batch that became durable.
    mutating func append(_ batch: StoredBatch) {
        recent.append(batch)
        end = batch.lastOffset.next
        byteCount += Int64(batch.bytes.count)
    }

    /// Lets go of a batch whose round leaves the memory; rounds leave in order.
    mutating func forget(_ batch: StoredBatch) {
        guard firstRecent < recent.count, recent[firstRecent] === batch else { return }
        firstRecent += 1
        if firstRecent == recent.count {
            recent.removeAll()
            firstRecent = 0
        } else if firstRecent >= 64, firstRecent * 2 >= recent.count {
            recent.removeFirst(firstRecent)
            firstRecent = 0
        }
    }

    /// Moves the start, and says how many bytes less there are.
    mutating func moveStart(to offset: Offset, lessBytes: Int64) {
        start = max(start, offset)
        byteCount -= lessBytes
    }

    /// Corrects the byte count after a recovery or a quarantine.
    mutating func reset(start: Offset, end: Offset, byteCount: Int64) {
        self.start = start
        self.end = end
        self.byteCount = byteCount
    }

    /// Where the batch that holds `offset` (or the first one after it) lies among the recent ones; nil when an older
    /// batch, which is not in memory, might hold it, or there is none.
    private func index(from offset: Offset) -> Int? {
        guard firstRecent < recent.count, offset >= recent[firstRecent].baseOffset || offset < start else { return nil }
        if offset < start, recent[firstRecent].baseOffset > start { return nil }
        var (low, high) = (firstRecent, recent.count)
        while low < high {
            let middle = (low + high) / 2
            if recent[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        return low < recent.count ? low : nil
    }

    /// The batch that holds `offset`, or the first one after it, if it is in memory.
    func batch(from offset: Offset) -> StoredBatch? { index(from: offset).map { recent[$0] } }

    /// Batches from the one that holds `offset` on: one, and more up to `maxBytes`; nil when it is not in memory.
    func batches(from offset: Offset, maxBytes: Int) -> [StoredBatch]? {
        guard var index = index(from: offset) else { return nil }
        var batches: [StoredBatch] = []
        var left = maxBytes
        while index < recent.count {
            let batch = recent[index]
            if !batches.isEmpty, batch.bytes.count > left { break }
            batches.append(batch)
            left -= batch.bytes.count
            index += 1
        }
        return batches
    }
}
