// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A condition on an event's attributes, in CloudEvents's filter dialects. Values are compared as they are, case
/// included; an absent attribute meets no comparison.
public indirect enum Filter: Hashable, Sendable {
    /// One attribute and what it is compared with.
    public struct Comparison: Hashable, Sendable {
        /// The attribute's name; `subject` is the entity.
        public let attribute: String
        /// What it is compared with; never empty.
        public let value: String

        /// Names an attribute and a value.
        public init(_ attribute: String, _ value: String) {
            self.attribute = attribute
            self.value = value
        }
    }

    /// Every named attribute equals its value.
    case exact([Comparison])
    /// Every named attribute begins with its value.
    case prefix([Comparison])
    /// Every named attribute ends with its value.
    case suffix([Comparison])
    /// All hold; at least one is there.
    case all([Filter])
    /// At least one holds.
    case any([Filter])
    /// The other does not hold.
    case not(Filter)

    /// How deep filters may nest.
    public static let deepest = 16
    /// How many filters one list may have.
    public static let longestList = 256
    /// How many filters and comparisons one subscription may have in all: what the largest resource has room for,
    /// nearly, so that a description of the parts is enough.
    public static let most = 16_384
}
