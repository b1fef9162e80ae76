// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What one partition knows of the producers that number their records, and of their open transactions: Kafka's rules,
/// as a value.
///
/// Batches and markers are judged, then taken, in the order of their offsets. A log has two of these per partition: one
/// speaks of what is staged, the other of what is durable.
struct ProducerTable: Sendable, Hashable {
    /// How long and how many are remembered.
    struct Limits: Sendable {
        /// A producer that is not heard of for this long is forgotten, unless it has an open transaction.
        var idleTime: Duration
        var count: Int
    }

    /// What is to be done with a batch.
    enum Verdict: Sendable, Hashable {
        /// It is stored, and then taken.
        case fresh
        /// It was stored before.
        case duplicate(ProducerEntry.Batch)
        case refused(ProducerRefusal)
    }

    /// A transaction that is not ended.
    struct OpenTransaction: Sendable, Hashable {
        let producer: Int64
        let first: Offset
    }

    private(set) var entries: [Int64: ProducerEntry] = [:]
    /// In the order of their first offsets.
    private(set) var open: [OpenTransaction] = []

    var isEmpty: Bool { entries.isEmpty }

    /// Below this offset every transaction is decided; nil when none is open.
    var firstUnstable: Offset? { open.first?.first }

    /// Judges a batch. What is known of an idle producer counts as forgotten.
    mutating func judge(_ batch: ProducerBatch, at now: WallTime, _ limits: Limits) -> Verdict {
        guard let entry = entries[batch.producer] else { return judgeUnknown(at: now, limits) }
        if entry.isIdle(at: now, limits) {
            entries[batch.producer] = nil
            return .fresh
        }
        if let known = entry.duplicate(batch) { return .duplicate(known) }
        return entry.refusal(batch).map { .refused($0) } ?? .fresh
    }

    /// Nothing is known of it, for instance because retention took its records: any number may begin.
    private mutating func judgeUnknown(at now: WallTime, _ limits: Limits) -> Verdict {
        if entries.count >= limits.count { forgetIdle(at: now, limits) }
        return entries.count < limits.count ? .fresh : .refused(.tooMany(limit: limits.count))
    }

    /// Takes a batch that was judged to be fresh, or that lies in the log.
    mutating func take(_ batch: ProducerBatch, at time: WallTime) {
        entries[batch.producer, default: ProducerEntry(epoch: batch.epoch, time: time)].take(batch, at: time)
        guard batch.isTransactional, entries[batch.producer]?.transaction == nil else { return }
        entries[batch.producer]?.transaction = batch.baseOffset
        open.append(OpenTransaction(producer: batch.producer, first: batch.baseOffset))
    }

    /// Why a marker may not be written; nil when it may.
    /// - Parameter isNewEpoch: whether the marker begins an epoch of its own (transactions of version 2), so that what
    ///   comes late from the ended transaction is refused.
    func refusal(of marker: ProducerMarker, isNewEpoch: Bool) -> ProducerRefusal? {
        guard let entry = entries[marker.producer] else { return nil }
        if marker.epoch < entry.epoch || isNewEpoch && marker.epoch == entry.epoch && entry.transaction != nil {
            return .oldEpoch(marker.epoch, current: entry.epoch)
        }
        if marker.coordinatorEpoch < entry.coordinatorEpoch {
            return .oldCoordinator(marker.coordinatorEpoch, current: entry.coordinatorEpoch)
        }
        return nil
    }

    /// Takes a marker.
    /// - Returns: the transaction that was aborted by it, if it had any records here.
    @discardableResult
    mutating func take(_ marker: ProducerMarker, at time: WallTime) -> AbortedTransaction? {
        var entry = entries[marker.producer] ?? ProducerEntry(epoch: marker.epoch, time: time)
        if marker.epoch != entry.epoch {
            entry.batches.removeAll()
            entry.known = 0
            entry.epoch = marker.epoch
        }
        let first = entry.transaction
        entry.transaction = nil
        entry.coordinatorEpoch = marker.coordinatorEpoch
        entry.time = time
        entries[marker.producer] = entry
        guard let first else { return nil }
        open.removeAll { $0.producer == marker.producer }
        if marker.isCommit { return nil }
        return AbortedTransaction(
            producer: marker.producer, first: first, last: marker.offset,
            lastStable: firstUnstable ?? marker.offset.next)
    }

    /// Forgets who was not heard of for long.
    mutating func forgetIdle(at now: WallTime, _ limits: Limits) {
        guard entries.contains(where: { $0.value.isIdle(at: now, limits) }) else { return }
        entries = entries.filter { !$0.value.isIdle(at: now, limits) }
    }

    /// Puts back what was saved.
    mutating func restore(_ producer: Int64, _ entry: ProducerEntry) {
        entries[producer] = entry
        guard let first = entry.transaction else { return }
        let place = open.firstIndex { $0.first > first } ?? open.count
        open.insert(OpenTransaction(producer: producer, first: first), at: place)
    }
}

extension ProducerEntry {
    fileprivate func isIdle(at now: WallTime, _ limits: ProducerTable.Limits) -> Bool {
        transaction == nil && now.millis - time.millis >= limits.idleTime.millis
    }
}
