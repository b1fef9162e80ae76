// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Writes messages of Kafka's protocol into one growing buffer, which is used again and again.
///
/// Frames follow one another: ``beginFrame()``, header and message, ``endFrame(_:)``, which sets the frame's length. A
/// `records` field (and a `bytes` field of a request) is not copied: only its length is written, and the writer remembers
/// an insertion, the place in the output where the ``MessageBytes`` belong. The frame's length counts them. Who sends the
/// output walks through its pieces, so that stored batches go out from where they lie:
///
///     let frame = writer.beginFrame()
///     ResponseHeader(correlationID: 7).write(to: &writer, version: 1)
///     response.write(to: &writer, version: 12)     // its records: MessageBytes(place: an index of `batches`, count: …)
///     try writer.endFrame(frame)
///     writer.forEachPiece { written, inserted in
///         send(written)
///         if let inserted { send(batches[inserted.place]) }     // exactly inserted.count bytes
///     }
///     writer.removeAll()
///
/// What cannot be written (a string too long for its version, null where it has none) is remembered and thrown by
/// ``endFrame(_:)``, which takes the frame out again; frames before it stay.
package struct MessageWriter: ~Copyable {
    /// Bytes that belong into the output and are not in the buffer.
    package struct Insertion: Hashable, Sendable {
        /// Where, in the written bytes: behind so many of them.
        package let position: Int
        /// Which.
        package let bytes: MessageBytes
    }

    /// What ``beginFrame()`` hands to ``endFrame(_:)``.
    package struct Frame {
        fileprivate let position: Int
        fileprivate let insertions: Int
    }

    private var buffer: ByteBuffer
    /// The insertions so far, in order.
    package private(set) var insertions: [Insertion] = []
    private var isFlexible = false
    private var message: StaticString = "a message"
    /// The codes of errors that were written, each as often as it was, up to a limit.
    package private(set) var errorCodes: [Int16] = []
    private var failure: MessageError?

    /// Makes an empty writer with room for `capacity` bytes.
    package init(capacity: Int = 512) { buffer = ByteBuffer(capacity: capacity) }

    /// What was written, without the insertions; valid until the next change.
    package var written: UnsafeRawBufferPointer { buffer.bytes }

    /// How many bytes the output has, with the insertions.
    package var totalCount: Int { insertions.reduce(buffer.count) { $0 + $1.bytes.count } }

    /// Hands out the output in order: written bytes, and what is to be inserted behind them (nil behind the last).
    package borrowing func forEachPiece<Failure>(
        _ body: (UnsafeRawBufferPointer, MessageBytes?) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        for insertion in insertions {
            try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<insertion.position]), insertion.bytes)
            start = insertion.position
        }
        if start < buffer.count { try body(UnsafeRawBufferPointer(rebasing: buffer.bytes[start...]), nil) }
    }

    /// How many error codes are remembered.
    package static let mostErrorCodes = 1_000

    /// Forgets the output; keeps the memory unless it is more than `limit`.
    package mutating func removeAll(keepingAtMost limit: Int = 1 << 20) {
        buffer.removeAll(keepingAtMost: limit)
        insertions.removeAll(keepingCapacity: insertions.count <= 1_024)
        if !errorCodes.isEmpty { errorCodes.removeAll() }
        failure = nil
    }

    /// Begins a frame: room for its length.
    package mutating func beginFrame() -> Frame {
        let frame = Frame(position: buffer.count, insertions: insertions.count)
        buffer.append(bigEndian: Int32(0))
        return frame
    }

    /// Sets the frame's length, or takes the frame out again.
    package mutating func endFrame(_ frame: Frame) throws(MessageError) {
        let inserted = insertions[frame.insertions...].reduce(0) { $0 + $1.bytes.count }
        let count = buffer.count - frame.position - 4 + inserted
        if count > Int32.max { fail(.tooLong, count) }
        if let failure {
            buffer.truncate(to: frame.position)
            insertions.removeSubrange(frame.insertions...)
            self.failure = nil
            throw failure
        }
        buffer.mutableBytes.storeBytes(of: Int32(count).bigEndian, toByteOffset: frame.position, as: Int32.self)
    }

    /// Begins a message: lengths are written in the compact form from version `flexible` on.
    package mutating func begin(
        _ message: StaticString, _ version: Int16, _ versions: ClosedRange<Int16>, flexible: Int16
    ) {
        self.message = message
        isFlexible = version >= flexible
        if !versions.contains(version) { fail(.unsupportedVersion, Int(version)) }
    }

    private mutating func fail(_ code: MessageError.Code, _ value: Int) {
        if failure == nil { failure = MessageError(code: code, message: message, field: "", value: value) }
    }
}

// MARK: - Numbers

extension MessageWriter {
    /// One byte.
    package mutating func int8(_ value: Int8) { buffer.append(UInt8(bitPattern: value)) }
    /// A big-endian number.
    package mutating func int16(_ value: Int16) { buffer.append(bigEndian: value) }
    /// The code of an error, or 0; see ``errorCodes``.
    package mutating func errorCode(_ code: Int16) {
        if code != 0, errorCodes.count < Self.mostErrorCodes { errorCodes.append(code) }
        buffer.append(bigEndian: code)
    }
    /// A big-endian number.
    package mutating func int32(_ value: Int32) { buffer.append(bigEndian: value) }
    /// A big-endian number.
    package mutating func int64(_ value: Int64) { buffer.append(bigEndian: value) }
    /// A byte, 0 or 1.
    package mutating func bool(_ value: Bool) { buffer.append(value ? 1 : 0) }
    /// The sixteen bytes of a UUID.
    package mutating func uuid(_ value: UUID128) {
        buffer.append(bigEndian: value.high)
        buffer.append(bigEndian: value.low)
    }

