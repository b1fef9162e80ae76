// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A subscription's filters, ready to be asked once per event: all of them must hold.
package struct FilterMatcher: Sendable {
    /// Filters with names and values as bytes.
    private indirect enum Node: Sendable {
        case exact([Pair]), prefix([Pair]), suffix([Pair])
        case all([Node]), any([Node])
        case not(Node)
    }

    private struct Pair: Sendable {
        let name: [UInt8]
        let value: [UInt8]

        init(_ comparison: Filter.Comparison) {
            name = Array(comparison.attribute.utf8)
            value = Array(comparison.value.utf8)
        }
    }

    private let nodes: [Node]

    /// Makes ready what was read and checked.
    package init(_ filters: [Filter]) { nodes = filters.map(Self.node) }

    private static func node(_ filter: Filter) -> Node {
        switch filter {
        case .exact(let pairs): .exact(pairs.map(Pair.init))
        case .prefix(let pairs): .prefix(pairs.map(Pair.init))
        case .suffix(let pairs): .suffix(pairs.map(Pair.init))
        case .all(let filters): .all(filters.map(node))
        case .any(let filters): .any(filters.map(node))
        case .not(let filter): .not(node(filter))
        }
    }

    /// Whether all filters hold. No allocation.
    /// - Parameter attribute: an attribute's value in its canonical text, as UTF-8; nil when the event has none.
    package func holds(_ attribute: (UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?) -> Bool {
        nodes.allSatisfy { Self.holds($0, attribute) }
    }

    private static func holds(
        _ node: Node, _ attribute: (UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?
    ) -> Bool {
        switch node {
        case .exact(let pairs):
            compare(pairs, attribute) { $0.count == $1.count && $0.elementsEqual($1) }
        case .prefix(let pairs):
            compare(pairs, attribute) { $0.count >= $1.count && $0.prefix($1.count).elementsEqual($1) }
        case .suffix(let pairs):
            compare(pairs, attribute) { $0.count >= $1.count && $0.suffix($1.count).elementsEqual($1) }
        case .all(let nodes): nodes.allSatisfy { holds($0, attribute) }
        case .any(let nodes): nodes.contains { holds($0, attribute) }
        case .not(let node): !holds(node, attribute)
        }
    }

    private static func compare(
        _ pairs: [Pair], _ attribute: (UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?,
        _ compare: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        pairs.allSatisfy { pair in
            guard let found = pair.name.withUnsafeBytes(attribute) else { return false }
            return pair.value.withUnsafeBytes { compare(found, $0) }
        }
    }
}
