// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why bytes are no message of Kafka's protocol, or why a message cannot be written: which message, field and rule, and
/// the value that broke it. Throwing one allocates nothing.
package struct MessageError: Error, Sendable, CustomStringConvertible {
    /// What a program can act on. Codes are added, never renamed.
    package enum Code: String, Sendable {
        /// A field needs more bytes than are left.
        case endsEarly = "messages.ends-early"
        /// A length below -1.
        case negativeLength = "messages.negative-length"
        /// An array of more elements than the bytes that are left can hold.
        case countBeyondBytes = "messages.count-beyond-bytes"
        /// A message with more elements than the reader was told to accept.
        case tooManyElements = "messages.too-many-elements"
        /// Null where the version at hand has no null.
        case nullNotAllowed = "messages.null-not-allowed"
        /// A string that is not UTF-8.
        case notUTF8 = "messages.not-utf8"
        /// A variable-length number of more than 32 bits.
        case numberTooLong = "messages.number-too-long"
        /// A tagged field whose value has another size than it says.
        case badTag = "messages.bad-tag"
        /// A version that is not read or written here.
        case unsupportedVersion = "messages.unsupported-version"
        /// Something to be written is longer than its length field can say.
        case tooLong = "messages.too-long"
    }

    /// The kind.
    package let code: Code
    /// The message, by its name in Kafka's definitions.
    package let message: StaticString
    /// The field, by its name there; empty when it is the message as a whole.
    package let field: StaticString
    /// What was found: a count, length, version or number of missing bytes.
    package let value: Int

    /// A sentence for people.
    package var description: String {
        let place = field.utf8CodeUnitCount == 0 ? "\(message)" : "\(field) of \(message)"
        switch code {
        case .endsEarly: return "\(place) needs \(value) bytes more than there are"
        case .negativeLength: return "\(place) has a length of \(value)"
        case .countBeyondBytes: return "\(place) says it has \(value) elements, more than the bytes left can hold"
        case .tooManyElements: return "\(place) has \(value) elements, which makes too many in one message"
        case .nullNotAllowed: return "\(place) is null, which this version does not allow"
        case .notUTF8: return "\(place) is not UTF-8 (\(value) bytes)"
        case .numberTooLong: return "\(place) has a length or tag of more than 32 bits"
        case .badTag: return "\(place) says it has \(value) bytes, its value has not"
        case .unsupportedVersion: return "\(place) has no version \(value) here"
        case .tooLong: return "\(place) is too long: \(value) bytes"
        }
    }
}
