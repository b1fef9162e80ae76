// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads messages of Kafka's protocol out of outside bytes; every step is checked, and nothing that a length or count
/// says is believed before it is compared with the bytes that are left.
///
/// The generated `init(from:version:)` of each message call it; its own caller reads the header, looks the version up in
/// ``APIKey``, reads the message, and finds what came after it in ``remaining`` (which some clients send, so it is no error).
/// Values of `bytes` and `records` fields stay where they are: see ``MessageBytes``. The bytes must outlive the reader.
package struct MessageReader {
    /// How many array elements one message may have in all, unless the reader is told otherwise: what a message takes in
    /// memory is bounded by its bytes and by this.
    package static let maximumElements = 1 << 20

    private let base: UnsafeRawPointer
    /// How many bytes were read.
    package private(set) var position = 0
    private var end: Int
    private var elementsLeft: Int
    private var isFlexible = false
    private var message: StaticString = "a message"

    /// Starts at the first of `bytes`.
    package init(_ bytes: UnsafeRawBufferPointer, maximumElements: Int = MessageReader.maximumElements) {
        base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        end = bytes.count
        elementsLeft = maximumElements
    }

    /// How many bytes were not read yet.
    package var remaining: Int { end - position }

    /// Begins a message: lengths are read in the compact form from version `flexible` on.
    package mutating func begin(
        _ message: StaticString, _ version: Int16, _ versions: ClosedRange<Int16>, flexible: Int16
    ) throws(MessageError) {
        self.message = message
        isFlexible = version >= flexible
        guard versions.contains(version) else { throw failure(.unsupportedVersion, "", Int(version)) }
    }

    @inline(never) private func failure(
        _ code: MessageError.Code, _ field: StaticString, _ value: Int = 0
    ) -> MessageError {
        MessageError(code: code, message: message, field: field, value: value)
    }

    @inline(__always) private func need(_ count: Int, _ field: StaticString) throws(MessageError) {
        guard end - position >= count else { throw failure(.endsEarly, field, count - (end - position)) }
    }
}

// MARK: - Numbers

extension MessageReader {
    @inline(__always) private mutating func number<Number: FixedWidthInteger>(
        _ field: StaticString
    ) throws(MessageError) -> Number {
        try need(MemoryLayout<Number>.size, field)
        let value = base.loadUnaligned(fromByteOffset: position, as: Number.self)
        position += MemoryLayout<Number>.size
        return Number(bigEndian: value)
    }

    /// A big-endian number.
    package mutating func int8(_ field: StaticString) throws(MessageError) -> Int8 { try number(field) }
    /// A big-endian number.
    package mutating func int16(_ field: StaticString) throws(MessageError) -> Int16 { try number(field) }
    /// A big-endian number.
    package mutating func int32(_ field: StaticString) throws(MessageError) -> Int32 { try number(field) }
    /// A big-endian number.
    package mutating func int64(_ field: StaticString) throws(MessageError) -> Int64 { try number(field) }
    /// A byte: everything but zero is true.
    package mutating func bool(_ field: StaticString) throws(MessageError) -> Bool { try int8(field) != 0 }
    /// The sixteen bytes of a UUID.
    package mutating func uuid(_ field: StaticString) throws(MessageError) -> UUID128 {
        try need(16, field)
        return UUID128(high: try number(field), low: try number(field))
    }

    /// An unsigned variable-length number of at most 32 bits; nearly all have one byte.
    @inline(__always) private mutating func varint(_ field: StaticString) throws(MessageError) -> Int {
        if position < end {
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            if byte < 0x80 {
                position += 1
                return Int(byte)
            }
        }
        return try longVarint(field)
    }

    @inline(never) private mutating func longVarint(_ field: StaticString) throws(MessageError) -> Int {
        var sum = 0
        var shift = 0
        while true {
            try need(1, field)
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            if shift == 28, byte > 0x0F { throw failure(.numberTooLong, field) }
            position += 1
            sum |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return sum }
            shift += 7
        }
    }
}

// MARK: - Strings and bytes

