// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A record's position in one partition, handed out by the writer one after another.
public struct Offset: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The position, as the record format stores it; never negative.
    public let value: Int64

    /// Creates an offset this program computed; bytes from outside go through ``init(decoding:)``.
    public init(_ value: Int64) {
        precondition(value >= 0, "an offset is never negative (got \(value))")
        self.value = value
    }

    /// Takes an offset from outside bytes: nil when it is negative.
    public init?(decoding value: Int64) {
        guard value >= 0 else { return nil }
        self.value = value
    }

    /// The first offset of a partition.
    public static let zero = Offset(0)

    /// The offset after this one.
    public var next: Offset { Offset(value + 1) }

    public var description: String { String(value) }

    public static func < (left: Offset, right: Offset) -> Bool { left.value < right.value }

    /// The offset `distance` records further on.
    public static func + (offset: Offset, distance: Int64) -> Offset { Offset(offset.value + distance) }

    /// How many offsets lie from `right` to `left`.
    public static func - (left: Offset, right: Offset) -> Int64 { left.value - right.value }
}

extension Range<Offset> {
    /// The last offset of the range: what people and programs are told as its end. Nil when the range is empty.
    package var lastOffset: Offset? { isEmpty ? nil : Offset(upperBound.value - 1) }
}
