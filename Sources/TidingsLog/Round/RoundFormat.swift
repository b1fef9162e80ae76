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

/// One batch of a round: where it belongs, how long it is, and where it lies.
struct RoundEntry: Hashable, Sendable {
    static let byteCount = 32
    static let firstByteCount = 24
    /// The first bytes of a batch: what its own checksum does not cover, and that checksum.
    static let headByteCount = RecordBatchHeader.checkedFrom

    let partition: PartitionID
    let baseOffset: Offset
    let recordCount: Int32
    let byteCount: Int
    /// Where the batch begins, counted from the round's first byte.
    let position: Int
    /// CRC-32C of the batch's first ``headByteCount`` bytes; the batch's own checksum vouches for the rest.
    let headChecksum: UInt32

    /// The offset after the last one of the batch.
    var endOffset: Offset { baseOffset + Int64(recordCount) }

    /// The batch in a round's bytes; nil when it is not whole and unchanged.
    /// - Parameter verifies: false only where a test plants that fault.
    func batch(in round: UnsafeRawBufferPointer, verifies: Bool = true) -> UnsafeRawBufferPointer? {
        guard position <= round.count, byteCount <= round.count - position, byteCount >= RecordBatchHeader.byteCount
        else { return nil }
        let batch = round.part(position..<position + byteCount)
        if !verifies { return batch }
        guard CRC32C.checksum(batch.part(0..<Self.headByteCount)) == headChecksum,
            let header = try? RecordBatchHeader(verifying: batch), header.totalByteCount == byteCount,
            header.baseOffset == baseOffset.value
        else { return nil }
        return batch
    }
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
/// | 32 | last synced round when this one was written |
/// | 40 | time, milliseconds since 1970 |
/// | 48 | bytes from the round's first to its last batch's end |
/// | 56 | CRC-32C of the table |
/// | 60 | zero |
/// | 64 | form of the round: 1; 0x100 more when the round is relaxed |
/// | 68 | CRC-32C of the 68 bytes before |
///
/// Then the table (32 bytes per batch: topic, partition, base offset, bytes, records, position, CRC-32C of the batch's
/// first 21 bytes), then the batches: small ones one after the other, large ones each from a page of its own, so that they
/// are written from where they lie. Zeros fill the last page: a round never shares a page with another, so writing one
/// cannot tear an older one. Batches are checked by their own checksums: no byte is summed twice.
struct RoundHeader: Hashable, Sendable {
    static let byteCount = 72
    static let alignment = 4096
    static let magic: UInt64 = 0x5449_4452_4F55_4E44
    static let form: UInt32 = 1
    /// No log gets to rounds of this number: a header with one is damaged.
    static let limit: UInt64 = 1 << 62
    static let relaxedFlag: UInt32 = 0x100
    /// The form of folders with metadata of version 1: read, and not written any more. Its entries have no position and no
    /// checksum (24 bytes), its batches follow one another, and the bytes at 48 count these alone.
    static let firstForm: UInt32 = 0

    let life: LogLife
    let number: UInt64
    let lastSynced: UInt64
    let time: WallTime
    let entryCount: Int
    /// Bytes of the round without what fills its last page.
    let byteCount: Int
    let tableChecksum: UInt32
    /// Whether its records were acknowledged without a sync: it may be missing after a power loss.
    let isRelaxed: Bool
    /// Whether it was written by a version that knew only ``firstForm``.
    let hasFirstForm: Bool

    /// Bytes of header and table.
    var tableEnd: Int {
        Self.byteCount + entryCount * (hasFirstForm ? RoundEntry.firstByteCount : RoundEntry.byteCount)
    }

    /// Bytes the round takes in a block.
    var paddedByteCount: Int { Self.padded(byteCount) }

    static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// A header of a round without batches, for tests of the rules.
    init(life: LogLife, number: UInt64, lastSynced: UInt64, isRelaxed: Bool) {
        self.life = life
        self.number = number
        self.lastSynced = lastSynced
        self.isRelaxed = isRelaxed
        time = WallTime(millis: 0)
        entryCount = 0
        byteCount = Self.byteCount
        tableChecksum = 0
        hasFirstForm = false
    }

