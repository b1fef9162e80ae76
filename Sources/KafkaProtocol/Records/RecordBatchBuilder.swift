// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Puts records together into one batch of format version 2; kept and reused.
package struct RecordBatchBuilder: ~Copyable {
    /// From how many records on a batch is compressed, if it also has ``compressedFromBytes``.
    package static let compressedFromRecords = 8
    /// From how many bytes of records on a batch is compressed, if it also has ``compressedFromRecords``.
    package static let compressedFromBytes = 2_048

    /// The header's room, then the records.
    private var plain: ByteBuffer
    private var compressed = ByteBuffer(capacity: 16)
    /// How many records it has.
    package private(set) var count: Int32 = 0
    private var baseTimestamp: Int64 = 0
    private var maxTimestamp: Int64 = 0

    /// Makes an empty batch with room for some bytes of records.
    package init(capacity: Int = 16 * 1_024) {
        plain = ByteBuffer(capacity: capacity + RecordBatchHeader.byteCount)
        makeHeaderRoom()
    }

    /// How many bytes the batch has before compression, the header included.
    package var byteCount: Int { plain.count }

    /// The most that ``add(body:timestamp:)`` makes of a body.
    package static func maximumByteCount(body: Int) -> Int { body + 5 + 1 + 10 + 5 }

    /// Adds a record: its delta of offset, by which its place is known once the batch has one.
    /// - Parameter body: what follows offsetDelta in the record format; taken as it is.
    @discardableResult
    package mutating func add(body: UnsafeRawBufferPointer, timestamp: WallTime) -> Int32 {
        precondition(body.count <= Int(Int32.max) - 64, "a record of more than 2 GiB")
        let delta = count
        if delta == 0 {
            baseTimestamp = timestamp.millis
            maxTimestamp = timestamp.millis
        } else {
            maxTimestamp = max(maxTimestamp, timestamp.millis)
        }
        let timestampDelta = timestamp.millis &- baseTimestamp
        let length = 1 + Varint.byteCount(timestampDelta) + Varint.byteCount(Int64(delta)) + body.count
        plain.append(varint: Int64(length))
        plain.append(0 as UInt8)
        plain.append(varint: timestampDelta)
        plain.append(varint: Int64(delta))
        plain.append(body)
        count += 1
        return delta
    }

    /// Fills in the header, compresses when that pays, and hands out the whole batch, valid until the next change.
    /// - Parameter compresses: false keeps the records plain, whatever their number.
    package mutating func seal(
        baseOffset: Offset, leaderEpoch: Int32 = 0, compresses: Bool = true
    ) -> UnsafeRawBufferPointer {
        precondition(count > 0, "a batch has at least one record")
        let records = plain.count - RecordBatchHeader.byteCount
        if compresses, count >= Self.compressedFromRecords, records >= Self.compressedFromBytes {
            compressed.removeAll()
            compressed.append(room: RecordBatchHeader.byteCount) { room in
                room.baseAddress!.initializeMemory(as: UInt8.self, repeating: 0, count: RecordBatchHeader.byteCount)
                return RecordBatchHeader.byteCount
            }
            if LZ4.compress(plain.bytes.part(RecordBatchHeader.byteCount..<plain.count), into: &compressed),
                compressed.count < plain.count
            {
                fill(compressed.mutableBytes, baseOffset, leaderEpoch, .lz4)
                return compressed.bytes
            }
        }
        fill(plain.mutableBytes, baseOffset, leaderEpoch, .none)
        return plain.bytes
    }

    /// Forgets the records and keeps the memory.
    package mutating func removeAll() {
        plain.removeAll()
        makeHeaderRoom()
        count = 0
    }

    private mutating func makeHeaderRoom() {
        plain.append(room: RecordBatchHeader.byteCount) { room in
            room.baseAddress!.initializeMemory(as: UInt8.self, repeating: 0, count: RecordBatchHeader.byteCount)
            return RecordBatchHeader.byteCount
        }
    }

    private func fill(
        _ batch: UnsafeMutableRawBufferPointer, _ baseOffset: Offset, _ leaderEpoch: Int32, _ codec: RecordCodec
    ) {
        func store(_ number: some FixedWidthInteger, _ at: Int) {
            withUnsafeBytes(of: number.bigEndian) {
                (batch.baseAddress! + at).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        store(baseOffset.value, 0)
        store(Int32(batch.count - RecordBatchHeader.lengthOverhead), 8)
        store(leaderEpoch, 12)
        store(2 as Int8, 16)
        store(codec.rawValue, 21)
        store(count - 1, 23)
        store(baseTimestamp, 27)
        store(maxTimestamp, 35)
        store(-1 as Int64, 43)
        store(-1 as Int16, 51)
        store(-1 as Int32, 53)
        store(count, 57)
        let checked = UnsafeRawBufferPointer(batch).part(RecordBatchHeader.checkedFrom..<batch.count)
        store(CRC32C.checksum(checked), 17)
    }
}

/// The record format's zigzag numbers.
package enum Varint {
    /// How many bytes a number takes.
    package static func byteCount(_ number: Int64) -> Int {
        let bits = 64 - (UInt64(bitPattern: number << 1 ^ number >> 63) | 1).leadingZeroBitCount
        return (bits + 6) / 7
    }
}
