// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

/// One partition: what is staged for it, what readers may see of it, and its files. Each of the three has its own owner.
final class Partition: Sendable {
    let id: PartitionID
    let topic: TopicName
    let isInternal: Bool
    /// Where its files lie.
    let folder: String
    /// What waits for a round; touched only under the log's staging lock.
    let staged: StagedPartition
    /// What is durable, and the batches in memory. Held for a few lines.
    let tail: Locked<PartitionTail>
    /// Whether a record without a key is refused: compaction could not tell what it stands for.
    let needsKeys = Atomic(false)
    /// The last relaxed round that has a batch of it.
    let lastRelaxedRound = Atomic<UInt64>(0)
    /// Its segments. Held over I/O, so never by a loop.
    let files: Locked<PartitionFiles>

    init(
        _ id: PartitionID, topic: TopicName, record: LogMetadata.PartitionRecord, layout: Int32, settings: LogSettings
    ) {
        self.id = id
        self.topic = topic
        isInternal = topic.isInternal
        folder = SegmentNames.folder(topic, id.index)
        staged = StagedPartition(nextOffset: record.end, layout: layout)
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
    /// The batch being filled, for the take with this number.
    var open: OpenBatch?
    var openIn: UInt64 = 0
    /// Whether ``open`` is in the relaxed group.
    var isOpenRelaxed = false
    /// The last take whose synced group has a batch of this partition.
    var syncedIn: UInt64 = 0
    /// Set when the topic goes.
    var isDeleted = false
    /// What will be known of producers when all that is staged is durable.
    var producers = ProducerTable()
    /// How many partitions the topic has; 0 while that changes: nothing is staged then.
    var layout: Int32

    init(nextOffset: Offset, layout: Int32) {
        self.nextOffset = nextOffset
        self.layout = layout
    }

    /// Whether a record may be staged whose partition was chosen among so many; 0 for one that was not.
    func takes(chosenAmong count: Int32) -> Bool { layout != 0 && (count == 0 || count == layout) }
}

/// The durable end of a partition, and its recent batches in memory.
struct PartitionTail {
    private(set) var start: Offset
    private(set) var end: Offset
    private(set) var byteCount: Int64
    /// What durable batches say of their producers and transactions.
    var producers = ProducerTable()
    var aborted: AbortedTransactions
    /// Recent batches in order of offset.
    private var recent = Fifo<StoredBatch>()

    init(start: Offset, end: Offset, byteCount: Int64) {
        self.start = start
        self.end = end
        self.byteCount = byteCount
        aborted = AbortedTransactions(from: end)
    }

    var bounds: PartitionBounds {
        PartitionBounds(
            start: start, end: end, byteCount: byteCount, lastStable: producers.firstUnstable.map { max($0, start) })
    }

    /// Takes in a batch that became durable.
    mutating func append(_ batch: StoredBatch, at time: WallTime, keeping limit: Int) {
        recent.append(batch)
        if batch.producerID >= 0 { noteProducer(of: batch, at: time, keeping: limit) }
        end = batch.lastOffset.next
        byteCount += Int64(batch.bytes.count)
    }

    /// Lets go of a batch whose round leaves the memory; rounds leave in order.
    mutating func forget(_ batch: StoredBatch) {
        if recent.oldest === batch { _ = recent.popFirst() }
    }

    /// Lets go of the batches below `end`: their records are others now.
    mutating func forget(below end: Offset) {
        while let oldest = recent.oldest, oldest.lastOffset < end { _ = recent.popFirst() }
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

    /// Notes how a transaction ended for its batches that are in memory.
    func decide(_ first: Offset, of producer: Int64, _ fate: TransactionFate) {
        guard var place = index(from: first) ?? (recent.isEmpty ? nil : 0) else { return }
        while place < recent.count {
            let batch = recent[place]
            if batch.fate == .open, batch.producerID == producer { batch.decide(fate) }
            place += 1
        }
    }

    /// Where the batch that holds `offset` (or the first one after it) lies among the recent ones; nil when an older
    /// batch, which is not in memory, might hold it, or there is none.
    private func index(from offset: Offset) -> Int? {
        guard let oldest = recent.oldest, offset >= oldest.baseOffset || offset < start else { return nil }
        if offset < start, oldest.baseOffset > start { return nil }
        var (low, high) = (0, recent.count)
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
