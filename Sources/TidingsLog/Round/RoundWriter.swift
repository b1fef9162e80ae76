// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Puts a round together in one buffer that is kept and reused.
struct RoundWriter: ~Copyable {
    private var buffer = ByteBuffer(capacity: 64 << 10)
    private var entryCount = 0
    private var added = 0

    /// The round's bytes, with what fills its last page; valid until the next change.
    var bytes: UnsafeRawBufferPointer { buffer.bytes }
    /// The batches alone, one after the other in the order they were added; valid until the next change.
    var batches: UnsafeRawBufferPointer {
        buffer.bytes.part(tableEnd..<tableEnd + batchBytes)
    }

    private(set) var batchBytes = 0
    private var tableEnd: Int { RoundHeader.byteCount + entryCount * RoundEntry.byteCount }

    /// Starts a round of `entryCount` batches.
    mutating func begin(entryCount: Int) {
        buffer.removeAll()
        self.entryCount = entryCount
        added = 0
        batchBytes = 0
        zeros(tableEnd)
    }

    private mutating func zeros(_ count: Int) {
        buffer.append(room: count) { room in
            room.baseAddress!.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            return count
        }
    }

    /// Adds a sealed batch.
    mutating func add(_ batch: UnsafeRawBufferPointer, of partition: PartitionID, at base: Offset, records: Int32) {
        precondition(added < entryCount, "a round was begun for \(entryCount) batches")
        let at = RoundHeader.byteCount + added * RoundEntry.byteCount
        buffer.append(batch)
        let bytes = buffer.mutableBytes
        bytes.store(partition.topic.number, at)
        bytes.store(partition.index, at + 4)
        bytes.store(base.value, at + 8)
        bytes.store(UInt32(batch.count), at + 16)
        bytes.store(records, at + 20)
        added += 1
        batchBytes += batch.count
    }

    /// Completes the round: header, checksums and the zeros behind it.
    mutating func finish(life: LogLife, number: UInt64, lastSynced: UInt64, time: WallTime) {
        precondition(added == entryCount, "a round of \(entryCount) batches got \(added)")
        let count = buffer.count
        let (tableEnd, batchBytes) = (self.tableEnd, self.batchBytes)
        let table = CRC32C.checksum(buffer.bytes.part(RoundHeader.byteCount..<tableEnd))
        let batches = CRC32C.checksum(buffer.bytes.part(tableEnd..<count))
        let bytes = buffer.mutableBytes
        bytes.store(RoundHeader.magic, 0)
        bytes.store(life.nonce, 8)
        bytes.store(life.generation, 16)
        bytes.store(UInt32(entryCount), 20)
        bytes.store(number, 24)
        bytes.store(lastSynced, 32)
        bytes.store(time.millis, 40)
        bytes.store(UInt64(batchBytes), 48)
        bytes.store(table, 56)
        bytes.store(batches, 60)
        bytes.store(0 as UInt32, 64)
        bytes.store(CRC32C.checksum(UnsafeRawBufferPointer(bytes).part(0..<RoundHeader.byteCount - 4)), 68)
        zeros(RoundHeader.padded(count) - count)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Stores a number, big-endian; it must lie inside.
    func store(_ number: some FixedWidthInteger, _ at: Int) {
        withUnsafeBytes(of: number.bigEndian) { from in
            precondition(at >= 0 && at + from.count <= count, "a number outside of the bytes")
            (baseAddress! + at).copyMemory(from: from.baseAddress!, byteCount: from.count)
        }
    }
}
