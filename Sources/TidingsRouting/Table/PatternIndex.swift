// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A type's bytes as a key: hashed in one piece, which an array's own hash is not.
struct TypeKey: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}

/// What is kept by type pattern, found by type: exactly first, then by the longest prefix, and so on.
struct PatternIndex<Value: Sendable>: Sendable {
    private var exact: [TypeKey: Value] = [:]
    private var prefixes: [TypeKey: Value] = [:]
    /// How many prefixes have each length.
    private var counts: [Int: Int] = [:]
    /// The lengths prefixes have, longest first.
    private var lengths: [Int] = []

    /// What is kept for exactly this pattern.
    subscript(pattern: TypePattern) -> Value? {
        get {
            let key = TypeKey(pattern.bytes)
            return pattern.isPrefix ? prefixes[key] : exact[key]
        }
        set {
            let key = TypeKey(pattern.bytes)
            guard pattern.isPrefix else {
                exact[key] = newValue
                return
            }
            let length = pattern.bytes.count
            let had: Bool
            if let newValue {
                had = prefixes.updateValue(newValue, forKey: key) != nil
            } else {
                had = prefixes.removeValue(forKey: key) != nil
            }
            guard had != (newValue != nil) else { return }
            let count = counts[length, default: 0] + (had ? -1 : 1)
            counts[length] = count == 0 ? nil : count
            if count == 0 || (!had && count == 1) { lengths = counts.keys.sorted(by: >) }
        }
    }

    /// Whether a type is named exactly.
    func names(_ type: [UInt8]) -> Bool { exact[TypeKey(type)] != nil }

    /// What is kept for the most specific pattern that means `type`.
    func mostSpecific(for type: [UInt8]) -> Value? {
        if let value = exact[TypeKey(type)] { return value }
        for length in lengths where length <= type.count {
            if let value = prefixes[TypeKey(type[..<length])] { return value }
        }
        return nil
    }

    /// Hands over what is kept for every pattern that means `type`, the most specific first.
    func forEachMatch(_ type: [UInt8], _ body: (Value) -> Void) {
        if let value = exact[TypeKey(type)] { body(value) }
        for length in lengths where length <= type.count {
            if let value = prefixes[TypeKey(type[..<length])] { body(value) }
        }
    }

    /// Hands over what is kept for every pattern that shares types with `pattern`: with the one type they share, or
    /// nil when they share many. Walks over all there is: for changes of the table, not for events.
    func forEachOverlap(_ pattern: TypePattern, _ body: (_ only: [UInt8]?, Value) -> Void) {
        guard pattern.isPrefix else {
            forEachMatch(pattern.bytes) { body(pattern.bytes, $0) }
            return
        }
        for (key, value) in exact where key.bytes.starts(with: pattern.bytes) { body(key.bytes, value) }
        for (key, value) in prefixes
        where key.bytes.starts(with: pattern.bytes) || pattern.bytes.starts(with: key.bytes) {
            body(nil, value)
        }
    }
}
