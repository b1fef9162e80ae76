// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ListOffsetsRequest (key 2, versions 1-10): finds offsets by time, and the ends of partitions.
package struct ListOffsetsRequest: Sendable {
    package var replicaID: Int32 = 0
    package var isolationLevel: Int8 = 0
    package var topics: [ListOffsetsTopic] = []
    package var timeoutMs: Int32 = 0

    package init(
        replicaID: Int32 = 0, isolationLevel: Int8 = 0, topics: [ListOffsetsTopic] = [], timeoutMs: Int32 = 0
    ) {
        self.replicaID = replicaID; self.isolationLevel = isolationLevel; self.topics = topics
        self.timeoutMs = timeoutMs
    }

    /// An element of ``topics``.
    package struct ListOffsetsTopic: Sendable {
        package var name: String = ""
        package var partitions: [ListOffsetsPartition] = []

        package init(name: String = "", partitions: [ListOffsetsPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct ListOffsetsPartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var timestamp: Int64 = 0

        package init(partitionIndex: Int32 = 0, currentLeaderEpoch: Int32 = -1, timestamp: Int64 = 0) {
            self.partitionIndex = partitionIndex; self.currentLeaderEpoch = currentLeaderEpoch; self.timestamp = timestamp
        }
    }
}

extension ListOffsetsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ListOffsetsRequest", version, 1...10, flexible: 6)
        replicaID = try reader.int32("ReplicaId")
        if version >= 2 { isolationLevel = try reader.int8("IsolationLevel") }
        topics = try reader.array("Topics", version)
        if version >= 10 { timeoutMs = try reader.int32("TimeoutMs") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension ListOffsetsRequest.ListOffsetsTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 3 : 6 }
}

extension ListOffsetsRequest.ListOffsetsPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
        if version >= 4 { currentLeaderEpoch = try reader.int32("CurrentLeaderEpoch") }
        timestamp = try reader.int64("Timestamp")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 17 : version >= 4 ? 16 : 12 }
}

/// Kafka's ListOffsetsResponse (key 2, versions 1-10): answers ``ListOffsetsRequest``.
package struct ListOffsetsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [ListOffsetsTopicResponse] = []

    package init(throttleTimeMs: Int32 = 0, topics: [ListOffsetsTopicResponse] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct ListOffsetsTopicResponse: Sendable {
        package var name: String = ""
        package var partitions: [ListOffsetsPartitionResponse] = []

        package init(name: String = "", partitions: [ListOffsetsPartitionResponse] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct ListOffsetsPartitionResponse: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0
        package var timestamp: Int64 = -1
        package var offset: Int64 = -1
        package var leaderEpoch: Int32 = -1

        package init(
            partitionIndex: Int32 = 0, errorCode: Int16 = 0, timestamp: Int64 = -1, offset: Int64 = -1,
            leaderEpoch: Int32 = -1
        ) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode; self.timestamp = timestamp
            self.offset = offset; self.leaderEpoch = leaderEpoch
        }
    }
}

extension ListOffsetsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListOffsetsResponse", version, 1...10, flexible: 6)
        if version >= 2 { writer.int32(throttleTimeMs) }
        writer.array(topics, version)
        writer.noTags()
    }
}

extension ListOffsetsResponse.ListOffsetsTopicResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension ListOffsetsResponse.ListOffsetsPartitionResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
        writer.int64(timestamp)
        writer.int64(offset)
        if version >= 4 { writer.int32(leaderEpoch) }
        writer.noTags()
    }
}
