// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How a partition's folder and its files are called: Kafka's names.
enum SegmentNames {
    /// `log/<topic>-<n>`.
    static func folder(_ topic: TopicName, _ index: Int32) -> String { "log/\(topic.text)-\(index)" }

    /// The 20 digits of a base offset.
    static func digits(_ base: Offset) -> String {
        let digits = String(base.value)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    static func log(_ folder: String, _ base: Offset) -> String { folder + "/" + digits(base) + ".log" }
    /// Kafka's offset index: 8 bytes per entry, relative offset and position. It has no checksum, so what it says is only
    /// a hint, which a batch with that offset at that position confirms.
    static func index(_ folder: String, _ base: Offset) -> String { folder + "/" + digits(base) + ".index" }
    /// Kafka's time index: 12 bytes per entry, a timestamp and a relative offset. It has no checksum either: the batch
    /// that holds the offset confirms the timestamp.
    static func times(_ folder: String, _ base: Offset) -> String { folder + "/" + digits(base) + ".timeindex" }
    /// Which round each batch came in, and where it lies: 20 bytes per entry. What Tidings itself looks things up in.
    static func rounds(_ folder: String, _ base: Offset) -> String { folder + "/" + digits(base) + ".rounds" }

    /// Kafka's index of aborted transactions; only there when there are any.
    static func transactions(_ folder: String, _ base: Offset) -> String { folder + "/" + digits(base) + ".txnindex" }
    /// What is known of producers at an offset.
    static func producers(_ folder: String, _ at: Offset) -> String { folder + "/" + digits(at) + ".snapshot" }
    /// All files that a segment may have, the records first.
    static func all(_ folder: String, _ base: Offset) -> [String] {
        [
            log(folder, base), index(folder, base), times(folder, base), rounds(folder, base),
            transactions(folder, base),
        ]
    }

    /// The base offset in a segment's file name; nil for other names.
    static func base(ofLog name: String) -> Offset? {
        guard name.hasSuffix(".log"), name.utf8.count == 24 else { return nil }
        return Int64(name.dropLast(4)).flatMap { Offset(decoding: $0) }
    }
}

/// An entry of the `.rounds` index: the first offset a round has in a segment, the position of that batch, and a checksum.
struct RoundIndexEntry: IndexEntry {
    static let byteCount = 20

    let round: UInt64
    let relativeOffset: UInt32
    let position: UInt32

    init(round: UInt64, relativeOffset: UInt32, position: UInt32) {
        self.round = round
        self.relativeOffset = relativeOffset
        self.position = position
    }

    private var checksum: UInt32 {
        // A mixing function is enough: it tells a hole or a torn entry from a written one.
        var mixed = (round ^ 0x7469_6469_6E67_7321) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 29 ^ UInt64(relativeOffset) << 32 ^ UInt64(position)
        mixed = mixed &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: (mixed ^ mixed >> 31) >> 16)
    }

    func append(to buffer: inout ByteBuffer) {
        buffer.append(bigEndian: round)
        buffer.append(bigEndian: relativeOffset)
        buffer.append(bigEndian: position)
        buffer.append(bigEndian: checksum)
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let round = reader.number(UInt64.self), let relative = reader.number(UInt32.self),
            let position = reader.number(UInt32.self), let check = reader.number(UInt32.self)
        else { return nil }
        self.init(round: round, relativeOffset: relative, position: position)
        guard check == checksum else { return nil }
    }
}

/// An entry of an index file: so many bytes, one after the other.
protocol IndexEntry: Hashable, Sendable {
    static var byteCount: Int { get }
    init?(_ bytes: UnsafeRawBufferPointer)
    func append(to buffer: inout ByteBuffer)
}

/// An entry of Kafka's `.index`: where the batch that begins at an offset lies.
struct OffsetIndexEntry: IndexEntry {
    static let byteCount = 8

    let relativeOffset: UInt32
    let position: UInt32

    init(relativeOffset: UInt32, position: UInt32) {
        self.relativeOffset = relativeOffset
        self.position = position
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let relative = reader.number(UInt32.self), let position = reader.number(UInt32.self) else { return nil }
        self.init(relativeOffset: relative, position: position)
    }

    func append(to buffer: inout ByteBuffer) {
        buffer.append(bigEndian: relativeOffset)
        buffer.append(bigEndian: position)
    }
}

/// An entry of Kafka's `.timeindex`: the latest timestamp up to some batch, and the last offset of the batch that has it.
/// Every record up to that offset is of that time or earlier.
struct TimeIndexEntry: IndexEntry {
    static let byteCount = 12
    /// Before any record.
    static let beginning = TimeIndexEntry(timestamp: -1, relativeOffset: 0)

    let timestamp: Int64
    let relativeOffset: UInt32

    init(timestamp: Int64, relativeOffset: UInt32) {
        self.timestamp = timestamp
        self.relativeOffset = relativeOffset
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let timestamp = reader.number(Int64.self), let relative = reader.number(UInt32.self) else { return nil }
        self.init(timestamp: timestamp, relativeOffset: relative)
    }

    func append(to buffer: inout ByteBuffer) {
        buffer.append(bigEndian: timestamp)
        buffer.append(bigEndian: relativeOffset)
    }
}
