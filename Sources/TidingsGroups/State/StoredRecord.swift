// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A record for an internal topic that is compacted by key; without a value the key is forgotten.
package struct StoredRecord: Sendable, Hashable {
    package let key: [UInt8]
    package let value: [UInt8]?

    /// Creates a record.
    package init(key: [UInt8], value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// A record of groups or transactions that cannot be understood.
package struct RecordError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
