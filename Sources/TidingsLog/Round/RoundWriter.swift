// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Puts a round together in one buffer that is kept and reused; large batches stay where they are and are written from
/// there. Everything begins and ends on pages, so that no byte of it has to pass through the system's page cache.
struct RoundWriter: ~Copyable {
    /// From this size on a batch is not copied into the round's buffer.
    static let sharedFrom = 32 << 10

    private var buffer = PageBuffer()
    private var entryCount = 0
    private var added = 0
    /// Large batches, in the order they were added, each with where its entry's position stands in the table.
    private var shared: [(bytes: SharedBytes, entry: Int)] = []

    /// The bytes of the round, piece by piece; each is whole pages, and valid until the next change.
    private(set) var pieces: [UnsafeRawBufferPointer] = []
    /// Bytes of all pieces.
    private(set) var byteCount = 0
    /// Bytes of all batches.
    private(set) var batchBytes = 0

    /// The batches that were copied, one after the other; valid until the next change.
    var copiedBatches: UnsafeRawBufferPointer { buffer.bytes.part(tableEnd..<copiedEnd) }
    private var copiedEnd = 0
    private var tableEnd: Int { RoundHeader.byteCount + entryCount * RoundEntry.byteCount }

    /// Starts a round of `entryCount` batches.
    mutating func begin(entryCount: Int) {
        buffer.removeAll()
        shared.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        self.entryCount = entryCount
        added = 0
        batchBytes = 0
        byteCount = 0
        buffer.appendZeros(tableEnd)
    }

    /// Adds a batch that is copied; with an append time its records get that time.
    /// - Returns: where it lies among ``copiedBatches``.
    @discardableResult
    mutating func add(
        _ batch: UnsafeRawBufferPointer, of partition: PartitionID, at base: Offset, records: Int32,
        appendTime: WallTime? = nil
    ) -> Range<Int> {
        let position = buffer.count
        buffer.append(batch)
        if let appendTime {
            let copy = UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[position...])
            RecordBatchHeader.stamp(copy, appendTime: appendTime)
        }
        let head = CRC32C.checksum(buffer.bytes.part(position..<position + RoundEntry.headByteCount))
        addEntry(batch.count, head, of: partition, at: base, records: records, position: position)
        return position - tableEnd..<position - tableEnd + batch.count
    }

    /// Adds a batch that is written from where it lies: from a page's beginning, with room up to a page's end.
    mutating func add(shared batch: SharedBytes, of partition: PartitionID, at base: Offset, records: Int32) {
        precondition(batch.isPaged, "a batch that is not copied lies on pages")
        shared.append((batch, added))
        let head = CRC32C.checksum(batch.buffer.part(0..<RoundEntry.headByteCount))
        addEntry(batch.count, head, of: partition, at: base, records: records, position: 0)
    }

    private mutating func addEntry(
        _ count: Int, _ headChecksum: UInt32, of partition: PartitionID, at base: Offset, records: Int32,
        position: Int
    ) {
        precondition(added < entryCount, "a round was begun for \(entryCount) batches")
        let at = RoundHeader.byteCount + added * RoundEntry.byteCount
        let bytes = buffer.mutableBytes
        bytes.store(partition.topic.number, at)
        bytes.store(partition.index, at + 4)
        bytes.store(base.value, at + 8)
        bytes.store(UInt32(count), at + 16)
        bytes.store(records, at + 20)
        bytes.store(UInt32(position), at + 24)
        bytes.store(headChecksum, at + 28)
        added += 1
        batchBytes += count
    }

    /// Completes the round: header, checksums and the zeros behind it.
    mutating func finish(
        life: LogLife, number: UInt64, lastSynced: UInt64, time: WallTime, isRelaxed: Bool = false
    ) {
        precondition(added == entryCount, "a round of \(entryCount) batches got \(added)")
        copiedEnd = buffer.count
        var end = copiedEnd
        buffer.appendZeros(RoundHeader.padded(copiedEnd) - copiedEnd)
        let bytes = buffer.mutableBytes
        byteCount = bytes.count
        for (batch, entry) in shared {
            bytes.store(UInt32(byteCount), RoundHeader.byteCount + entry * RoundEntry.byteCount + 24)
            end = byteCount + batch.count
            byteCount += RoundHeader.padded(batch.count)
        }
        let table = CRC32C.checksum(UnsafeRawBufferPointer(bytes).part(RoundHeader.byteCount..<tableEnd))
        bytes.store(RoundHeader.magic, 0)
        bytes.store(life.nonce, 8)
        bytes.store(life.generation, 16)
        bytes.store(UInt32(entryCount), 20)
        bytes.store(number, 24)
        bytes.store(lastSynced, 32)
        bytes.store(time.millis, 40)
        bytes.store(UInt64(end), 48)
        bytes.store(table, 56)
        bytes.store(0 as UInt32, 60)
        bytes.store(RoundHeader.form | (isRelaxed ? RoundHeader.relaxedFlag : 0), 64)
        bytes.store(CRC32C.checksum(UnsafeRawBufferPointer(bytes).part(0..<RoundHeader.byteCount - 4)), 68)
        pieces.append(UnsafeRawBufferPointer(bytes))
        for (batch, _) in shared { pieces.append(batch.pages) }
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
