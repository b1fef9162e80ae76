// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why bytes are no record batch, or one that cannot be read.
package struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a program can act on. Codes are added, never renamed.
    package enum Code: String, Sendable {
        /// Fewer bytes than the batch says it has.
        case incomplete = "records.incomplete"
        /// The bytes were changed, or never were a batch.
        case badChecksum = "records.bad-checksum"
        /// A field of the header has a value it cannot have.
        case badHeader = "records.bad-header"
        /// A record, or the compressed stream of them, is not well formed.
        case badRecord = "records.bad-record"
        /// A record format other than version 2.
        case unsupportedFormat = "records.unsupported-format"
        /// The batch decompresses to more than is allowed.
        case tooLarge = "records.too-large"
    }
    /// The kind.
    package let code: Code
    /// A sentence for people.
    package let description: String

    /// Creates an error with its sentence.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
