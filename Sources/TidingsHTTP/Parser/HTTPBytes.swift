// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which bytes may stand where (RFC 9110 §5.5, §5.6.2).
package enum HTTPBytes {
    /// Bits by byte: 1 token, 2 field value, 4 request target, 8 host.
    private static let classes: [UInt8] = (0...255).map { number in
        let byte = UInt8(number)
        var bits: UInt8 = 0
        let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
        let isDigit = (48...57).contains(byte)
        if isLetter || isDigit || Array("!#$%&'*+-.^_`|~".utf8).contains(byte) { bits |= 1 }
        if byte == 9 || (byte >= 32 && byte != 127) { bits |= 2 }
        if (33...126).contains(byte), byte != UInt8(ascii: "#") { bits |= 4 }
        if isLetter || isDigit || Array("-._~!$&'()*+,;=%".utf8).contains(byte) { bits |= 8 }
        return bits
    }

    /// The table, alive for the whole process.
    nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for (place, bits) in classes.enumerated() { room[place] = bits }
        return UnsafePointer(room)
    }()

    static let token: UInt8 = 1
    static let fieldValue: UInt8 = 2
    static let target: UInt8 = 4
    static let host: UInt8 = 8

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
