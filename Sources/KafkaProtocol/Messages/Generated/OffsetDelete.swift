// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's OffsetDeleteRequest (key 47, versions 0-0): deletes a group's offsets.
package struct OffsetDeleteRequest: Sendable {
    package var groupID: String = ""
    package var topics: [OffsetDeleteRequestTopic] = []

    package init(groupID: String = "", topics: [OffsetDeleteRequestTopic] = []) {
        self.groupID = groupID; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetDeleteRequestTopic: Sendable {
        package var name: String = ""
        package var partitions: [OffsetDeleteRequestPartition] = []

        package init(name: String = "", partitions: [OffsetDeleteRequestPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetDeleteRequestPartition: Sendable {
        package var partitionIndex: Int32 = 0

        package init(partitionIndex: Int32 = 0) {
            self.partitionIndex = partitionIndex
        }
    }
}

extension OffsetDeleteRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("OffsetDeleteRequest", version, 0...0, flexible: .max)
        groupID = try reader.string("GroupId")
        topics = try reader.array("Topics", version)
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension OffsetDeleteRequest.OffsetDeleteRequestTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
}

extension OffsetDeleteRequest.OffsetDeleteRequestPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
    }
    package static func minimumSize(_ version: Int16) -> Int { 4 }
}

/// Kafka's OffsetDeleteResponse (key 47, versions 0-0): answers ``OffsetDeleteRequest``.
package struct OffsetDeleteResponse: Sendable {
    package var errorCode: Int16 = 0
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetDeleteResponseTopic] = []

    package init(errorCode: Int16 = 0, throttleTimeMs: Int32 = 0, topics: [OffsetDeleteResponseTopic] = []) {
        self.errorCode = errorCode; self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetDeleteResponseTopic: Sendable {
        package var name: String = ""
        package var partitions: [OffsetDeleteResponsePartition] = []

        package init(name: String = "", partitions: [OffsetDeleteResponsePartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetDeleteResponsePartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0

        package init(partitionIndex: Int32 = 0, errorCode: Int16 = 0) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode
        }
    }
}

extension OffsetDeleteResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetDeleteResponse", version, 0...0, flexible: .max)
        writer.errorCode(errorCode)
        writer.int32(throttleTimeMs)
        writer.array(topics, version)
    }
}

extension OffsetDeleteResponse.OffsetDeleteResponseTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
    }
}

extension OffsetDeleteResponse.OffsetDeleteResponsePartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
    }
}