    /// Reads a header: nil for anything that is not one, whole and unchanged.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let magic = reader.number(UInt64.self), magic == Self.magic, bytes.count >= Self.byteCount,
            let nonce = reader.number(UInt64.self), let generation = reader.number(UInt32.self),
            let entries = reader.number(UInt32.self), let number = reader.number(UInt64.self),
            let lastSynced = reader.number(UInt64.self), let millis = reader.number(Int64.self),
            let byteCount = reader.number(UInt64.self), let tableChecksum = reader.number(UInt32.self),
            reader.number(UInt32.self) != nil, let form = reader.number(UInt32.self),
            let checksum = reader.number(UInt32.self),
            checksum == CRC32C.checksum(bytes.part(0..<Self.byteCount - 4)),
            form & ~Self.relaxedFlag == Self.form || form == Self.firstForm,
            entries <= 1 << 24, byteCount <= 1 << 31, number < RoundHeader.limit, lastSynced < RoundHeader.limit
        else { return nil }
        life = LogLife(generation: generation, nonce: nonce)
        self.number = number
        self.lastSynced = lastSynced
        time = WallTime(millis: millis)
        entryCount = Int(entries)
        hasFirstForm = form == Self.firstForm
        let tableEnd = Self.byteCount + entryCount * (hasFirstForm ? RoundEntry.firstByteCount : RoundEntry.byteCount)
        self.byteCount = hasFirstForm ? tableEnd + Int(byteCount) : max(Int(byteCount), tableEnd)
        self.tableChecksum = tableChecksum
        isRelaxed = form & Self.relaxedFlag != 0
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

    /// A round of which only the header is kept.
    init(header: RoundHeader, condition: Condition) {
        self.header = header
        entries = []
        self.condition = condition
    }

    /// Reads the round that `bytes` begin with; nil when they begin with none. Never traps, whatever the bytes.
    /// - Parameter verifies: false only where a test plants that fault.
    init?(_ bytes: UnsafeRawBufferPointer, verifies: Bool = true) {
        guard let header = RoundHeader(bytes) else { return nil }
        self.header = header
        let tableEnd = header.tableEnd
        guard tableEnd <= bytes.count,
            case let table = bytes.part(RoundHeader.byteCount..<tableEnd),
            CRC32C.checksum(table) == header.tableChecksum,
            let entries = header.hasFirstForm
                ? Round.firstEntries(bytes, header) : Round.entries(table, header)
        else {
            entries = []
            condition = .damagedTable
            return
        }
        self.entries = entries
        condition = entries.allSatisfy { $0.batch(in: bytes, verifies: verifies) != nil } ? .whole : .damagedBatches
    }

    private static func entries(_ table: UnsafeRawBufferPointer, _ header: RoundHeader) -> [RoundEntry]? {
        var reader = ByteReader(table)
        var entries: [RoundEntry] = []
        entries.reserveCapacity(header.entryCount)
        for _ in 0..<header.entryCount {
            guard let topic = reader.number(UInt32.self), let index = reader.number(Int32.self),
                let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let bytes = reader.number(UInt32.self), let records = reader.number(Int32.self),
                let position = reader.number(UInt32.self), let checksum = reader.number(UInt32.self),
                records > 0, base.value <= Int64.max - Int64(records) - 1,
                Int(position) + Int(bytes) <= header.byteCount
            else { return nil }
            entries.append(
                RoundEntry(
                    partition: PartitionID(TopicID(topic), index), baseOffset: base, recordCount: records,
                    byteCount: Int(bytes), position: Int(position), headChecksum: checksum))
        }
        return entries
    }
}

extension Round {
    /// The entries of a round of the first form; what it does not say of a batch is taken from the batch.
    private static func firstEntries(_ bytes: UnsafeRawBufferPointer, _ header: RoundHeader) -> [RoundEntry]? {
        var reader = ByteReader(bytes.part(RoundHeader.byteCount..<header.tableEnd))
        var entries: [RoundEntry] = []
        entries.reserveCapacity(header.entryCount)
        var position = header.tableEnd
        for _ in 0..<header.entryCount {
            guard let topic = reader.number(UInt32.self), let index = reader.number(Int32.self),
                let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let count = reader.number(UInt32.self), let records = reader.number(Int32.self),
                records > 0, base.value <= Int64.max - Int64(records) - 1,
                position + Int(count) <= header.byteCount
            else { return nil }
            let head = position..<min(position + RoundEntry.headByteCount, max(bytes.count, position))
            entries.append(
                RoundEntry(
                    partition: PartitionID(TopicID(topic), index), baseOffset: base, recordCount: records,
                    byteCount: Int(count), position: position,
                    headChecksum: head.upperBound <= bytes.count ? CRC32C.checksum(bytes.part(head)) : 0))
            position += Int(count)
        }
        return position == header.byteCount ? entries : nil
    }
}
