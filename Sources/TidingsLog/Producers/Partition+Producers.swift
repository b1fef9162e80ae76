// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension LogSettings {
    var producerLimits: ProducerTable.Limits {
        ProducerTable.Limits(idleTime: producerIdleTime, count: maxProducers)
    }
}

/// Judging batches before they are staged. Under the staging lock.
extension StagedPartition {
    /// Judges a batch that would get the next offset.
    func judge(_ header: RecordBatchHeader, at now: WallTime, _ settings: LogSettings) -> ProducerTable.Verdict {
        guard let batch = ProducerBatch(header, at: nextOffset) else { return .fresh }
        return producers.judge(batch, at: now, settings.producerLimits)
    }

    /// Takes a batch that is staged at `offset`.
    func take(_ header: RecordBatchHeader, at offset: Offset, _ now: WallTime) {
        if let batch = ProducerBatch(header, at: offset) { producers.take(batch, at: now) }
    }
}

extension Partition {
    /// What was staged is refused: its offsets and what it said of producers are forgotten. Under the staging lock.
    func forgetStaged() {
        (staged.nextOffset, staged.producers) = tail.withLock { ($0.end, $0.producers) }
    }

    /// The transaction that a durable batch ended without effect.
    func aborted(by batch: StoredBatch) -> AbortedTransaction? {
        guard batch.isControl else { return nil }
        return tail.withLock { $0.aborted.ended(at: batch.baseOffset) }
    }
}

/// What durable batches say of producers and transactions.
extension PartitionTail {
    /// Takes in a durable batch of a producer that numbers its records, or a marker.
    mutating func noteProducer(of batch: StoredBatch, at time: WallTime, keeping limit: Int) {
        guard let header = try? RecordBatchHeader(reading: batch.bytes) else { return }
        if let data = ProducerBatch(header, at: batch.baseOffset) {
            producers.take(data, at: time)
            if data.isTransactional { batch.decide(.open) }
            return
        }
        guard let marker = ProducerMarker(batch) else { return }
        let first = producers.entries[marker.producer]?.transaction
        if let ended = producers.take(marker, at: time) { aborted.append(ended, keeping: limit) }
        guard let first else { return }
        decide(first, of: marker.producer, marker.isCommit ? .counts : .aborted)
    }

    /// What becomes of a batch that was read from a file; nil when the index of aborted transactions has to tell.
    func fate(of batch: StoredBatch) -> TransactionFate? {
        guard batch.isTransactional, !batch.isControl else { return .counts }
        if let first = producers.entries[batch.producerID]?.transaction, first <= batch.baseOffset { return .open }
        return aborted.has(batch.baseOffset, of: batch.producerID).map { $0 ? .aborted : .counts }
    }

    /// Goes on from what an opening found.
    mutating func restore(_ table: ProducerTable, _ found: AbortedTransactions) {
        producers = table
        aborted = found
    }

    mutating func forgetIdleProducers(at now: WallTime, _ limits: ProducerTable.Limits) {
        producers.forgetIdle(at: now, limits)
    }
}

extension ProducerMarker {
    /// Reads the marker off a stored batch; nil when it is no end of a transaction.
    init?(_ batch: StoredBatch) {
        guard let marker = batch.marker else { return nil }
        self.init(
            producer: marker.producerID, epoch: marker.producerEpoch, isCommit: marker.isCommit,
            coordinatorEpoch: marker.coordinatorEpoch, offset: batch.baseOffset)
    }
}
