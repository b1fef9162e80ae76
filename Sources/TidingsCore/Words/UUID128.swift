// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A UUID (RFC 9562) as two words, without Foundation.
public struct UUID128: Hashable, Sendable, CustomStringConvertible {
    /// The first and the last eight bytes, big-endian.
    public let high: UInt64, low: UInt64

    /// Creates a UUID from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random UUID (version 4).
    public static func random(from source: any RandomSource) -> UUID128 {
        UUID128(
            high: source.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: source.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// A UUID that sorts by time (version 7).
    public static func timeOrdered(at time: WallTime, from source: any RandomSource) -> UUID128 {
        UUID128(
            high: UInt64(bitPattern: time.millis) << 16 | 0x7000 | source.next() & 0x0FFF,
            low: source.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// Reads the 36-character form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
            digits += 1
        }
        high = words.0
        low = words.1
    }

    /// Writes the 36 characters of the usual form through `emit`.
    public func forEachCharacter(_ emit: (UInt8) -> Void) {
        for position in 0..<32 {
            if position == 8 || position == 12 || position == 16 || position == 20 { emit(UInt8(ascii: "-")) }
            let word = position < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (position % 16))) & 0xF
            emit(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var at = 0
            forEachCharacter { byte in
                buffer[at] = byte
                at += 1
            }
            return at
        }
    }
}
