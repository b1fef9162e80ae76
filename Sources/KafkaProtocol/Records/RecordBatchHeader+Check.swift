// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension RecordBatchHeader {
    /// The last millisecond of the year 9999: a later time is a mistake in its unit.
    package static let latestTimestamp: Int64 = 253_402_300_799_999

    /// Checks a batch as it comes from a client, without decoding its records: format, lengths, attributes, counts,
    /// producer, times and checksum. What it holds is decoded only when it is read.
    ///
    /// A control batch passes (a transaction's coordinator writes them); whether the one who sends it may, the caller
    /// decides by ``isControl``. So does it judge the size.
    /// - Parameter isAlone: whether the batch is all that `bytes` may hold. Else what follows is not looked at, and
    ///   ``totalByteCount`` tells where it begins.
    /// - Throws: ``RecordError``; nothing in the bytes, however chosen, traps.
    package static func check(
        _ bytes: UnsafeRawBufferPointer, isAlone: Bool = true
    ) throws(RecordError) -> RecordBatchHeader {
        let header = try RecordBatchHeader(reading: bytes, isFresh: true)
        if isAlone, header.totalByteCount != bytes.count {
            throw RecordError(
                .badHeader, "\(bytes.count - header.totalByteCount) bytes follow a batch that should be alone")
        }
        try header.checkProducer()
        try header.checkTimes()
        guard header.recordCount <= DecodedBatch.recordLimit else {
            throw RecordError(
                .tooLarge, "a batch of \(header.recordCount) records; \(DecodedBatch.recordLimit) are read")
        }
        if header.hasDeleteHorizon {
            throw RecordError(.badHeader, "a batch has a delete horizon, which only compaction sets")
        }
        try header.verify(bytes)
        return header
    }

    private func checkProducer() throws(RecordError) {
        guard producerID >= 0 else {
            guard producerID == -1, !isTransactional, !isControl, producerEpoch >= -1, baseSequence >= -1 else {
                throw RecordError(
                    .badHeader,
                    "a batch without a producer has id \(producerID), epoch \(producerEpoch), sequence \(baseSequence) "
                        + "and attributes \(attributes)")
            }
            return
        }
        // A marker is no record of the producer's and has no number.
        guard producerEpoch >= 0, isControl ? baseSequence == -1 : baseSequence >= 0 else {
            throw RecordError(
                .badHeader, "a batch of producer \(producerID) has epoch \(producerEpoch) and sequence \(baseSequence)")
        }
    }

    private func checkTimes() throws(RecordError) {
        // -1 stands for no time. Times in the batch that came with the time of an append are not used.
        guard baseTimestamp >= -1, maxTimestamp >= -1, hasAppendTime || maxTimestamp >= baseTimestamp,
            baseTimestamp <= Self.latestTimestamp, maxTimestamp <= Self.latestTimestamp
        else {
            throw RecordError(.badHeader, "a batch's times are \(baseTimestamp) and at most \(maxTimestamp)")
        }
    }
}
