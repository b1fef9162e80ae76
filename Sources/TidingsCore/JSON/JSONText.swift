// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Between a string's bytes in a JSON text and the text it means.
package enum JSONText {
    /// Appends what the bytes between a string's quotes mean. They must have been checked by ``JSONScanner``;
    /// of bytes that were not, what makes no sense is left out.
    package static func unescape(_ content: UnsafeRawBufferPointer, into text: inout ByteBuffer) {
        var at = 0
        let count = content.count
        while at < count {
            var plain = at
            while plain < count, content[plain] != UInt8(ascii: "\\") { plain += 1 }
            text.append(UnsafeRawBufferPointer(rebasing: content[at..<plain]))
            guard plain + 1 < count else { return }
            at = plain + 2
            switch content[plain + 1] {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                guard var scalar = unit(content, at) else { return }
                at += 4
                if scalar & 0xFC00 == 0xD800, at + 2 <= count, let low = unit(content, at + 2) {
                    scalar = 0x10000 + ((scalar & 0x3FF) << 10 | low & 0x3FF)
                    at += 6
                }
                append(scalar, to: &text)
            case let other: text.append(other)
            }
        }
    }

    /// The text of a string token as a value of its own.
    package static func string(_ token: JSONToken, in text: UnsafeRawBufferPointer) -> String {
        let content = UnsafeRawBufferPointer(rebasing: text[token.content])
        guard token.hasEscapes else { return String(decoding: content, as: UTF8.self) }
        var room = ByteBuffer(capacity: content.count)
        unescape(content, into: &room)
        return room.text()
    }

    private static func unit(_ content: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
        guard at + 4 <= content.count else { return nil }
        var unit: UInt32 = 0
        for index in at..<at + 4 {
            guard let digit = Hex.value(content[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func append(_ scalar: UInt32, to text: inout ByteBuffer) {
        switch scalar {
        case 0..<0x80:
            text.append(UInt8(scalar))
        case 0x80..<0x800:
            text.append(UInt8(0xC0 | scalar >> 6))
            text.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            text.append(UInt8(0xE0 | scalar >> 12))
            text.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            text.append(UInt8(0x80 | scalar & 0x3F))
        default:
            text.append(UInt8(0xF0 | scalar >> 18 & 0x07))
            text.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            text.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            text.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
