// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The name of a resource: 1 to 128 of `[a-z0-9._-]`, the first a letter or digit.
public struct Name: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as written.
    public let text: String

    /// The rule a name keeps, for refusals.
    public static let rule = "1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit"

    /// Takes a name from outside: nil when it breaks ``rule``.
    public init?(_ text: String) {
        guard (1...128).contains(text.utf8.count) else { return nil }
        for (place, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): if place == 0 { return nil }
            default: return nil
            }
        }
        self.text = text
    }

    public var description: String { text }

    public static func < (left: Name, right: Name) -> Bool { left.text < right.text }
}
