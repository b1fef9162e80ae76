// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A batch being filled, or one on its way to the disk; kept and reused.
///
/// - Concurrency: under the staging lock while it fills; the commit thread's alone once its group was taken.
final class OpenBatch: @unchecked Sendable {
    var builder = RecordBatchBuilder(capacity: 1024)
    private(set) var partition: Partition
    private(set) var baseOffset: Offset
    /// A batch that came whole: it is stored as it is, but for its offset.
    private var whole: [UInt8]?
    /// The offsets of a batch that came whole; 0 for others.
    private var wholeCount: Int32 = 0

    /// How many offsets it takes.
    var recordCount: Int32 { wholeCount > 0 ? wholeCount : builder.count }

    init(_ partition: Partition, at baseOffset: Offset) {
        self.partition = partition
        self.baseOffset = baseOffset
    }

    /// Starts over for another partition.
    func begin(_ partition: Partition, at baseOffset: Offset) {
        builder.removeAll()
        whole = nil
        wholeCount = 0
        self.partition = partition
        self.baseOffset = baseOffset
    }

    /// Takes a whole batch of so many offsets.
    func take(_ bytes: UnsafeRawBufferPointer, offsets count: Int32) {
        whole = [UInt8](bytes)
        wholeCount = count
    }

    /// Hands out the whole batch with its offset, valid until the next change.
    func withSealed(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard wholeCount > 0 else { return body(builder.seal(baseOffset: baseOffset)) }
        whole!.withUnsafeMutableBytes { bytes in
            RecordBatchHeader.place(bytes, at: baseOffset)
            body(UnsafeRawBufferPointer(bytes))
        }
    }
}

/// Everything that the next round takes.
///
/// - Concurrency: as its batches.
final class PendingGroup: @unchecked Sendable {
    /// In the order they were begun.
    var batches: [OpenBatch] = []
    /// Bytes of records and of what surrounds them.
    var byteCount = 0
    var recordCount = 0
    /// How many appends of each session wait for it, by the session's slot.
    var appends: [Int] = []

    var isEmpty: Bool { batches.isEmpty && appends.allSatisfy { $0 == 0 } }

    func noteAppend(slot: Int) {
        while appends.count <= slot { appends.append(0) }
        appends[slot] += 1
    }
}

/// Whether the log takes records, and why not.
enum LogCondition: Sendable {
    case open
    /// Less room than the reserve: only Tidings's own topics are written.
    case low(String)
    /// A write found no room; tried again from time to time.
    case full(String)
    /// A write or sync failed; until the folder is reopened.
    case offline(String)
    case stopped
}

/// What waits for the next round. One lock for the whole log, held for a copy and never for I/O.
struct Staging {
    /// The most that a batch and its entry in the round add to its records.
    static let batchOverhead = 128

    var condition = LogCondition.open
    var filling = PendingGroup()
    private var spareGroup: PendingGroup?
    private var spareBatches: [OpenBatch] = []
    /// Whether the commit thread sleeps and has to be woken.
    var isCommitterAsleep = false

    /// Whether an append may come in: what it is refused with.
    func refusal(internalOnly: Bool) -> LogError? {
        switch condition {
        case .open: nil
        case .low(let reason): internalOnly ? nil : LogError(.diskFull, reason)
        case .full(let reason): LogError(.diskFull, reason)
        case .offline(let reason): LogError(.offline, reason)
        case .stopped: LogError(.stopping, "the log has been stopped")
        }
    }

    /// What those who wait already are refused with, when no round may be written.
    var refusalOfWaiting: LogError? {
        switch condition {
        case .open, .low, .stopped: nil
        case .full, .offline: refusal(internalOnly: true)
        }
    }

    /// Adds a record and gives it its offset.
    mutating func add(
        _ body: UnsafeRawBufferPointer, at timestamp: WallTime, to partition: Partition, settings: LogSettings
    ) -> Offset {
        let staged = partition.staged
        let batch: OpenBatch
        let most = RecordBatchBuilder.maximumByteCount(body: body.count)
        if let open = staged.open, open.builder.byteCount + most <= settings.maxBatchBytes,
            Int(open.builder.count) < settings.maxBatchRecords
        {
            batch = open
        } else {
            batch = newBatch(partition)
            staged.open = batch
        }
        filling.byteCount += most
        filling.recordCount += 1
        let offset = staged.nextOffset
        batch.builder.add(body: body, timestamp: timestamp)
        staged.nextOffset = offset.next
        return offset
    }

    private mutating func newBatch(_ partition: Partition) -> OpenBatch {
        let batch: OpenBatch
        if let spare = spareBatches.popLast() {
            spare.begin(partition, at: partition.staged.nextOffset)
            batch = spare
        } else {
            batch = OpenBatch(partition, at: partition.staged.nextOffset)
        }
        filling.batches.append(batch)
        filling.byteCount += Self.batchOverhead
        return batch
    }

    /// Adds a batch that came whole, behind what its partition has; records that come later begin another one.
    mutating func add(whole bytes: UnsafeRawBufferPointer, offsets count: Int32, to partition: Partition) -> Offset {
        let batch = newBatch(partition)
        batch.take(bytes, offsets: count)
        partition.staged.open = nil
        filling.byteCount += bytes.count
        filling.recordCount += Int(count)
        defer { partition.staged.nextOffset = batch.baseOffset + Int64(count) }
        return batch.baseOffset
    }

    /// Takes all that waits.
    mutating func take() -> PendingGroup? {
        guard !filling.isEmpty else { return nil }
        let group = filling
        for batch in group.batches { batch.partition.staged.open = nil }
        filling = spareGroup ?? PendingGroup()
        spareGroup = nil
        return group
    }

    /// Takes back a group's memory.
    mutating func recycle(_ group: PendingGroup) {
        let room = max(0, 1024 - spareBatches.count)
        spareBatches.append(contentsOf: group.batches.prefix(room))
        group.batches.removeAll(keepingCapacity: true)
        group.byteCount = 0
        group.recordCount = 0
        for slot in group.appends.indices { group.appends[slot] = 0 }
        spareGroup = group
    }
}
