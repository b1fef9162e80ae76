// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Attribute values in HTTP headers, by CloudEvents' HTTP binding (§3.1.3.2).
package enum PercentCoding {
    /// Appends a value for a header: space, `"`, `%` and everything but printable ASCII becomes `%XX` of its UTF-8.
    package static func encodeHeader(_ value: UnsafeRawBufferPointer, into header: inout ByteBuffer) {
        header.reserve(value.count)
        for byte in value {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
                header.append(byte)
            } else {
                header.append(UInt8(ascii: "%"))
                header.append(upper(byte >> 4))
                header.append(upper(byte))
            }
        }
    }

    /// Appends what a header's value means: quotes around it and backslashes inside them go, then `%XX` is undone once.
    /// A `%` that no two hexadecimal digits follow stays, since many senders do not encode at all.
    /// - Returns: false, with nothing appended, when the result is not UTF-8.
    package static func decodeHeader(_ header: UnsafeRawBufferPointer, into value: inout ByteBuffer) -> Bool {
        let before = value.count
        var at = 0
        var end = header.count
        let isQuoted =
            end >= 2 && header[0] == UInt8(ascii: "\"") && header[end - 1] == UInt8(ascii: "\"")
        if isQuoted {
            at = 1
            end -= 1
        }
        while at < end {
            var byte = header[at]
            if isQuoted, byte == UInt8(ascii: "\\"), at + 1 < end {
                at += 1
                byte = header[at]
            }
            if byte == UInt8(ascii: "%"), at + 2 < end, let high = Hex.value(header[at + 1]),
                let low = Hex.value(header[at + 2])
            {
                byte = high << 4 | low
                at += 2
            }
            value.append(byte)
            at += 1
        }
        guard UTF8Check.firstBadByte(value.bytes.part(before..<value.count)) == nil else {
            value.truncate(to: before)
            return false
        }
        return true
    }

    private static func upper(_ value: UInt8) -> UInt8 {
        let value = value & 0xF
        return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
