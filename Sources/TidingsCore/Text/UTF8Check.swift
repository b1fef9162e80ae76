// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Well-formed UTF-8 as Unicode's table 3-7 has it: no overlong form, no surrogate, nothing past U+10FFFF.
package enum UTF8Check {
    /// How many bytes the character at `at` has; 0 when it is not well formed or is cut off after `count` bytes.
    package static func sequenceLength(_ at: UnsafeRawPointer, _ count: Int) -> Int {
        @inline(__always) func byte(_ index: Int) -> UInt8 { at.load(fromByteOffset: index, as: UInt8.self) }
        @inline(__always) func follows(_ index: Int) -> Bool { byte(index) & 0xC0 == 0x80 }
        guard count > 0 else { return 0 }
        switch byte(0) {
        case 0..<0x80:
            return 1
        case 0xC2...0xDF:
            return count >= 2 && follows(1) ? 2 : 0
        case 0xE0...0xEF:
            guard count >= 3, follows(1), follows(2) else { return 0 }
            if byte(0) == 0xE0, byte(1) < 0xA0 { return 0 }
            if byte(0) == 0xED, byte(1) > 0x9F { return 0 }
            return 3
        case 0xF0...0xF4:
            guard count >= 4, follows(1), follows(2), follows(3) else { return 0 }
            if byte(0) == 0xF0, byte(1) < 0x90 { return 0 }
            if byte(0) == 0xF4, byte(1) > 0x8F { return 0 }
            return 4
        default:
            return 0
        }
    }

    /// The first byte that is not well formed; nil when all are.
    package static func firstBadByte(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var at = 0
        let count = bytes.count
        while at < count {
            while at + 8 <= count,
                base.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                at += 8
            }
            guard at < count else { return nil }
            let length = sequenceLength(base + at, count - at)
            if length == 0 { return at }
            at += length
        }
        return nil
    }
}
