// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The end of a transaction in one partition: a control batch of one record, which takes an offset and is no record of
/// users.
package struct TransactionMarker: Sendable, Hashable {
    /// How many bytes its batch has.
    package static let byteCount = 78

    /// Whether the transaction's records count; else they are void.
    package let isCommit: Bool
    /// Whose transaction it was.
    package let producerID: Int64
    /// The life of the producer, or the one that fenced it.
    package let producerEpoch: Int16
    /// Which life of the coordinator ended the transaction.
    package let coordinatorEpoch: Int32

    /// Creates a marker.
    package init(isCommit: Bool, producerID: Int64, producerEpoch: Int16, coordinatorEpoch: Int32 = 0) {
        precondition(producerID >= 0 && producerEpoch >= 0, "a marker belongs to a producer")
        self.isCommit = isCommit
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// The marker that a control batch holds; nil for a control batch of another kind.
    /// - Throws: ``RecordError`` for a batch that is no control batch or cannot be read.
    package init?(reading batch: UnsafeRawBufferPointer) throws(RecordError) {
        let decoded = try DecodedBatch(batch)
        guard decoded.header.isControl else { throw RecordError(.badHeader, "a batch of records, not of a marker") }
        guard let record = decoded.records(in: batch).first else { return nil }
        guard let key = record.key, key.count >= 4 else {
            throw RecordError(.badRecord, "a control record has no type")
        }
        let type: Int16 = key.number(2)
        guard type == 0 || type == 1 else { return nil }
        guard let value = record.value, value.count >= 6, decoded.header.producerID >= 0,
            decoded.header.producerEpoch >= 0
        else { throw RecordError(.badRecord, "the marker of a transaction has no coordinator or no producer") }
        self.init(
            isCommit: type == 1, producerID: decoded.header.producerID, producerEpoch: decoded.header.producerEpoch,
            coordinatorEpoch: value.number(2))
    }

    /// Appends the marker's batch.
    package func append(to buffer: inout ByteBuffer, at offset: Offset, timestamp: WallTime, leaderEpoch: Int32 = 0) {
        var header = RecordBatchHeader(baseOffset: offset, leaderEpoch: leaderEpoch, timestamp: timestamp.millis)
        header.attributes = 16 | 32
        header.producerID = producerID
        header.producerEpoch = producerEpoch
        header.recordCount = 1
        let start = buffer.count
        buffer.append(room: Self.byteCount) { room in
            var record = ByteBuffer(capacity: 32)
            // Length, attributes, both deltas; key: version and type; value: version and coordinator; no headers.
            record.append([16 << 1, 0, 0, 0, 4 << 1])
            record.append(bigEndian: 0 as Int16)
            record.append(bigEndian: (isCommit ? 1 : 0) as Int16)
            record.append(6 << 1)
            record.append(bigEndian: 0 as Int16)
            record.append(bigEndian: coordinatorEpoch)
            record.append(0)
            let batch = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Self.byteCount))
            UnsafeMutableRawBufferPointer(rebasing: batch[RecordBatchHeader.byteCount...]).copyMemory(
                from: record.bytes)
            header.write(to: batch)
            return Self.byteCount
        }
        assert(buffer.count - start == Self.byteCount)
    }
}
