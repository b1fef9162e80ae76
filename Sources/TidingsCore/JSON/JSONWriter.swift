// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Writes compact JSON at the end of a buffer, and sets the commas.
///
/// `JSONWriter.write(into: &buffer) { json in … }` lends it the buffer. Names and values must alternate as the caller
/// promises; only the nesting is checked.
package struct JSONWriter: ~Copyable {
    private var buffer: ByteBuffer
    /// One bit per level, the innermost lowest: whether a comma is due before the next item.
    private var commas: UInt64 = 0
    private var depth = 0

    private init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    private consuming func finish() -> ByteBuffer {
        precondition(depth == 0, "\(depth) arrays or objects were left open")
        return buffer
    }

    /// Lets `body` write one or more values at the end of `buffer`.
    package static func write(into buffer: inout ByteBuffer, _ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(consume buffer)
        body(&writer)
        buffer = writer.finish()
    }

    /// `body`'s JSON as a text of its own.
    package static func text(_ body: (inout JSONWriter) -> Void) -> String {
        var buffer = ByteBuffer()
        write(into: &buffer, body)
        return buffer.text()
    }

    // MARK: - Structure

    /// Begins an object.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    /// Ends the object begun last.
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    /// Begins an array.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    /// Ends the array begun last.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// An object whose members `body` writes.
    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        beginObject()
        body(&self)
        endObject()
    }

    /// An array whose elements `body` writes.
    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        beginArray()
        body(&self)
        endArray()
    }

    /// A member's name that needs no escapes; its value follows.
    package mutating func key(_ name: StaticString) {
        comma()
        buffer.append(UInt8(ascii: "\""))
        buffer.append(name)
        buffer.append("\":" as StaticString)
        commas &= ~1
    }

    /// A member's name; its value follows.
    package mutating func key(_ name: String) {
        string(name)
        buffer.append(UInt8(ascii: ":"))
        commas &= ~1
    }

    /// A member's name; its value follows.
    package mutating func key(_ name: UnsafeRawBufferPointer) {
        string(name)
        buffer.append(UInt8(ascii: ":"))
        commas &= ~1
    }

    // MARK: - Values

    /// A string.
    package mutating func string(_ text: String) {
        comma()
        buffer.append(jsonString: text)
    }

    /// A string whose UTF-8 is given; bytes that are not UTF-8 become U+FFFD.
    package mutating func string(_ text: UnsafeRawBufferPointer) {
        comma()
        buffer.append(jsonString: text)
    }

    /// Bytes as a string in base64.
    package mutating func base64(_ bytes: UnsafeRawBufferPointer) {
        comma()
        buffer.append(UInt8(ascii: "\""))
        Base64.encode(bytes, into: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }

    /// A whole number.
    package mutating func number(_ value: some BinaryInteger) {
        comma()
        buffer.append(decimal: Int64(value))
    }

    /// A number; what JSON cannot say (infinity, NaN) becomes null.
    package mutating func number(_ value: Double) {
        comma()
        if value.isFinite { buffer.append(value.description) } else { buffer.append("null" as StaticString) }
    }

    /// `true` or `false`.
    package mutating func bool(_ truth: Bool) {
        comma()
        buffer.append(truth ? "true" as StaticString : "false")
    }

    /// `null`.
    package mutating func null() {
        comma()
        buffer.append("null" as StaticString)
    }

    /// Bytes that are one JSON value already.
    package mutating func raw(_ json: UnsafeRawBufferPointer) {
        comma()
        buffer.append(json)
    }

    /// A tree.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let truth): bool(truth)
        case .string(let text): string(text)
        case .number(let number):
            comma()
            buffer.append(number.text)
        case .array(let elements):
            array { json in for element in elements { json.value(element) } }
        case .object(let object):
            self.object { json in
                for member in object.members {
                    json.key(member.name)
                    json.value(member.value)
                }
            }
        }
    }

    /// A string member, left out when nil.
    package mutating func member(_ name: StaticString, _ text: String?) {
        guard let text else { return }
        key(name)
        string(text)
    }

    /// A whole-number member, left out when nil.
    package mutating func member(_ name: StaticString, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        key(name)
        number(value)
    }

    /// A boolean member, left out when nil.
    package mutating func member(_ name: StaticString, _ truth: Bool?) {
        guard let truth else { return }
        key(name)
        bool(truth)
    }

    @inline(__always) private mutating func comma() {
        if commas & 1 != 0 { buffer.append(UInt8(ascii: ",")) }
        commas |= 1
    }

    private mutating func open(_ bracket: UInt8) {
        precondition(depth < 63, "JSON nests at most 63 deep here")
        comma()
        buffer.append(bracket)
        commas <<= 1
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "nothing is open")
        buffer.append(bracket)
        commas >>= 1
        depth -= 1
    }
}

extension ByteBuffer {
    /// Appends a text as a JSON string with its quotes.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { append(jsonString: UnsafeRawBufferPointer($0)) }
    }

    /// Appends UTF-8 as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
    package mutating func append(jsonString text: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        var plainFrom = 0
        var at = 0
        let count = text.count
        while at < count {
            while at + 8 <= count {
                let word = text.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let special =
                    ((word &- 0x2020_2020_2020_2020) | ((word ^ 0x2222_2222_2222_2222) &- 0x0101_0101_0101_0101)
                        | ((word ^ 0x5C5C_5C5C_5C5C_5C5C) &- 0x0101_0101_0101_0101) | word)
                    & 0x8080_8080_8080_8080
                if special != 0 { break }
                at += 8
            }
            guard at < count else { break }
            let byte = text[at]
            if byte >= 0x80 {
                let length = UTF8Check.sequenceLength(text.baseAddress! + at, count - at)
                if length > 0 {
                    at += length
                    continue
                }
            } else if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                at += 1
                continue
            }
            append(UnsafeRawBufferPointer(rebasing: text[plainFrom..<at]))
            appendEscape(byte)
            at += 1
            plainFrom = at
        }
        append(UnsafeRawBufferPointer(rebasing: text[plainFrom..<count]))
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"" as StaticString)
        case UInt8(ascii: "\\"): append("\\\\" as StaticString)
        case 0x08: append("\\b" as StaticString)
        case 0x09: append("\\t" as StaticString)
        case 0x0A: append("\\n" as StaticString)
        case 0x0C: append("\\f" as StaticString)
        case 0x0D: append("\\r" as StaticString)
        case 0..<0x20:
            append("\\u00" as StaticString)
            append(Hex.digit(byte >> 4))
            append(Hex.digit(byte))
        default: append("\u{FFFD}" as StaticString)
        }
    }
}
