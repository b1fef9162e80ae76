// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What one partition knows of one producer that numbers its records.
struct ProducerEntry: Sendable, Hashable {
    /// A batch that was stored.
    struct Batch: Sendable, Hashable {
        let firstSequence: Int32
        let lastSequence: Int32
        let baseOffset: Offset
        let lastOffset: Offset
    }

    /// How many batches are remembered, as many as Kafka's clients have in flight at most.
    static let keptBatches = 5
    /// Behind so many numbers a sequence number is older than what one can tell from a newer one.
    static let knownLimit: Int64 = 1 << 30

    var epoch: Int16
    /// The latest batches of the epoch, oldest first; none after a marker began it.
    var batches: [Batch] = []
    /// How many sequence numbers up to the last one are known to be stored, without a gap.
    var known: Int64 = 0
    /// The first offset of the open transaction.
    var transaction: Offset?
    /// Who wrote the last marker.
    var coordinatorEpoch: Int32 = -1
    /// When it was heard of last.
    var time: WallTime

    /// The sequence number that comes next.
    var expected: Int32 { batches.last.map { ProducerBatch.sequence($0.lastSequence, plus: 1) } ?? 0 }

    /// The stored batch that a batch of the same epoch repeats.
    func duplicate(_ batch: ProducerBatch) -> Batch? {
        guard batch.epoch == epoch else { return nil }
        return batches.last { $0.firstSequence == batch.firstSequence && $0.lastSequence == batch.lastSequence }
    }

    /// Why a batch that repeats none of the kept ones may not follow; nil when it may.
    func refusal(_ batch: ProducerBatch) -> ProducerRefusal? {
        if batch.epoch < epoch { return .oldEpoch(batch.epoch, current: epoch) }
        if transaction != nil, !batch.isTransactional { return .outsideTransaction }
        let next = batch.epoch == epoch ? expected : 0
        if batch.firstSequence == next { return nil }
        if batch.epoch == epoch {
            let behind = ProducerBatch.distance(from: batch.firstSequence, to: next)
            let lastBehind = ProducerBatch.distance(from: batch.lastSequence, to: next)
            if (1...max(known, 1)).contains(behind), behind <= known, (1...behind).contains(lastBehind) {
                return .oldDuplicate(found: batch.firstSequence, expected: next)
            }
        }
        return .outOfOrder(found: batch.firstSequence, expected: next)
    }

    /// Remembers a batch that was taken.
    mutating func take(_ batch: ProducerBatch, at time: WallTime) {
        let follows = batch.epoch == epoch && batch.firstSequence == expected
        if !follows {
            batches.removeAll(keepingCapacity: true)
            known = 0
        }
        epoch = batch.epoch
        if batches.count == Self.keptBatches { batches.removeFirst() }
        batches.append(
            Batch(
                firstSequence: batch.firstSequence, lastSequence: batch.lastSequence, baseOffset: batch.baseOffset,
                lastOffset: batch.lastOffset))
        let count = ProducerBatch.distance(from: batch.firstSequence, to: batch.lastSequence) + 1
        known = min(known + count, Self.knownLimit)
        self.time = time
    }
}
