// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

// What members of a classic group tell one another through their coordinator: a version, then the message. A version that
// is not known yet is read as the last one that is, since its fields come first.

extension ConsumerProtocolSubscription {
    /// Reads the metadata of a JoinGroup request of a consumer.
    package init(metadata: UnsafeRawBufferPointer) throws(MessageError) {
        var reader = MessageReader(metadata)
        let version = try reader.int16("version")
        try self.init(from: &reader, version: min(version, 3))
    }
}

extension ConsumerProtocolAssignment {
    /// Reads the assignment of a consumer.
    package init(assignment: UnsafeRawBufferPointer) throws(MessageError) {
        var reader = MessageReader(assignment)
        let version = try reader.int16("version")
        try self.init(from: &reader, version: min(version, 3))
    }
}
