// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Follows the numbers of idempotent producers through one partition: within a producer's life each batch goes on where
/// the one before it ended.
struct SequenceCheck {
    private struct Last {
        var epoch: Int16
        var sequence: Int32
        var offset: Int64
        var time: Int64
    }

    /// After that long without a batch a producer may have been forgotten, and begins anywhere.
    static let forgottenAfterMillis: Int64 = 86_400_000
    private var producers: [Int64: Last] = [:]

    /// Looks at the next batch.
    /// - Parameter mayHaveGaps: whether compaction may have taken batches before this one.
    /// - Returns: what is wrong with its numbers.
    mutating func add(_ header: RecordBatchHeader, mayHaveGaps: Bool) -> String? {
        guard header.producerID >= 0 else { return nil }
        let known = producers[header.producerID]
        // A marker has no number, and its epoch is the one that the producer has from then on.
        let sequence = header.isControl ? -1 : header.lastSequence
        var next = Last(
            epoch: header.producerEpoch, sequence: sequence, offset: header.lastOffset, time: header.maxTimestamp)
        if header.isControl, let known, known.epoch == header.producerEpoch { next.sequence = known.sequence }
        producers[header.producerID] = next
        guard let known else { return nil }
        let producer = "producer \(header.producerID)"
        guard header.producerEpoch >= known.epoch else {
            return "\(producer) has epoch \(header.producerEpoch) after \(known.epoch) at offset \(known.offset)"
        }
        if header.isControl || known.sequence < 0 || header.producerEpoch > known.epoch { return nil }
        let expected = known.sequence == .max ? 0 : known.sequence + 1
        if header.baseSequence == expected { return nil }
        if abs(header.maxTimestamp - known.time) >= Self.forgottenAfterMillis { return nil }
        // Ahead, as numbers go around: less than half of them away.
        let isAhead = (header.baseSequence &- expected) & 0x7FFF_FFFF < 0x4000_0000
        if mayHaveGaps, isAhead { return nil }
        return "\(producer) has sequence \(header.baseSequence) after \(known.sequence) at offset \(known.offset): "
            + (isAhead ? "batches are missing" : "a batch is there twice")
    }
}
