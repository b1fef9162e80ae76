// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads big-endian numbers and zigzag varints out of outside bytes; every step is checked.
struct RecordReader {
    let base: UnsafeRawPointer
    let end: Int
    var position: Int

    init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
        base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        end = bytes.count
        self.position = position
    }

    var left: Int { end - position }

    @inline(__always) mutating func byte() throws(RecordError) -> UInt8 {
        guard position < end else { throw Self.endsEarly }
        let value = base.load(fromByteOffset: position, as: UInt8.self)
        position += 1
        return value
    }

    /// A zigzag varint of up to 64 bits.
    @inline(__always) mutating func varlong() throws(RecordError) -> Int64 {
        let first = try byte()
        if first < 0x80 { return Int64(first >> 1) ^ -Int64(first & 1) }
        var sum = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let next = try byte()
            if shift == 63, next > 1 { throw RecordError(.badRecord, "a number in a record has more than 64 bits") }
            sum |= UInt64(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
            if shift > 63 { throw RecordError(.badRecord, "a number in a record has more than 64 bits") }
        }
        return Int64(bitPattern: sum >> 1) ^ -Int64(bitPattern: sum & 1)
    }

    /// A zigzag varint of up to 32 bits.
    @inline(__always) mutating func varint() throws(RecordError) -> Int32 {
        guard let value = Int32(exactly: try varlong()) else {
            throw RecordError(.badRecord, "a number in a record has more than 32 bits")
        }
        return value
    }

    /// A length and that many bytes: where they begin, and how many they are; -1 for null.
    @inline(__always) mutating func field() throws(RecordError) -> (start: Int, count: Int) {
        let count = Int(try varint())
        if count < 0 {
            guard count == -1 else { throw RecordError(.badRecord, "a length in a record is \(count)") }
            return (position, -1)
        }
        guard count <= left else { throw Self.endsEarly }
        let start = position
        position += count
        return (start, count)
    }

    static let endsEarly = RecordError(.badRecord, "a record ends before its fields do")
}

extension UnsafeRawBufferPointer {
    /// A big-endian number; `at` and its size must lie inside.
    @inline(__always) package func number<Number: FixedWidthInteger>(_ at: Int, _: Number.Type = Number.self) -> Number
    {
        precondition(at >= 0 && at + MemoryLayout<Number>.size <= count, "a number outside of the bytes")
        return Number(bigEndian: loadUnaligned(fromByteOffset: at, as: Number.self))
    }
}
