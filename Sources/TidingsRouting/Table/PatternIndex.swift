// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is kept by type pattern, found by type: exactly first, then by the longest prefix, and so on.
struct PatternIndex<Value: Sendable>: Sendable {
    private var exact: [[UInt8]: Value] = [:]
    private var prefixes: [[UInt8]: Value] = [:]
    /// How many prefixes have each length.
    private var counts: [Int: Int] = [:]
    /// The lengths prefixes have, longest first.
    private var lengths: [Int] = []

    /// What is kept for exactly this pattern.
    subscript(pattern: TypePattern) -> Value? {
        get { pattern.isPrefix ? prefixes[pattern.bytes] : exact[pattern.bytes] }
        set {
            guard pattern.isPrefix else {
                exact[pattern.bytes] = newValue
                return
            }
            let length = pattern.bytes.count
            let had = prefixes[pattern.bytes] != nil
            prefixes[pattern.bytes] = newValue
            guard had != (newValue != nil) else { return }
            let count = counts[length, default: 0] + (had ? -1 : 1)
            counts[length] = count == 0 ? nil : count
            if count == 0 || (!had && count == 1) { lengths = counts.keys.sorted(by: >) }
        }
    }

    /// Whether a type is named exactly.
    func names(_ type: [UInt8]) -> Bool { exact[type] != nil }

    /// What is kept for the most specific pattern that means `type`.
    func mostSpecific(for type: [UInt8]) -> Value? {
        if let value = exact[type] { return value }
        for length in lengths where length <= type.count {
            if let value = prefixes[Array(type[..<length])] { return value }
        }
        return nil
    }

    /// Hands over what is kept for every pattern that means `type`, the most specific first.
    func forEachMatch(_ type: [UInt8], _ body: (Value) -> Void) {
        if let value = exact[type] { body(value) }
        for length in lengths where length <= type.count {
            if let value = prefixes[Array(type[..<length])] { body(value) }
        }
    }

    /// Hands over what is kept for every pattern that shares types with `pattern`: with the one type they share, or
    /// nil when they share many. Walks over all there is: for changes of the table, not for events.
    func forEachOverlap(_ pattern: TypePattern, _ body: (_ only: [UInt8]?, Value) -> Void) {
        guard pattern.isPrefix else {
            forEachMatch(pattern.bytes) { body(pattern.bytes, $0) }
            return
        }
        for (bytes, value) in exact where bytes.starts(with: pattern.bytes) { body(bytes, value) }
        for (bytes, value) in prefixes
        where bytes.starts(with: pattern.bytes) || pattern.bytes.starts(with: bytes) {
            body(nil, value)
        }
    }
}
