// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The 61 bytes in front of the records of a batch of format version 2.
package struct RecordBatchHeader: Sendable, Hashable {
    /// How long it is.
    package static let byteCount = 61
    /// The bytes before `batchLength` begins to count.
    package static let lengthOverhead = 12
    /// Where the bytes begin that the checksum covers.
    package static let checkedFrom = 21

    /// The offset of the first record; given by the log.
    package internal(set) var baseOffset: Int64
    /// Bytes after this field.
    package internal(set) var batchLength: Int32
    /// Given by the log; not covered by the checksum.
    package internal(set) var partitionLeaderEpoch: Int32
    /// The checksum of everything from ``checkedFrom`` on.
    package internal(set) var crc: UInt32
    /// Codec, timestamp type, transactional, control, delete horizon.
    package internal(set) var attributes: Int16
    /// The last record's offset less the base offset; stays after compaction.
    package internal(set) var lastOffsetDelta: Int32
    /// The timestamp that records count theirs from; milliseconds.
    package internal(set) var baseTimestamp: Int64
    /// The latest timestamp; the append time when ``hasAppendTime``.
    package internal(set) var maxTimestamp: Int64
    /// Who sends idempotently; -1 for nobody.
    package internal(set) var producerID: Int64
    /// The producer's life; -1 for none.
    package internal(set) var producerEpoch: Int16
    /// The first record's number in the producer's count; -1 for none.
    package internal(set) var baseSequence: Int32
    /// How many records follow.
    package internal(set) var recordCount: Int32

    /// All bytes of the batch.
    package var totalByteCount: Int { Self.lengthOverhead + Int(batchLength) }
    /// How the records are compressed; nil for a number that stands for none.
    package var codec: RecordCodec? { RecordCodec(rawValue: attributes & 7) }
    /// Whether every record's time is the time of the append.
    package var hasAppendTime: Bool { attributes & 8 != 0 }
    /// Whether the batch is part of a transaction.
    package var isTransactional: Bool { attributes & 16 != 0 }
    /// Whether the batch holds a marker and no records of users.
    package var isControl: Bool { attributes & 32 != 0 }
    /// Whether tombstones and markers in the batch go at ``deleteHorizon``.
    package var hasDeleteHorizon: Bool { attributes & 64 != 0 }
    /// When a compaction may drop the batch's tombstones and markers; set by the compaction that saw them first.
    package var deleteHorizon: WallTime? { hasDeleteHorizon ? WallTime(millis: baseTimestamp) : nil }
    /// The last record's number in the producer's count, which goes from 2^31 - 1 on at 0; -1 for none.
    package var lastSequence: Int32 {
        baseSequence < 0 ? -1 : Int32((Int64(baseSequence) + Int64(lastOffsetDelta)) & 0x7FFF_FFFF)
    }
    /// The offset of the last record.
    package var lastOffset: Int64 { baseOffset + Int64(lastOffsetDelta) }

    /// How many bytes the batch at the front of `bytes` says it has; nil when fewer than 12 are there or the number
    /// cannot be (it is less than a header, or more than `limit`).
    package static func totalByteCount(_ bytes: UnsafeRawBufferPointer, limit: Int = 1 << 30) -> Int? {
        guard bytes.count >= lengthOverhead else { return nil }
        let total = Int(bytes.number(8, Int32.self)) + lengthOverhead
        return (byteCount...max(byteCount, limit)).contains(total) ? total : nil
    }

    /// Reads and checks the header of the batch that `bytes` begins with; what follows the batch is not looked at.
    /// - Parameter isFresh: whether the batch comes from a producer: no offsets may be left out then.
    /// - Throws: ``RecordError`` for an incomplete batch, another format, a field that cannot be.
    package init(reading bytes: UnsafeRawBufferPointer, isFresh: Bool = false) throws(RecordError) {
        guard bytes.count >= Self.byteCount else {
            throw RecordError(.incomplete, "a batch header is \(Self.byteCount) bytes; found \(bytes.count)")
        }
        let base = bytes.baseAddress!
        let magic = base.load(fromByteOffset: 16, as: Int8.self)
        guard magic == 2 else {
            throw RecordError(.unsupportedFormat, "records of format version \(magic) are not read, only those of 2")
        }
        // The length is checked once for all fields.
        @inline(__always) func number<Number: FixedWidthInteger>(_ at: Int) -> Number {
            Number(bigEndian: base.loadUnaligned(fromByteOffset: at, as: Number.self))
        }
        baseOffset = number(0)
        batchLength = number(8)
        partitionLeaderEpoch = number(12)
        crc = number(17)
        attributes = number(21)
        lastOffsetDelta = number(23)
        baseTimestamp = number(27)
        maxTimestamp = number(35)
        producerID = number(43)
        producerEpoch = number(51)
        baseSequence = number(53)
        recordCount = number(57)
        guard Int(batchLength) >= Self.byteCount - Self.lengthOverhead else {
            throw RecordError(.badHeader, "a batch's length is \(batchLength), less than its header")
        }
        guard totalByteCount <= bytes.count else {
            throw RecordError(.incomplete, "a batch of \(totalByteCount) bytes; found \(bytes.count)")
        }
        guard baseOffset >= 0, lastOffsetDelta >= 0, baseOffset <= Int64.max - Int64(lastOffsetDelta) - 1 else {
            throw RecordError(.badHeader, "a batch's offsets are \(baseOffset) and \(lastOffsetDelta) more")
        }
        guard attributes & ~0x7F == 0, attributes & 7 <= RecordCodec.zstd.rawValue else {
            throw RecordError(.badHeader, "a batch's attributes are \(attributes)")
        }
        guard recordCount >= 0, Int64(recordCount) <= Int64(lastOffsetDelta) + 1,
            !isFresh || Int64(recordCount) == Int64(lastOffsetDelta) + 1
        else {
            throw RecordError(
                .badHeader, "a batch's record count is \(recordCount) and its last offset delta \(lastOffsetDelta)")
        }
        guard attributes & 7 != RecordCodec.none.rawValue || Int(recordCount) * 7 <= Int(batchLength) - 49 else {
            throw RecordError(.badHeader, "\(recordCount) records do not fit into a batch of \(batchLength) bytes")
        }
    }

    /// Reads the header and checks the whole batch by its checksum.
    package init(verifying bytes: UnsafeRawBufferPointer, isFresh: Bool = false) throws(RecordError) {
        try self.init(reading: bytes, isFresh: isFresh)
        try verify(bytes)
    }

    /// The header of a batch that is being made: nobody's records, made at `timestamp`.
    init(baseOffset: Offset, leaderEpoch: Int32, timestamp: Int64) {
        self.baseOffset = baseOffset.value
        batchLength = Int32(Self.byteCount - Self.lengthOverhead)
        partitionLeaderEpoch = leaderEpoch
        crc = 0
        attributes = 0
        lastOffsetDelta = 0
        baseTimestamp = timestamp
        maxTimestamp = timestamp
        producerID = -1
        producerEpoch = -1
        baseSequence = -1
        recordCount = 0
    }

    /// Checks the bytes of the batch by its checksum.
    func verify(_ bytes: UnsafeRawBufferPointer) throws(RecordError) {
        let checksum = CRC32C.checksum(bytes.part(Self.checkedFrom..<totalByteCount))
        guard checksum == crc else {
            throw RecordError(.badChecksum, "a batch's checksum is \(crc); its bytes give \(checksum)")
        }
    }
}