    /// An unsigned variable-length number; the caller has bounded it to 32 bits.
    private mutating func varint(_ value: Int) {
        var rest = UInt32(truncatingIfNeeded: value)
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(truncatingIfNeeded: rest))
    }
}

// MARK: - Strings and bytes

extension MessageWriter {
    /// A length or count; -1 for null.
    private mutating func length(_ count: Int, isShort: Bool = false) {
        if isFlexible {
            if count >= Int32.max { fail(.tooLong, count) }
            varint(count &+ 1)
        } else if isShort {
            if count > Int16.max { fail(.tooLong, count) }
            int16(Int16(truncatingIfNeeded: count))
        } else {
            if count > Int32.max { fail(.tooLong, count) }
            int32(Int32(truncatingIfNeeded: count))
        }
    }

    private mutating func null(where nullable: Bool, isShort: Bool = false) {
        if !nullable { fail(.nullNotAllowed, 0) }
        length(-1, isShort: isShort)
    }

    /// A string and its length.
    package mutating func string(_ value: String) {
        length(value.utf8.count, isShort: true)
        buffer.append(value)
    }

    /// A string, or null if `nullable` says so.
    package mutating func nullableString(_ value: String?, where nullable: Bool = true) {
        if let value { string(value) } else { null(where: nullable, isShort: true) }
    }

    /// A string whose length has two bytes in flexible versions too: the client's id in a request's header.
    package mutating func plainNullableString(_ value: String?) {
        let wasFlexible = isFlexible
        isFlexible = false
        nullableString(value)
        isFlexible = wasFlexible
    }

    /// Copies bytes in: for the small ones that a server keeps.
    package mutating func copiedBytes(_ value: [UInt8]) {
        length(value.count)
        buffer.append(value)
    }

    /// A length, and an insertion for the bytes.
    package mutating func bytes(_ value: MessageBytes) {
        length(value.count)
        if value.count > 0 { insertions.append(Insertion(position: buffer.count, bytes: value)) }
    }

    /// A length, and an insertion for the bytes; or null.
    package mutating func nullableBytes(_ value: MessageBytes?) {
        if let value { bytes(value) } else { null(where: true) }
    }
}

// MARK: - Arrays and structs

extension MessageWriter {
    /// Structs and their count.
    package mutating func array<Element: WritableMessage>(_ value: [Element], _ version: Int16) {
        length(value.count)
        // By index: an element is written where it lies, without a copy of its own.
        for index in value.indices { value[index].write(to: &self, version: version) }
    }

    /// Structs and their count, or null if `nullable` says so.
    package mutating func nullableArray<Element: WritableMessage>(
        _ value: [Element]?, _ version: Int16, where nullable: Bool = true
    ) {
        if let value { array(value, version) } else { null(where: nullable) }
    }

    /// A struct that may be missing: a byte says whether it is there.
    package mutating func nullableStruct<Element: WritableMessage>(_ value: Element?, _ version: Int16) {
        int8(value == nil ? -1 : 1)
        value?.write(to: &self, version: version)
    }

    /// Numbers and their count.
    package mutating func int32s(_ value: [Int32]) {
        length(value.count)
        for number in value { int32(number) }
    }

    /// Numbers and their count.
    package mutating func int64s(_ value: [Int64]) {
        length(value.count)
        for number in value { int64(number) }
    }

    /// Strings and their count.
    package mutating func strings(_ value: [String]) {
        length(value.count)
        for text in value { string(text) }
    }

    /// Strings and their count, or null if `nullable` says so.
    package mutating func nullableStrings(_ value: [String]?, where nullable: Bool = true) {
        if let value { strings(value) } else { null(where: nullable) }
    }
}

// MARK: - Tagged fields

extension MessageWriter {
    /// The tagged fields at the end of a struct, while they are written.
    package struct Tags {
        fileprivate let position: Int
        fileprivate var count: UInt8 = 0
        fileprivate var valuePosition = 0
    }

    /// Ends a struct without tagged fields.
    package mutating func noTags() { if isFlexible { buffer.append(0) } }

    /// Begins the tagged fields of a struct, in a flexible version.
    package mutating func tags() -> Tags {
        defer { buffer.append(0) }
        return Tags(position: buffer.count)
    }

    /// Begins one tagged field; they come in the order of their numbers, and none holds an insertion.
    package mutating func begin(_ tag: Int, in tags: inout Tags) {
        tags.count += 1
        varint(tag)
        tags.valuePosition = buffer.count
    }

    /// Ends a tagged field: its size is put in front of its value.
    package mutating func finish(_ tags: Tags) {
        let size = buffer.count - tags.valuePosition
        varint(size)
        let lengthOfSize = buffer.count - tags.valuePosition - size
        // The size stands behind the value now: the two change places.
        withUnsafeTemporaryAllocation(byteCount: lengthOfSize, alignment: 1) { saved in
            let both = UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[tags.valuePosition...])
            saved.copyMemory(from: UnsafeRawBufferPointer(rebasing: both[size...]))
            UnsafeMutableRawBufferPointer(rebasing: both[lengthOfSize...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: both[..<size]))
            both.copyMemory(from: UnsafeRawBufferPointer(saved))
        }
    }

    /// Ends the tagged fields of a struct.
    package mutating func end(_ tags: Tags) { buffer.mutableBytes[tags.position] = tags.count }
}
