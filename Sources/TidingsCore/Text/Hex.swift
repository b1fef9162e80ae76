// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Bytes as hexadecimal digits.
package enum Hex {
    /// What a digit stands for; nil when it is none. Both cases are taken.
    @inline(__always)
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The digit, in lower case, of the low four bits.
    @inline(__always)
    package static func digit(_ value: UInt8) -> UInt8 {
        let value = value & 0xF
        return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Appends two digits, in lower case, per byte.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into text: inout ByteBuffer) {
        text.reserve(bytes.count * 2)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte))
        }
    }

    /// Two digits, in lower case, per byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ByteBuffer(capacity: bytes.count * 2)
        bytes.withUnsafeBytes { encode($0, into: &text) }
        return text.text()
    }

    /// The bytes that digits (both cases) stand for; nil for an odd number of them or anything else.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for at in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(text[at]), let low = value(text[at + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The bytes that digits (both cases) stand for; nil for an odd number of them or anything else.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }
}
