// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// CloudEvents' type String: UTF-8 without control characters (U+0000-1F, U+007F-9F) and noncharacters.
package enum AttributeText {
    /// The first byte of what such a text must not have; nil when it is one.
    package static func firstForbidden(_ text: UnsafeRawBufferPointer) -> Int? {
        guard let base = text.baseAddress else { return nil }
        let count = text.count
        var at = 0
        while at < count {
            while at + 8 <= count {
                let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                // 0x7F alone overflows into the high bit when 1 is added; below 0x20 the subtraction borrows.
                let special =
                    (word | (word &- 0x2020_2020_2020_2020) | (word &+ 0x0101_0101_0101_0101))
                    & 0x8080_8080_8080_8080
                if special != 0 { break }
                at += 8
            }
            guard at < count else { return nil }
            let byte = base.load(fromByteOffset: at, as: UInt8.self)
            if byte < 0x80 {
                if byte < 0x20 || byte == 0x7F { return at }
                at += 1
                continue
            }
            let length = UTF8Check.sequenceLength(base + at, count - at)
            if length == 0 || isForbidden(base + at, length) { return at }
            at += length
        }
        return nil
    }

    private static func isForbidden(_ at: UnsafeRawPointer, _ length: Int) -> Bool {
        func byte(_ index: Int) -> UInt8 { at.load(fromByteOffset: index, as: UInt8.self) }
        switch length {
        case 2: return byte(0) == 0xC2 && byte(1) < 0xA0
        case 3:
            guard byte(0) == 0xEF else { return false }
            return byte(1) == 0xB7 && (0x90...0xAF).contains(byte(2)) || byte(1) == 0xBF && byte(2) >= 0xBE
        default: return byte(1) & 0x0F == 0x0F && byte(2) == 0xBF && byte(3) >= 0xBE
        }
    }

    /// Whether the bytes are an extension's name: a-z and 0-9, at least one of them.
    package static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        guard !name.isEmpty else { return false }
        for byte in name {
            guard
                byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
            else { return false }
        }
        return true
    }
}
