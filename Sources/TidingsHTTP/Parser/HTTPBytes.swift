// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which bytes may stand where (RFC 9110 §5.5, §5.6.2).
package enum HTTPBytes {
    /// Bits by byte: 1 token, 2 field value, 4 request target, 8 host. A literal, since a stored global costs a call
    /// per look; a test compares it with the rules.
    static var table: UnsafePointer<UInt8> { bits.utf8Start }

    // swift-format-ignore
    private static var bits: StaticString {
        """
        \u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{2}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\
        \u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\
        \u{2}\u{F}\u{6}\u{3}\u{F}\u{F}\u{F}\u{F}\u{E}\u{E}\u{F}\u{F}\u{E}\u{F}\u{F}\u{6}\
        \u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{6}\u{E}\u{6}\u{E}\u{6}\u{6}\
        \u{6}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\
        \u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{6}\u{6}\u{6}\u{7}\u{F}\
        \u{7}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\
        \u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{F}\u{6}\u{7}\u{6}\u{F}\u{0}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\
        \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}
        """
    }

    static var token: UInt8 { 1 }
    static var fieldValue: UInt8 { 2 }
    static var target: UInt8 { 4 }
    static var host: UInt8 { 8 }

    /// Whether every byte belongs to a class.
    static func all(_ bytes: UnsafeRawBufferPointer, in kind: UInt8, table: UnsafePointer<UInt8>) -> Bool {
        var bits = kind
        for byte in bytes { bits &= table[Int(byte)] }
        return bits != 0
    }

    /// Whether the byte may stand in a token: method and field names.
    package static func isToken(_ byte: UInt8) -> Bool { table[Int(byte)] & token != 0 }
    /// Whether the byte may stand in a field value: no control byte but the tab.
    package static func isFieldValue(_ byte: UInt8) -> Bool { table[Int(byte)] & fieldValue != 0 }

    /// The value of a hexadecimal digit; nil for another byte.
    package static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// A letter of A–Z in lower case; other bytes as they are.
    @inline(__always)
    package static func lower(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
}

extension UnsafeRawBufferPointer {
    /// Whether both are the same bytes when A–Z count as a–z.
    package func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for place in 0..<count where HTTPBytes.lower(self[place]) != HTTPBytes.lower(other[place]) { return false }
        return true
    }

    /// Without spaces and tabs at both ends.
    func trimmed() -> UnsafeRawBufferPointer {
        var first = 0
        var last = count
        while first < last, self[first] == 32 || self[first] == 9 { first += 1 }
        while last > first, self[last - 1] == 32 || self[last - 1] == 9 { last -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[first..<last])
    }
}
