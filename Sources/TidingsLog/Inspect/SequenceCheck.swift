// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Follows the numbers of idempotent producers, and their transactions, through one partition: within a producer's life
/// each batch goes on where the one before it ended.
struct SequenceCheck {
    /// What is known of a producer after its latest batch.
    struct Last {
        var epoch: Int16
        var sequence: Int32
        let offset: Int64
        let time: Int64
        /// The first offset of the transaction that is open; nil when none is, or it began before the walk did.
        var transaction: Int64?
    }

    /// What is wrong with a batch.
    struct Problem {
        let description: String
        /// Whether no setting explains it: a producer that was silent for long may have been forgotten.
        let isCertain: Bool
    }

    /// A producer that was silent for so long may have been forgotten, and begin anywhere.
    static let forgottenAfterMillis: Int64 = 60_000
    private(set) var producers: [Int64: Last] = [:]
    /// The transactions that ended with an abort, as the index of aborted transactions has them.
    private(set) var aborted: [AbortedTransaction] = []
    /// Where the first and the last batch lie of which records were left out: what was before may have had any number.
    private(set) var thinned: ClosedRange<Int64>?

    /// Looks at the next batch.
    /// - Returns: what is wrong with its numbers.
    mutating func add(_ batch: LogInspector.Batch) -> Problem? {
        if let marker = batch.header.isControl ? try? TransactionMarker(reading: batch.stored.bytes) : nil,
            !marker.isCommit, let first = producers[marker.producerID]?.transaction
        {
            // Where transactions that are open now began has no place in the comparison.
            aborted.append(
                AbortedTransaction(
                    producer: marker.producerID, first: Offset(first), last: batch.stored.lastOffset, lastStable: .zero)
            )
        }
        return add(batch.header)
    }

    /// Looks at the next batch's header.
    mutating func add(_ header: RecordBatchHeader) -> Problem? {
        if header.recordCount <= header.lastOffsetDelta {
            thinned = (thinned?.lowerBound ?? header.baseOffset)...header.lastOffset
        }
        guard header.producerID >= 0 else { return nil }
        let known = producers[header.producerID]
        // A marker has no number, and its epoch is the one that the producer has from then on.
        var next = Last(
            epoch: header.producerEpoch, sequence: header.isControl ? -1 : header.lastSequence,
            offset: header.lastOffset, time: header.maxTimestamp)
        if header.isControl, let known, known.epoch == header.producerEpoch { next.sequence = known.sequence }
        if header.isTransactional, !header.isControl { next.transaction = known?.transaction ?? header.baseOffset }
        producers[header.producerID] = next
        guard let known else { return nil }
        let producer = "producer \(header.producerID)"
        guard header.producerEpoch >= known.epoch else {
            return Problem(
                description:
                    "\(producer) has epoch \(header.producerEpoch) after \(known.epoch) at offset \(known.offset)",
                isCertain: abs(header.maxTimestamp &- known.time) < Self.forgottenAfterMillis)
        }
        if header.isControl || known.sequence < 0 || header.producerEpoch > known.epoch { return nil }
        let expected = known.sequence == .max ? 0 : known.sequence + 1
        if header.baseSequence == expected { return nil }
        // Ahead, as numbers go around: less than half of them away.
        let isAhead = (header.baseSequence &- expected) & 0x7FFF_FFFF < 0x4000_0000
        if isAhead, let thinned, thinned.upperBound > known.offset { return nil }
        return Problem(
            description: "\(producer) has sequence \(header.baseSequence) after \(known.sequence) at offset "
                + "\(known.offset): " + (isAhead ? "batches are missing" : "a batch is there twice"),
            isCertain: abs(header.maxTimestamp &- known.time) < Self.forgottenAfterMillis)
    }
}