extension MessageReader {
    /// The length or count that comes before a value; -1 for null.
    @inline(__always) private mutating func length(
        _ field: StaticString, isShort: Bool = false
    ) throws(MessageError) -> Int {
        if isFlexible { return try varint(field) - 1 }
        let length = isShort ? Int(try int16(field)) : Int(try int32(field))
        guard length >= -1 else { throw failure(.negativeLength, field, length) }
        return length
    }

    private mutating func text(_ count: Int, _ field: StaticString) throws(MessageError) -> String {
        try need(count, field)
        let bytes = UnsafeRawBufferPointer(start: base + position, count: count).assumingMemoryBound(to: UInt8.self)
        // Nearly all names are ASCII, which needs no further look.
        if isASCII(count) {
            position += count
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure(.notUTF8, field, count) }
        position += count
        return text
    }

    /// Whether the next `count` bytes, which are there, are all ASCII.
    private func isASCII(_ count: Int) -> Bool {
        var at = position
        let stop = position + count
        var bits: UInt64 = 0
        while stop - at >= 8 {
            bits |= base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            at += 8
        }
        while at < stop {
            bits |= UInt64(base.load(fromByteOffset: at, as: UInt8.self))
            at += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    /// A string, which must be UTF-8.
    package mutating func string(_ field: StaticString) throws(MessageError) -> String {
        let count = try length(field, isShort: true)
        guard count >= 0 else { throw failure(.nullNotAllowed, field) }
        return try text(count, field)
    }

    /// A string that may be null, if `nullable` says so.
    package mutating func nullableString(
        _ field: StaticString, where nullable: Bool = true
    ) throws(MessageError) -> String? {
        let count = try length(field, isShort: true)
        if count >= 0 { return try text(count, field) }
        guard nullable else { throw failure(.nullNotAllowed, field) }
        return nil
    }

    /// A string whose length has two bytes in flexible versions too: the client's id in a request's header.
    package mutating func plainNullableString(_ field: StaticString) throws(MessageError) -> String? {
        let wasFlexible = isFlexible
        isFlexible = false
        defer { isFlexible = wasFlexible }
        return try nullableString(field)
    }

    /// Where the value of a field lies, which is not copied.
    package mutating func bytes(_ field: StaticString) throws(MessageError) -> MessageBytes {
        guard let bytes = try nullableBytes(field) else { throw failure(.nullNotAllowed, field) }
        return bytes
    }

    /// Where the value of a field lies, which is not copied; nil for null.
    package mutating func nullableBytes(_ field: StaticString) throws(MessageError) -> MessageBytes? {
        let count = try length(field)
        if count < 0 { return nil }
        try need(count, field)
        let bytes = MessageBytes(place: position, count: count)
        position += count
        return bytes
    }

    /// Where the value of a field begins, which may end behind what there is to read; nil for null and for no bytes.
    package mutating func beginningOfBytes(_ field: StaticString) throws(MessageError) -> Int? {
        try length(field) > 0 ? position : nil
    }

    /// The bytes in an array of their own, for who keeps them longer than the frame.
    package mutating func copiedBytes(_ field: StaticString) throws(MessageError) -> [UInt8] {
        let bytes = try self.bytes(field)
        return [UInt8](UnsafeRawBufferPointer(start: base + bytes.place, count: bytes.count))
    }
}

// MARK: - Arrays and structs

extension MessageReader {
    /// An array's count, -1 for null, believed only if so many elements of at least `minimum` bytes may follow.
    private mutating func count(_ field: StaticString, minimum: Int) throws(MessageError) -> Int {
        let count = try length(field)
        if count <= 0 { return count }
        guard count <= (end - position) / max(minimum, 1) else { throw failure(.countBeyondBytes, field, count) }
        guard count <= elementsLeft else { throw failure(.tooManyElements, field, count) }
        elementsLeft -= count
        return count
    }

    /// The count of an array whose elements the caller reads; none for null.
    package mutating func elementCount(_ field: StaticString) throws(MessageError) -> Int {
        max(try count(field, minimum: 1), 0)
    }

    /// Structs, one after the other.
    package mutating func array<Element: ReadableMessage>(
        _ field: StaticString, _ version: Int16
    ) throws(MessageError) -> [Element] {
        guard let array: [Element] = try nullableArray(field, version) else { throw failure(.nullNotAllowed, field) }
        return array
    }

    /// Structs, one after the other; nil for null, if `nullable` says so.
    @inline(never)  // Once per element is enough code.
    package mutating func nullableArray<Element: ReadableMessage>(
        _ field: StaticString, _ version: Int16, where nullable: Bool = true
    ) throws(MessageError) -> [Element]? {
        let count = try count(field, minimum: Element.minimumSize(version))
        if count < 0 {
            guard nullable else { throw failure(.nullNotAllowed, field) }
            return nil
        }
        var array: [Element] = []
        array.reserveCapacity(count)
        for _ in 0..<count { array.append(try Element(from: &self, version: version)) }
        return array
    }

    /// A struct that may be missing: a byte says whether it is there.
    package mutating func nullableStruct<Element: ReadableMessage>(
        _ field: StaticString, _ version: Int16
    ) throws(MessageError) -> Element? {
        try int8(field) < 0 ? nil : try Element(from: &self, version: version)
    }

    /// Numbers, one after the other.
    package mutating func int32s(_ field: StaticString) throws(MessageError) -> [Int32] { try numbers(field) }
    /// Numbers, one after the other.
    package mutating func int64s(_ field: StaticString) throws(MessageError) -> [Int64] { try numbers(field) }

    private mutating func numbers<Number: FixedWidthInteger>(_ field: StaticString) throws(MessageError) -> [Number] {
        let count = try count(field, minimum: MemoryLayout<Number>.size)
        guard count >= 0 else { throw failure(.nullNotAllowed, field) }
        var array: [Number] = []
        array.reserveCapacity(count)
        for _ in 0..<count { array.append(try number(field)) }
        return array
    }

    /// Strings, one after the other.
    package mutating func strings(_ field: StaticString) throws(MessageError) -> [String] {
        guard let strings = try nullableStrings(field) else { throw failure(.nullNotAllowed, field) }
        return strings
    }

    /// Strings, one after the other; nil for null, if `nullable` says so.
    package mutating func nullableStrings(
        _ field: StaticString, where nullable: Bool = true
    ) throws(MessageError) -> [String]? {
        let count = try count(field, minimum: isFlexible ? 1 : 2)
        if count < 0 {
            guard nullable else { throw failure(.nullNotAllowed, field) }
            return nil
        }
        var array: [String] = []
        array.reserveCapacity(count)
        for _ in 0..<count { array.append(try string(field)) }
        return array
    }
}

// MARK: - Tagged fields

extension MessageReader {
    /// The tagged fields at the end of a struct, while they are read.
    package struct Tags {
        fileprivate var left: Int
        fileprivate var outerEnd: Int
        fileprivate var size = 0
    }

    /// Begins the tagged fields of a struct; there are none in versions that are not flexible.
    package mutating func tags() throws(MessageError) -> Tags {
        guard isFlexible else { return Tags(left: 0, outerEnd: end) }
        let count = try varint("tagged fields")
        guard count <= (end - position) / 2 else { throw failure(.countBeyondBytes, "tagged fields", count) }
        return Tags(left: count, outerEnd: end)
    }

    /// The number of the next tagged field, whose value is read next, or skipped; nil after the last.
    package mutating func next(_ tags: inout Tags) throws(MessageError) -> Int? {
        guard tags.left > 0 else { return nil }
        tags.left -= 1
        let tag = try varint("tagged fields")
        tags.size = try varint("tagged fields")
        try need(tags.size, "tagged fields")
        end = position + tags.size
        return tag
    }

    /// Leaves out the value of a tagged field that is not known.
    package mutating func skipTag() { position = end }

    /// Ends a tagged field.
    package mutating func finish(_ tags: Tags) throws(MessageError) {
        guard position == end else { throw failure(.badTag, "tagged fields", tags.size) }
        end = tags.outerEnd
    }

    /// Leaves out the tagged fields of a struct that has no known ones.
    package mutating func skipTags() throws(MessageError) {
        guard isFlexible else { return }
        var tags = try tags()
        while try next(&tags) != nil {
            skipTag()
            try finish(tags)
        }
    }
}
