// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Leaves records out of stored batches, as compaction does; kept and reused.
///
/// What is kept of a batch: its first and last offset, its producer's numbers, the place and time of every record that
/// stays, its codec. So a rebuilt batch takes the old one's place, and its producer's sequence stays known.
package struct BatchRebuilder: ~Copyable {
    /// What became of a batch.
    package enum Outcome {
        /// Every record stays: the batch as it lies.
        case unchanged
        /// Fewer records, or another horizon: the new batch, valid until the next change.
        case rebuilt(UnsafeRawBufferPointer)
        /// No record stays: a header with no records, valid until the next change. It says which offsets and sequences
        /// there were; whether it is worth keeping, the caller decides.
        case emptied(UnsafeRawBufferPointer)
    }

    private var plain = ByteBuffer(capacity: 16 * 1_024)
    private var compressed = ByteBuffer(capacity: 16)

    /// Makes a rebuilder.
    package init() {}

    /// Leaves out the records of a whole, checked batch that `keeps` refuses.
    /// - Parameters:
    ///   - batch: the batch; may be longer.
    ///   - deleteHorizon: when its tombstones or its marker may go; nil leaves a horizon as it is.
    ///   - limit: the most that it may decompress to.
    ///   - keeps: asked once for each record, in order; a tombstone's value is nil. The view is valid during the call.
    /// - Throws: ``RecordError`` for a batch that cannot be read.
    package mutating func rebuild(
        _ batch: UnsafeRawBufferPointer, deleteHorizon: WallTime? = nil, limit: Int = DecodedBatch.inflatedLimit,
        keeping keeps: (RecordView) -> Bool
    ) throws(RecordError) -> Outcome {
        let decoded = try DecodedBatch(batch, limit: limit)
        var header = decoded.header
        let hasNewHorizon = deleteHorizon != nil && deleteHorizon != header.deleteHorizon
        if let deleteHorizon {
            // Records count their times from the horizon then: the format has no other place for it.
            header.attributes |= 64
            header.baseTimestamp = deleteHorizon.millis
        }
        plain.removeAll()
        plain.append(zeros: RecordBatchHeader.byteCount)
        var count: Int32 = 0
        var latest = Int64.min
        for record in decoded.records(in: batch) where keeps(record) {
            count += 1
            latest = max(latest, record.timestamp.millis)
            let offsetDelta = record.offset.value - header.baseOffset
            let (timestampDelta, overflow) = record.timestamp.millis.subtractingReportingOverflow(header.baseTimestamp)
            if overflow { throw RecordError(.badRecord, "a record's timestamp is out of range") }
            plain.appendRecord(timestampDelta: timestampDelta, offsetDelta: offsetDelta, body: record.body)
        }
        if count == decoded.header.recordCount, !hasNewHorizon { return .unchanged }
        header.recordCount = count
        guard count > 0 else {
            header.attributes &= ~(64 | 7)
            header.baseTimestamp = -1
            header.write(to: plain.mutableBytes)
            return .emptied(plain.bytes)
        }
        if !header.hasAppendTime { header.maxTimestamp = latest }
        guard let codec = header.codec, codec != RecordCodec.none else {
            header.write(to: plain.mutableBytes)
            return .rebuilt(plain.bytes)
        }
        compressed.removeAll()
        compressed.append(zeros: RecordBatchHeader.byteCount)
        guard codec.compress(plain.bytes.part(RecordBatchHeader.byteCount..<plain.count), into: &compressed) else {
            throw RecordError(.badRecord, "\(codec) refuses to compress \(plain.count) bytes")
        }
        header.write(to: compressed.mutableBytes)
        return .rebuilt(compressed.bytes)
    }
}
