// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A record of delivery's own state that cannot be understood.
struct StateError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads the numbers and bytes that delivery's records are made of; every step is checked.
struct StateReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(StateError) -> UInt8 {
        guard position < bytes.count else { throw StateError("a record ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() throws(StateError) -> Int64 {
        var sum: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw StateError("a number has more than 64 bits") }
            sum |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return Int64(bitPattern: sum >> 1) ^ -Int64(bitPattern: sum & 1) }
            shift += 7
            guard shift <= 63 else { throw StateError("a number has more than 64 bits") }
        }
    }

    /// A number of things that follow, each of at least `bytes` bytes.
    mutating func count(ofAtLeast size: Int = 1) throws(StateError) -> Int {
        let count = try number()
        guard count >= 0, count <= Int64((bytes.count - position) / size) else {
            throw StateError("\(count) things do not fit into \(bytes.count - position) bytes")
        }
        return Int(count)
    }

    mutating func offset() throws(StateError) -> Offset {
        guard let offset = Offset(decoding: try number()) else { throw StateError("an offset is negative") }
        return offset
    }

    mutating func partition() throws(StateError) -> PartitionID {
        let topic = try number()
        let index = try number()
        guard let topic = UInt32(exactly: topic), let index = Int32(exactly: index), index >= 0 else {
            throw StateError("a partition is \(topic)-\(index)")
        }
        return PartitionID(TopicID(topic), index)
    }

    mutating func bytes(_ count: Int) throws(StateError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - position else { throw StateError("a record ends early") }
        defer { position += count }
        return bytes.part(position..<position + count)
    }

    mutating func data() throws(StateError) -> [UInt8] {
        let count = try count()
        return [UInt8](try bytes(count))
    }

    mutating func text() throws(StateError) -> String { String(decoding: try data(), as: UTF8.self) }

    /// Ascending offsets as differences.
    mutating func offsets() throws(StateError) -> [Offset] {
        let count = try count()
        var offsets: [Offset] = []
        offsets.reserveCapacity(count)
        var last: Int64 = 0
        for _ in 0..<count {
            let step = try number()
            let (sum, overflow) = last.addingReportingOverflow(step)
            guard !overflow, sum >= 0 else { throw StateError("an offset is out of range") }
            last = sum
            offsets.append(Offset(sum))
        }
        return offsets
    }
}

extension ByteBuffer {
    mutating func append(state offset: Offset) { append(varint: offset.value) }

    mutating func append(state partition: PartitionID) {
        append(varint: Int64(partition.topic.number))
        append(varint: Int64(partition.index))
    }

    mutating func append(state bytes: [UInt8]) {
        append(varint: Int64(bytes.count))
        append(bytes)
    }

    mutating func append(state text: String) {
        append(varint: Int64(text.utf8.count))
        append(text)
    }

    /// Offsets as differences.
    mutating func append(state offsets: some Collection<Offset>) {
        append(varint: Int64(offsets.count))
        var last: Int64 = 0
        for offset in offsets {
            append(varint: offset.value &- last)
            last = offset.value
        }
    }
}
