// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's CreatePartitionsRequest (key 37, versions 0-3): adds partitions to topics.
package struct CreatePartitionsRequest: Sendable {
    package var topics: [CreatePartitionsTopic] = []
    package var timeoutMs: Int32 = 0
    package var validateOnly: Bool = false

    package init(topics: [CreatePartitionsTopic] = [], timeoutMs: Int32 = 0, validateOnly: Bool = false) {
        self.topics = topics; self.timeoutMs = timeoutMs; self.validateOnly = validateOnly
    }

    /// An element of ``topics``.
    package struct CreatePartitionsTopic: Sendable {
        package var name: String = ""
        package var count: Int32 = 0
        package var assignments: [CreatePartitionsAssignment]? = []

        package init(name: String = "", count: Int32 = 0, assignments: [CreatePartitionsAssignment]? = []) {
            self.name = name; self.count = count; self.assignments = assignments
        }
    }

    /// An element of ``assignments``.
    package struct CreatePartitionsAssignment: Sendable {
        package var brokerIDs: [Int32] = []

        package init(brokerIDs: [Int32] = []) {
            self.brokerIDs = brokerIDs
        }
    }
}

extension CreatePartitionsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("CreatePartitionsRequest", version, 0...3, flexible: 2)
        topics = try reader.array("Topics", version)
        timeoutMs = try reader.int32("TimeoutMs")
        validateOnly = try reader.bool("ValidateOnly")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension CreatePartitionsRequest.CreatePartitionsTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        count = try reader.int32("Count")
        assignments = try reader.nullableArray("Assignments", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 7 : 10 }
}

extension CreatePartitionsRequest.CreatePartitionsAssignment: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        brokerIDs = try reader.int32s("BrokerIds")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 2 : 4 }
}

/// Kafka's CreatePartitionsResponse (key 37, versions 0-3): answers ``CreatePartitionsRequest``.
package struct CreatePartitionsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var results: [CreatePartitionsTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, results: [CreatePartitionsTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.results = results
    }

    /// An element of ``results``.
    package struct CreatePartitionsTopicResult: Sendable {
        package var name: String = ""
        package var errorCode: Int16 = 0
        package var errorMessage: String?

        package init(name: String = "", errorCode: Int16 = 0, errorMessage: String? = nil) {
            self.name = name; self.errorCode = errorCode; self.errorMessage = errorMessage
        }
    }
}

extension CreatePartitionsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreatePartitionsResponse", version, 0...3, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(results, version)
        writer.noTags()
    }
}

extension CreatePartitionsResponse.CreatePartitionsTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.noTags()
    }
}
