// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What lies at a place of a partner's JSON body.
enum InboundField: Hashable {
    /// The place is not there, or is null.
    case absent
    /// A string's text, or a number as it is written.
    case text(String)
    /// What is neither: its kind, as a refusal names it.
    case other(String)

    /// The text; nil for anything else.
    var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// Finds the values of several places in one walk over a JSON body, and checks the whole body on the way.
struct InboundFields {
    private let places: [JSONPointer]
    private var found: [InboundField]
    private var scanner = Holder()

    /// Keeps the scanner's memory between walks.
    private final class Holder {
        var scanner = JSONScanner()
    }

    /// Looks for these places.
    init(_ places: [JSONPointer]) {
        self.places = places
        found = Array(repeating: .absent, count: places.count)
    }

    /// What lies at each place of `body`, in the order the places were given.
    /// - Throws: ``JSONError`` when `body` is no JSON text.
    mutating func read(_ body: UnsafeRawBufferPointer) throws(JSONError) -> [InboundField] {
        for index in found.indices { found[index] = .absent }
        let holder = scanner
        holder.scanner.begin(body)
        try walk(&holder.scanner, depth: 0, Array(places.indices))
        try holder.scanner.end()
        return found
    }

    /// Passes over the value that comes next; `wanted` are the places that lead to it or into it. Recursion is bounded
    /// by the longest pointer and by ``JSONScanner/maximumDepth``.
    private mutating func walk(_ scanner: inout JSONScanner, depth: Int, _ wanted: [Int]) throws(JSONError) {
        let here = wanted.filter { places[$0].tokens.count == depth }
        let inside = wanted.filter { places[$0].tokens.count > depth }
        let kind = try scanner.peek()
        switch kind {
        case .object where !inside.isEmpty:
            try scanner.enterObject()
            while let name = try scanner.nextName() {
                let text = scanner.string(name)
                let next = inside.filter { places[$0].tokens[depth] == text }
                if next.isEmpty { _ = try scanner.value() } else { try walk(&scanner, depth: depth + 1, next) }
            }
        case .array where !inside.isEmpty:
            try scanner.enterArray()
            var index = 0
            while try scanner.nextElement() {
                let text = String(index)
                let next = inside.filter { places[$0].tokens[depth] == text }
                if next.isEmpty { _ = try scanner.value() } else { try walk(&scanner, depth: depth + 1, next) }
                index += 1
            }
        default:
            let token = try scanner.value()
            if here.isEmpty { return }
            let field = Self.field(token, &scanner)
            for index in here { found[index] = field }
            return
        }
        for index in here { found[index] = .other(kind == .object ? "an object" : "an array") }
    }

    private static func field(_ token: JSONToken, _ scanner: inout JSONScanner) -> InboundField {
        switch token.kind {
        case .null: .absent
        case .string: .text(scanner.string(token))
        case .number: .text(scanner.bytes(token.range).text)
        case .bool: .other("a boolean")
        case .object: .other("an object")
        case .array: .other("an array")
        }
    }
}
