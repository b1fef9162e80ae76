// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// First in, first out, in one array: what leaves is let go of at once, and its place is used again later.
public struct Fifo<Element> {
    @usableFromInline var places: [Element?] = []
    @usableFromInline var first = 0

    /// Makes an empty one.
    @inlinable public init() {}

    /// How many are in it.
    @inlinable public var count: Int { places.count - first }
    /// Whether none is.
    @inlinable public var isEmpty: Bool { first == places.count }
    /// The one that is next to leave.
    @inlinable public var oldest: Element? { isEmpty ? nil : places[first] }

    /// The one that has `place` before it, 0 for the oldest; there must be one.
    @inlinable public subscript(place: Int) -> Element { places[first + place]! }

    /// Adds one at the end.
    @inlinable public mutating func append(_ element: Element) { places.append(element) }

    /// Takes out the oldest; nil when there is none.
    @inlinable public mutating func popFirst() -> Element? {
        guard first < places.count else { return nil }
        let element = places[first]
        places[first] = nil
        first += 1
        if first == places.count {
            places.removeAll(keepingCapacity: places.count <= 1024)
            first = 0
        } else if first >= 64, first * 2 >= places.count {
            places.removeFirst(first)
            first = 0
        }
        return element
    }
}

extension Fifo: Sendable where Element: Sendable {}
