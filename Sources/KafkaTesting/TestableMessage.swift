// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A message, or a struct in one, in both directions: what a client needs, and values to test with.
///
/// Two are equal if all their fields are; of fields that are not copied (``MessageBytes``) only the counts are compared,
/// since they lie elsewhere after each reading.
package protocol TestableMessage: ReadableMessage, WritableMessage, Equatable, Sendable {
    /// The versions that are read and written; of a struct in a message, all.
    static var versions: ClosedRange<Int16> { get }
    /// Any value that this version can carry; fields it lacks have their defaults.
    static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self
}

extension TestableMessage {
    package static var versions: ClosedRange<Int16> { 0...Int16.max }
}

/// Values for messages that follow from a seed, with a liking for the ends of ranges.
package struct ArbitraryValues {
    private let random: SeededRandom
    private var depth = 0
    /// Whether all values are the emptiest there are: no element, no character, zero, null where it may be.
    package var isBlank = false
    /// What the ``MessageBytes`` of the values lie in.
    package private(set) var source: [UInt8] = []

    /// Starts with a seed.
    package init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private func below(_ bound: UInt64) -> Int { isBlank ? 0 : Int(random.next(below: bound)) }

    private func number<Number: FixedWidthInteger>() -> Number {
        if isBlank { return 0 }
        return switch below(8) {
        case 0: .min
        case 1: .max
        case 2: 0
        case 3: Number(truncatingIfNeeded: -1)
        default: Number(truncatingIfNeeded: random.next())
        }
    }

    package mutating func int8() -> Int8 { number() }
    package mutating func int16() -> Int16 { number() }
    package mutating func int32() -> Int32 { number() }
    package mutating func int64() -> Int64 { number() }
    package mutating func bool() -> Bool { below(2) == 0 }
    package mutating func uuid() -> UUID128 { UUID128(high: random.next(), low: random.next()) }

    package mutating func string() -> String {
        if isBlank { return "" }
        let length = below(12) == 0 ? 100 + below(100) : below(20)
        let letters: [Unicode.Scalar] = ["a", "Z", "7", ".", "-", "_", " ", "\0", "é", "漢", "🌊"]
        var text = String.UnicodeScalarView()
        for _ in 0..<length { text.append(letters[below(UInt64(letters.count))]) }
        return String(text)
    }

    package mutating func string(where nullable: Bool) -> String? { nullable && below(4) == 0 ? nil : string() }

    package mutating func copiedBytes() -> [UInt8] {
        (0..<(isBlank ? 0 : below(8) == 0 ? 200 : below(24))).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    package mutating func bytes() -> MessageBytes {
        let new = copiedBytes()
        defer { source += new }
        return MessageBytes(place: source.count, count: new.count)
    }

    package mutating func bytes(where nullable: Bool) -> MessageBytes? { nullable && below(4) == 0 ? nil : bytes() }

    package mutating func records(where nullable: Bool) -> MessageBytes? { bytes(where: nullable) }

    private func count() -> Int { isBlank ? 0 : depth > 2 ? below(2) : below(12) == 0 ? 20 : below(4) }

    package mutating func array<Element: TestableMessage>(_ version: Int16) -> [Element] {
        let count = count()
        depth += 1
        defer { depth -= 1 }
        return (0..<count).map { _ in Element.arbitrary(&self, version: version) }
    }

    package mutating func array<Element: TestableMessage>(_ version: Int16, where nullable: Bool) -> [Element]? {
        nullable && below(4) == 0 ? nil : array(version)
    }

    package mutating func optional<Element: TestableMessage>(_ version: Int16) -> Element? {
        below(4) == 0 ? nil : Element.arbitrary(&self, version: version)
    }

    package mutating func int32s() -> [Int32] { (0..<count()).map { _ in number() } }
    package mutating func int64s() -> [Int64] { (0..<count()).map { _ in number() } }
    package mutating func strings() -> [String] { (0..<count()).map { _ in string() } }
    package mutating func strings(where nullable: Bool) -> [String]? { nullable && below(4) == 0 ? nil : strings() }
}
