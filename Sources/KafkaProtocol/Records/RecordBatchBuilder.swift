// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Puts records together into one batch of format version 2; kept and reused.
package struct RecordBatchBuilder: ~Copyable {
    /// From how many records on a batch is compressed, if it also has ``compressedFromBytes``.
    package static let compressedFromRecords = 8
    /// From how many bytes of records on a batch is compressed, if it also has ``compressedFromRecords``.
    package static let compressedFromBytes = 2_048

    /// Who sends a batch idempotently or in a transaction.
    package struct Producer: Sendable, Hashable {
        /// The producer's id.
        package let id: Int64
        /// Its life.
        package let epoch: Int16
        /// The first record's number in its count.
        package let baseSequence: Int32
        /// Whether the batch is part of a transaction.
        package let isTransactional: Bool

        /// Creates a producer's word.
        package init(id: Int64, epoch: Int16, baseSequence: Int32, isTransactional: Bool = false) {
            precondition(id >= 0 && epoch >= 0 && baseSequence >= 0, "a producer counts from 0")
            self.id = id
            self.epoch = epoch
            self.baseSequence = baseSequence
            self.isTransactional = isTransactional
        }
    }

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
        plain.appendRecord(timestampDelta: timestamp.millis &- baseTimestamp, offsetDelta: Int64(delta), body: body)
        count += 1
        return delta
    }

    /// Fills in the header, compresses when that pays, and hands out the whole batch, valid until the next change.
    /// - Parameters:
    ///   - compresses: false keeps the records plain, whatever their number.
    ///   - codec: what they are compressed with.
    ///   - producer: who sends them; nil for records that nobody numbered.
    package mutating func seal(
        baseOffset: Offset, leaderEpoch: Int32 = 0, compresses: Bool = true, codec: RecordCodec = .lz4,
        producer: Producer? = nil
    ) -> UnsafeRawBufferPointer {
        precondition(count > 0, "a batch has at least one record")
        var header = RecordBatchHeader(baseOffset: baseOffset, leaderEpoch: leaderEpoch, timestamp: baseTimestamp)
        header.maxTimestamp = maxTimestamp
        header.lastOffsetDelta = count - 1
        header.recordCount = count
        if let producer {
            header.producerID = producer.id
            header.producerEpoch = producer.epoch
            header.baseSequence = producer.baseSequence
            if producer.isTransactional { header.attributes |= 16 }
        }
        let records = plain.count - RecordBatchHeader.byteCount
        if compresses, codec != RecordCodec.none, count >= Self.compressedFromRecords,
            records >= Self.compressedFromBytes
        {
            compressed.removeAll()
            compressed.append(zeros: RecordBatchHeader.byteCount)
            if codec.compress(plain.bytes.part(RecordBatchHeader.byteCount..<plain.count), into: &compressed),
                compressed.count < plain.count
            {
                header.attributes |= codec.rawValue
                header.write(to: compressed.mutableBytes)
                return compressed.bytes
            }
        }
        header.write(to: plain.mutableBytes)
        return plain.bytes
    }

    /// Forgets the records and keeps the memory.
    package mutating func removeAll() {
        plain.removeAll()
        makeHeaderRoom()
        count = 0
    }

    private mutating func makeHeaderRoom() { plain.append(zeros: RecordBatchHeader.byteCount) }
}

extension ByteBuffer {
    /// Appends a record: one check for room, then plain stores.
    @inline(__always)
    mutating func appendRecord(timestampDelta: Int64, offsetDelta: Int64, body: UnsafeRawBufferPointer) {
        let length = 1 &+ Varint.byteCount(timestampDelta) &+ Varint.byteCount(offsetDelta) &+ body.count
        append(room: RecordBatchBuilder.maximumByteCount(body: body.count)) { room in
            let start = room.baseAddress!
            var at = Varint.store(Int64(length), at: start)
            at.storeBytes(of: 0, as: UInt8.self)
            at = Varint.store(timestampDelta, at: at + 1)
            at = Varint.store(offsetDelta, at: at)
            if let from = body.baseAddress { at.copyMemory(from: from, byteCount: body.count) }
            return at - start + body.count
        }
    }

    /// Appends `count` bytes that are written later.
    mutating func append(zeros count: Int) {
        append(room: count) { room in
            room.baseAddress!.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            return count
        }
    }
}

/// The record format's zigzag numbers.
package enum Varint {
    /// Writes a number; answers the place behind it.
    @inline(__always)
    static func store(_ number: Int64, at place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        var (rest, at) = (UInt64(bitPattern: number << 1 ^ number >> 63), place)
        while rest >= 0x80 {
            at.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            at += 1
            rest >>= 7
        }
        at.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return at + 1
    }

    /// How many bytes a number takes.
    @inline(__always)
    package static func byteCount(_ number: Int64) -> Int {
        let highest = 63 - (UInt64(bitPattern: number << 1 ^ number >> 63) | 1).leadingZeroBitCount
        // highest / 7 + 1 without a division; right for all 64 bits.
        return (highest &* 9 &+ 73) >> 6
    }
}
