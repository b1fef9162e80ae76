// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension UnsafeRawBufferPointer {
    /// Whether the bytes are those of a literal.
    @inline(__always)
    package func isEqual(to text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && (count == 0 || memcmp(baseAddress!, text.utf8Start, count) == 0)
    }

    /// Whether the bytes are the same.
    @inline(__always)
    package func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        count == other.count && (count == 0 || memcmp(baseAddress!, other.baseAddress!, count) == 0)
    }

    /// Whether the bytes begin with those of a literal.
    @inline(__always)
    package func hasPrefix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount
            && (text.utf8CodeUnitCount == 0 || memcmp(baseAddress!, text.utf8Start, text.utf8CodeUnitCount) == 0)
    }

    /// Whether the bytes are those of a literal in lower case, ASCII letters of both cases taken as equal.
    package func isEqualIgnoringCase(to text: StaticString) -> Bool {
        // Most are in lower case already, and compared in one piece.
        count == text.utf8CodeUnitCount && (isEqual(to: text) || hasPrefixIgnoringCase(text))
    }

    /// Whether the bytes begin with those of a literal in lower case, ASCII letters of both cases taken as equal.
    package func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount {
            var byte = self[index]
            if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") { byte |= 0x20 }
            if byte != text.utf8Start[index] { return false }
        }
        return true
    }

    /// A part of the bytes; `range` must lie inside.
    @inline(__always)
    package func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) lies outside of \(count) bytes")
        guard let baseAddress else { return self }
        return UnsafeRawBufferPointer(start: baseAddress + range.lowerBound, count: range.count)
    }

    /// The bytes read as UTF-8; bad bytes become U+FFFD.
    package var text: String { String(decoding: self, as: UTF8.self) }
}

extension StaticString {
    /// The literal's bytes, which live as long as the program.
    @inline(__always)
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
