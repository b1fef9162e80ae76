// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads the numbers and texts that records of groups and transactions are made of; every step is checked.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads all of `record` by `body`; what is left over makes it unreadable.
    static func read<Value>(
        _ record: [UInt8], _ body: (inout RecordReader) throws(RecordError) -> Value
    ) throws(RecordError) -> Value {
        // Typed errors do not pass through the standard library's closure.
        let result = record.withUnsafeBytes { bytes -> Result<Value, RecordError> in
            var reader = RecordReader(bytes)
            do throws(RecordError) {
                let value = try body(&reader)
                guard reader.position == bytes.count else { throw RecordError("a record goes on after its end") }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    mutating func byte() throws(RecordError) -> UInt8 {
        guard position < bytes.count else { throw RecordError("a record ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    /// Reads the version of a value's form, which has to be the only one there is.
    mutating func version(_ known: UInt8) throws(RecordError) {
        let version = try byte()
        guard version == known else { throw RecordError("a record has the version \(version); \(known) is known") }
    }

    mutating func number() throws(RecordError) -> Int64 {
        var sum: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw RecordError("a number has more than 64 bits") }
            sum |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return Int64(bitPattern: sum >> 1) ^ -Int64(bitPattern: sum & 1) }
            shift += 7
        }
    }

    /// A number that has to fit.
    mutating func number<Number: FixedWidthInteger>(as _: Number.Type) throws(RecordError) -> Number {
        let number = try number()
        guard let fitting = Number(exactly: number) else { throw RecordError("\(number) is no \(Number.self)") }
        return fitting
    }

    /// A number of things that follow, each of at least `size` bytes.
    mutating func count(ofAtLeast size: Int = 1) throws(RecordError) -> Int {
        let count = try number()
        guard count >= 0, count <= Int64((bytes.count - position) / size) else {
            throw RecordError("\(count) things do not fit into \(bytes.count - position) bytes")
        }
        return Int(count)
    }

    mutating func data() throws(RecordError) -> [UInt8] {
        let count = try count()
        defer { position += count }
        return [UInt8](bytes.part(position..<position + count))
    }

    mutating func text() throws(RecordError) -> String { String(decoding: try data(), as: UTF8.self) }

    mutating func optionalText() throws(RecordError) -> String? { try flag() ? try text() : nil }

    mutating func flag() throws(RecordError) -> Bool {
        let byte = try byte()
        guard byte <= 1 else { throw RecordError("a flag is \(byte)") }
        return byte == 1
    }

    mutating func wall() throws(RecordError) -> WallTime { WallTime(millis: try number()) }

    /// A span in milliseconds, not negative and at most some thousand years.
    mutating func span() throws(RecordError) -> Duration {
        let millis = try number()
        guard (0...1 << 47).contains(millis) else { throw RecordError("a span of \(millis) ms") }
        return .milliseconds(millis)
    }

    mutating func partition() throws(RecordError) -> PartitionID {
        let topic = try number(as: UInt32.self)
        let index = try number(as: Int32.self)
        guard index >= 0 else { throw RecordError("a partition has the index \(index)") }
        return PartitionID(TopicID(topic), index)
    }
}

extension ByteBuffer {
    mutating func append(record text: String) {
        append(varint: Int64(text.utf8.count))
        append(text)
    }

    mutating func append(record text: String?) {
        append(UInt8(text == nil ? 0 : 1))
        if let text { append(record: text) }
    }

    mutating func append(record bytes: [UInt8]) {
        append(varint: Int64(bytes.count))
        append(bytes)
    }

    mutating func append(record partition: PartitionID) {
        append(varint: Int64(partition.topic.number))
        append(varint: Int64(partition.index))
    }
}
