// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// One life of a data folder: begins with every open. Rounds carry it, so that what an older life left in a block is
/// never taken for the newer one's, and what a client sends cannot pass for a round.
struct LogLife: Hashable, Sendable {
    /// Counts the lives from 1.
    let generation: UInt32
    /// Drawn at random when the life began; told to nobody.
    let nonce: UInt64
}

/// One batch of a round: where it belongs, and how long it is.
struct RoundEntry: Hashable, Sendable {
    static let byteCount = 24

    let partition: PartitionID
    let baseOffset: Offset
    let recordCount: Int32
    let byteCount: Int

    /// The offset after the last one of the batch.
    var endOffset: Offset { baseOffset + Int64(recordCount) }
}

/// The 72 bytes in front of a round's table and batches, big-endian:
///
/// | at | field |
/// |--:|---|
/// | 0 | magic "TIDROUND" |
/// | 8 | nonce of the life |
/// | 16 | generation |
/// | 20 | number of entries |
/// | 24 | number of the round |
/// | 32 | last round that was synced when this one was written |
/// | 40 | time, milliseconds since 1970 |
/// | 48 | bytes of all batches |
/// | 56 | CRC-32C of the table |
/// | 60 | CRC-32C of all batches |
/// | 64 | zero |
/// | 68 | CRC-32C of the 68 bytes before |
///
/// Then the table (24 bytes per batch: topic, partition, base offset, bytes, records), then the batches, then zeros to
/// the next multiple of 4,096: a round never shares a page with another, so writing one cannot tear an older one.
struct RoundHeader: Hashable, Sendable {
    static let byteCount = 72
    static let alignment = 4096
    static let magic: UInt64 = 0x5449_4452_4F55_4E44

    let life: LogLife
    let number: UInt64
    let lastSynced: UInt64
    let time: WallTime
    let entryCount: Int
    let batchBytes: Int
    let tableChecksum: UInt32
    let batchChecksum: UInt32

    /// Bytes of the round without what fills its last page.
    var byteCount: Int { Self.byteCount + entryCount * RoundEntry.byteCount + batchBytes }
    /// Bytes the round takes in a block.
    var paddedByteCount: Int { Self.padded(byteCount) }

    static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// Reads a header: nil for anything that is not one, whole and unchanged.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let magic = reader.number(UInt64.self), magic == Self.magic, bytes.count >= Self.byteCount,
            let nonce = reader.number(UInt64.self), let generation = reader.number(UInt32.self),
            let entries = reader.number(UInt32.self), let number = reader.number(UInt64.self),
            let lastSynced = reader.number(UInt64.self), let millis = reader.number(Int64.self),
            let batchBytes = reader.number(UInt64.self), let tableChecksum = reader.number(UInt32.self),
            let batchChecksum = reader.number(UInt32.self), reader.number(UInt32.self) != nil,
            let checksum = reader.number(UInt32.self),
            checksum == CRC32C.checksum(bytes.part(0..<Self.byteCount - 4)),
            entries <= 1 << 24, batchBytes <= 1 << 31
        else { return nil }
        life = LogLife(generation: generation, nonce: nonce)
        self.number = number
        self.lastSynced = lastSynced
        time = WallTime(millis: millis)
        entryCount = Int(entries)
        self.batchBytes = Int(batchBytes)
        self.tableChecksum = tableChecksum
        self.batchChecksum = batchChecksum
    }
}

/// A round as read: its header, its table, and which part of it is whole.
struct Round: Sendable {
    /// What is known of a round's bytes.
    enum Condition: Sendable {
        /// Every checksum matches.
        case whole
        /// The table is whole; of the batches only their own checksums can speak.
        case damagedBatches
        /// Header only.
        case damagedTable
    }

    let header: RoundHeader
    /// Empty when the table is damaged.
    let entries: [RoundEntry]
    let condition: Condition
    /// Where each entry's batch begins, counted from the round's first byte.
    var batchPositions: [Int] {
        var at = RoundHeader.byteCount + header.entryCount * RoundEntry.byteCount
        return entries.map { entry in
            defer { at += entry.byteCount }
            return at
        }
    }

    /// Reads the round that `bytes` begin with; nil when they begin with none. Never traps, whatever the bytes.
    /// - Parameter verifies: false only where a test plants that fault.
    init?(_ bytes: UnsafeRawBufferPointer, verifies: Bool = true) {
        guard let header = RoundHeader(bytes) else { return nil }
        self.header = header
        let tableEnd = RoundHeader.byteCount + header.entryCount * RoundEntry.byteCount
        guard tableEnd <= bytes.count,
            case let table = bytes.part(RoundHeader.byteCount..<tableEnd),
            CRC32C.checksum(table) == header.tableChecksum,
            let entries = Round.entries(table, header)
        else {
            entries = []
            condition = .damagedTable
            return
        }
        self.entries = entries
        let isWhole =
            header.byteCount <= bytes.count
            && (!verifies || CRC32C.checksum(bytes.part(tableEnd..<header.byteCount)) == header.batchChecksum)
        condition = isWhole ? .whole : .damagedBatches
    }

    private static func entries(_ table: UnsafeRawBufferPointer, _ header: RoundHeader) -> [RoundEntry]? {
        var reader = ByteReader(table)
        var entries: [RoundEntry] = []
        entries.reserveCapacity(header.entryCount)
        var sum = 0
        for _ in 0..<header.entryCount {
            guard let topic = reader.number(UInt32.self), let index = reader.number(Int32.self),
                let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let bytes = reader.number(UInt32.self), let records = reader.number(Int32.self),
                records > 0, base.value <= Int64.max - Int64(records) - 1
            else { return nil }
            sum += Int(bytes)
            entries.append(
                RoundEntry(
                    partition: PartitionID(TopicID(topic), index), baseOffset: base, recordCount: records,
                    byteCount: Int(bytes)))
        }
        return sum == header.batchBytes ? entries : nil
    }
}
