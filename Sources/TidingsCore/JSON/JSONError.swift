// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why bytes are not JSON as RFC 8259 has it: where, and in one sentence what.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The byte at which it was noticed, from 0; the length of the text when it ended too early.
    package let position: Int
    /// What is wrong there, without the position.
    package let reason: String

    /// Creates an error.
    package init(at position: Int, _ reason: String) {
        self.position = position
        self.reason = reason
    }

    package var description: String { "\(reason) (at byte \(position))" }
}

/// One value or member name as it lies in a JSON text: kind and place, nothing copied.
package struct JSONToken: Sendable, Hashable {
    /// The kinds of JSON value.
    package enum Kind: UInt8, Sendable { case null, bool, number, string, array, object }

    /// What it is.
    package let kind: Kind
    /// Whether a string has escapes, so that its bytes are not its text.
    package let hasEscapes: Bool
    /// All its bytes in the text, quotes and brackets included.
    package let range: Range<Int>

    /// A string's bytes between its quotes; the whole value for other kinds.
    package var content: Range<Int> {
        kind == .string ? range.lowerBound + 1..<range.upperBound - 1 : range
    }
}
