// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which event types are meant: one exactly (`order.created`), or all that begin alike (`order.*`, `order_*`, `*`).
/// Bytes are compared as they are: neither case nor Unicode's equivalences are folded.
public struct TypePattern: Hashable, Sendable, CustomStringConvertible {
    /// What a type is, or begins with, as UTF-8; empty for `*`.
    public let bytes: [UInt8]
    /// Whether all types that begin with ``bytes`` are meant; else the one that equals them.
    public let isPrefix: Bool

    /// The most bytes a pattern has.
    public static let longest = 512
    /// The rule a pattern keeps, for refusals.
    public static let rule = "an event type of at most 512 bytes without control characters, or a prefix and '*'"
    /// `*`: every type.
    public static let all = TypePattern(bytes: [], isPrefix: true)

    private init(bytes: [UInt8], isPrefix: Bool) {
        self.bytes = bytes
        self.isPrefix = isPrefix
    }

    /// Takes a pattern from outside: nil when it breaks ``rule``. A `*` stands only at the end.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.longest else { return nil }
        let isPrefix = bytes.last == UInt8(ascii: "*")
        if isPrefix { bytes.removeLast() }
        guard !bytes.contains(UInt8(ascii: "*")), Self.isType(text.unicodeScalars) else { return nil }
        self.init(bytes: bytes, isPrefix: isPrefix)
    }

    /// CloudEvents 1.0's rule for the characters of a string: no controls, surrogates or noncharacters.
    private static func isType(_ scalars: String.UnicodeScalarView) -> Bool {
        scalars.allSatisfy { scalar in
            switch scalar.value {
            case 0...0x1F, 0x7F...0x9F, 0xFDD0...0xFDEF: false
            default: scalar.value & 0xFFFE != 0xFFFE
            }
        }
    }

    /// Whether a type, as UTF-8, is meant.
    public func matches(_ type: UnsafeRawBufferPointer) -> Bool {
        guard isPrefix ? type.count >= bytes.count : type.count == bytes.count else { return false }
        return bytes.withUnsafeBytes { $0.elementsEqual(type.prefix($0.count)) }
    }

    /// Whether there is a type that both patterns mean.
    public func overlaps(_ other: TypePattern) -> Bool {
        switch (isPrefix, other.isPrefix) {
        case (false, false): bytes == other.bytes
        case (true, false): other.bytes.starts(with: bytes)
        case (false, true): bytes.starts(with: other.bytes)
        case (true, true): bytes.starts(with: other.bytes) || other.bytes.starts(with: bytes)
        }
    }

    /// The pattern as people write it.
    public var text: String { String(decoding: bytes, as: UTF8.self) + (isPrefix ? "*" : "") }

    public var description: String { text }
}
