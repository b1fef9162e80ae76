// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Base64 with the standard alphabet and padding (RFC 4648 §4).
package enum Base64 {
    private static let alphabet: [UInt8] = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends the text of `bytes`.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into text: inout ByteBuffer) {
        let groups = (bytes.count + 2) / 3
        text.append(room: groups * 4) { room in
            alphabet.withUnsafeBufferPointer { digit in
                var to = 0
                var at = 0
                while at + 3 <= bytes.count {
                    let bits = UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])
                    room[to] = digit[Int(bits >> 18)]
                    room[to + 1] = digit[Int(bits >> 12 & 63)]
                    room[to + 2] = digit[Int(bits >> 6 & 63)]
                    room[to + 3] = digit[Int(bits & 63)]
                    at += 3
                    to += 4
                }
                let left = bytes.count - at
                if left > 0 {
                    let bits = UInt32(bytes[at]) << 16 | (left == 2 ? UInt32(bytes[at + 1]) << 8 : 0)
                    room[to] = digit[Int(bits >> 18)]
                    room[to + 1] = digit[Int(bits >> 12 & 63)]
                    room[to + 2] = left == 2 ? digit[Int(bits >> 6 & 63)] : UInt8(ascii: "=")
                    room[to + 3] = UInt8(ascii: "=")
                }
            }
            return groups * 4
        }
    }

    /// The text of `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ByteBuffer(capacity: bytes.count / 3 * 4 + 4)
        bytes.withUnsafeBytes { encode($0, into: &text) }
        return text.text()
    }

    /// Appends the bytes that `text` stands for. Strict: padding must be there, the bits it hides must be zero, and
    /// nothing else (white space, line ends, the URL alphabet) may be.
    /// - Returns: false, with nothing appended, when it is not base64.
    package static func decode(_ text: UnsafeRawBufferPointer, into bytes: inout ByteBuffer) -> Bool {
        guard text.count % 4 == 0 else { return false }
        if text.isEmpty { return true }
        let before = bytes.count
        bytes.reserve(text.count / 4 * 3)
        var at = 0
        while at < text.count {
            let isLast = at + 4 == text.count
            let padding = isLast ? (text[at + 3] != pad ? 0 : text[at + 2] != pad ? 1 : 2) : 0
            var bits: UInt32 = 0
            for index in 0..<4 {
                let digit = index >= 4 - padding ? 0 : value(text[at + index])
                if digit > 63 {
                    bytes.truncate(to: before)
                    return false
                }
                bits = bits << 6 | UInt32(digit)
            }
            if padding == 1 && bits & 0xFF != 0 || padding == 2 && bits & 0xFFFF != 0 {
                bytes.truncate(to: before)
                return false
            }
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: bits >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
            at += 4
        }
        return true
    }

    /// The bytes that `text` stands for; nil when it is not base64.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        var bytes = ByteBuffer(capacity: text.utf8.count)
        let isBase64 = text.withUTF8 { decode(UnsafeRawBufferPointer($0), into: &bytes) }
        return isBase64 ? bytes.array() : nil
    }

    private static let pad = UInt8(ascii: "=")

    @inline(__always)
    private static func value(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 255
        }
    }
}
