// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The offsets of one group: committed ones, and those that wait for a transaction to end.
///
/// What is to change is said as changes; they are applied when they are stored.
struct GroupOffsets: Sendable, Hashable {
    /// What one producer's open transaction will commit.
    struct Pending: Sendable, Hashable {
        var epoch: Int16
        var offsets: [PartitionID: CommittedOffset] = [:]
    }

    private(set) var committed: [PartitionID: CommittedOffset] = [:]
    private(set) var pending: [Int64: Pending] = [:]
    private var lastOrder: UInt64 = 0
    /// About how much memory they take.
    private(set) var byteCount = 0

    var isEmpty: Bool { committed.isEmpty && pending.isEmpty }
    /// How many wait for a transaction.
    var pendingCount: Int { pending.values.reduce(0) { $0 + $1.offsets.count } }

    /// Whether a transaction may still commit an offset of the partition.
    func isUnstable(_ partition: PartitionID) -> Bool {
        pending.values.contains { $0.offsets[partition] != nil }
    }

    func fetch(_ partition: PartitionID, stable: Bool) -> FetchedOffset {
        if stable, !pending.isEmpty, isUnstable(partition) { return .unstable }
        return committed[partition].map { .committed($0) } ?? .unknown
    }

    // MARK: - Changes

    /// Takes a change that is stored.
    mutating func apply(_ change: OffsetChange) {
        switch change {
        case .commit(let partition, let offset):
            byteCount += offset.byteCount - (committed.updateValue(offset, forKey: partition)?.byteCount ?? 0)
            lastOrder = max(lastOrder, offset.order)
        case .forget(let partition): byteCount -= committed.removeValue(forKey: partition)?.byteCount ?? 0
        case .pend(let producer, let partition, let offset):
            if let known = pending[producer.id], known.epoch != producer.epoch {
                guard producer.epoch > known.epoch else { return }
                byteCount -= known.offsets.values.reduce(0) { $0 + $1.byteCount }
                pending[producer.id] = nil
            }
            let former = pending[producer.id, default: Pending(epoch: producer.epoch)].offsets
                .updateValue(offset, forKey: partition)
            byteCount += offset.byteCount - (former?.byteCount ?? 0)
            lastOrder = max(lastOrder, offset.order)
        case .unpend(let producer, let partition):
            byteCount -= pending[producer]?.offsets.removeValue(forKey: partition)?.byteCount ?? 0
            if pending[producer]?.offsets.isEmpty == true { pending[producer] = nil }
        }
    }

    /// The change that commits an offset, or lets it wait for a transaction.
    mutating func change(_ offset: OffsetToCommit, in transaction: ProducerIdentity?, at wall: WallTime) -> OffsetChange
    {
        lastOrder += 1
        let committed = CommittedOffset(
            offset: offset.offset, leaderEpoch: offset.leaderEpoch, committed: wall, order: lastOrder,
            metadata: offset.metadata)
        guard let transaction else { return .commit(offset.partition, committed) }
        return .pend(transaction, offset.partition, committed)
    }

    /// What clears away what a former transaction of the producer left behind: it never counts.
    func leftovers(of producer: ProducerIdentity) -> [OffsetChange] {
        guard let known = pending[producer.id], known.epoch < producer.epoch else { return [] }
        return known.offsets.keys.sorted().map { .unpend(producer: producer.id, $0) }
    }

    /// What the end of a transaction changes. An offset that was committed after the transaction's stays.
    func ending(_ producer: ProducerIdentity, isCommit: Bool) -> [OffsetChange] {
        guard let ending = pending[producer.id] else { return [] }
        return ending.offsets.sorted { $0.key < $1.key }.flatMap { partition, offset -> [OffsetChange] in
            let counts = isCommit && ending.epoch == producer.epoch && (committed[partition]?.order ?? 0) < offset.order
            return (counts ? [.commit(partition, offset)] : []) + [.unpend(producer: producer.id, partition)]
        }
    }

    /// What forgets partitions, with what transactions would commit there.
    func forgetting(where matches: (PartitionID) -> Bool) -> [OffsetChange] {
        let committed = committed.keys.filter(matches).sorted().map { OffsetChange.forget($0) }
        let pending = pending.sorted { $0.key < $1.key }.flatMap { producer, pending in
            pending.offsets.keys.filter(matches).sorted().map { OffsetChange.unpend(producer: producer, $0) }
        }
        return committed + pending
    }

    /// What forgets offsets that are too old.
    /// - Parameters:
    ///   - base: since when an offset's time runs; nil when it does not.
    func expiring(at wall: WallTime, after retention: Duration, base: (PartitionID, CommittedOffset) -> WallTime?)
        -> [OffsetChange]
    {
        committed.filter { partition, offset in
            guard let base = base(partition, offset) else { return false }
            return wall.millis.subtractingReportingOverflow(base.millis).partialValue >= retention.millis
                && !isUnstable(partition)
        }.keys.sorted().map { .forget($0) }
    }
}
