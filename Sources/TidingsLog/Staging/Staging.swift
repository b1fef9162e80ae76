// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Whether the log takes records, and why not.
enum LogCondition: Sendable {
    case open
    /// Less room than the reserve: only Tidings's own topics are written.
    case low(String)
    /// A write found no room, or a file could not be opened; tried again from time to time.
    case full(LogError)
    /// A write or sync failed; until the folder is reopened.
    case offline(String)
    case stopped

    /// Whether the disk has less room than it should.
    var isShortOfRoom: Bool {
        switch self {
        case .low, .full: true
        case .open, .offline, .stopped: false
        }
    }
}

/// What waits for the next rounds. One lock for the whole log, held for a copy and never for I/O.
///
/// Appends to relaxed topics only wait for a round that is acknowledged once it is written; all others for a synced one.
/// The relaxed round is written first. So that a partition's batches stay in order, an append to a partition that already
/// has a batch in the synced group joins that group.
struct Staging {
    /// The most that a batch and its entry in the round add to its records.
    static let batchOverhead = 128

    var condition = LogCondition.open
    private var synced = PendingGroup(isRelaxed: false)
    private var relaxed = PendingGroup(isRelaxed: true)
    private var spareGroups: [PendingGroup] = []
    /// Counts the takes: what a partition has of an earlier one is over.
    private var epoch: UInt64 = 1
    /// How many appends wait.
    let waiting = WaitingAppends()
    /// Whether the commit thread sleeps and has to be woken.
    var isCommitterAsleep = false

    /// Bytes that wait.
    var byteCount: Int { synced.byteCount + relaxed.byteCount }
    /// Whether nothing waits.
    var isEmpty: Bool { synced.isEmpty && relaxed.isEmpty }

    /// Whether an append may come in: what it is refused with.
    func refusal(internalOnly: Bool) -> LogError? {
        switch condition {
        case .open: nil
        case .low(let reason): internalOnly ? nil : LogError(.diskFull, reason)
        case .full(let refusal): refusal
        case .offline(let reason): LogError(.offline, reason)
        case .stopped: LogError(.stopping, "the log has been stopped")
        }
    }

    /// The same for an append of so many bytes: it must not have to wait behind too many others either.
    func refusal(of byteCount: Int, limit: Int, internalOnly: Bool) -> LogError? {
        if let refusal = refusal(internalOnly: internalOnly) { return refusal }
        guard self.byteCount + byteCount > limit else { return nil }
        return LogError(.overloaded, "\(self.byteCount) bytes wait for the disk already")
    }

    /// What those who wait already are refused with, when no round may be written.
    var refusalOfWaiting: LogError? {
        switch condition {
        case .open, .low, .stopped: nil
        case .full, .offline: refusal(internalOnly: true)
        }
    }

    /// The group that an append to relaxed topics joins; one to others joins the synced one.
    func group(isRelaxed: Bool, to targets: [Partition]) -> PendingGroup {
        isRelaxed && !targets.contains { $0.staged.syncedIn == epoch } ? relaxed : synced
    }

    /// Takes no more for lack of room, until that is over. What is offline stays so: a full disk would end, and that must
    /// not.
    /// - Returns: whether it was neither full nor offline.
    @discardableResult
    mutating func becomeFull(_ refusal: LogError) -> Bool {
        switch condition {
        case .offline, .stopped: return false
        case .full:
            condition = .full(refusal)
            return false
        case .open, .low:
            condition = .full(refusal)
            return true
        }
    }

    /// Adds a record and gives it its offset.
    mutating func add(
        _ body: UnsafeRawBufferPointer, at timestamp: WallTime, to partition: Partition, in group: PendingGroup,
        maxBatchBytes: Int, maxBatchRecords: Int
    ) -> Offset {
        let staged = partition.staged
        let most = RecordBatchBuilder.maximumByteCount(body: body.count)
        let batch: OpenBatch
        if staged.openIn == epoch, let open = staged.open, staged.isOpenRelaxed == group.isRelaxed,
            open.builder.byteCount + most <= maxBatchBytes, Int(open.builder.count) < maxBatchRecords
        {
            batch = open
        } else {
            batch = begin(partition, in: group)
            staged.open = batch
            staged.openIn = epoch
            staged.isOpenRelaxed = group.isRelaxed
        }
        group.byteCount += most
        group.recordCount += 1
        let offset = staged.nextOffset
        batch.builder.add(body: body, timestamp: timestamp)
        staged.nextOffset = offset.next
        return offset
    }

    /// Adds a client's batch, alone and as it is, and gives it its place.
    mutating func add(_ whole: WholeBatch, to partition: Partition, in group: PendingGroup) -> Offset {
        let staged = partition.staged
        let batch = begin(partition, in: group)
        batch.take(whole)
        // What comes next must not go into a batch before this one.
        staged.open = nil
        group.byteCount += whole.bytes.count
        group.recordCount += Int(whole.recordCount)
        let offset = staged.nextOffset
        staged.nextOffset = offset + Int64(whole.recordCount)
        return offset
    }

    private mutating func begin(_ partition: Partition, in group: PendingGroup) -> OpenBatch {
        let staged = partition.staged
        group.byteCount += Self.batchOverhead
        if !group.isRelaxed { staged.syncedIn = epoch }
        return group.begin(partition, at: staged.nextOffset)
    }

    /// Takes all that waits.
    mutating func take() -> TakenGroups? {
        guard !isEmpty else { return nil }
        let taken = TakenGroups(relaxed: relaxed.isEmpty ? nil : relaxed, synced: synced.isEmpty ? nil : synced)
        epoch += 1
        waiting.reset()
        if taken.relaxed != nil { relaxed = spare(isRelaxed: true) }
        if taken.synced != nil { synced = spare(isRelaxed: false) }
        return taken
    }

    private mutating func spare(isRelaxed: Bool) -> PendingGroup {
        guard let place = spareGroups.firstIndex(where: { $0.isRelaxed == isRelaxed }) else {
            return PendingGroup(isRelaxed: isRelaxed)
        }
        return spareGroups.remove(at: place)
    }

    /// Takes back a group's memory.
    mutating func recycle(_ group: PendingGroup) {
        group.removeAll()
        if spareGroups.count < 4 { spareGroups.append(group) }
    }
}
