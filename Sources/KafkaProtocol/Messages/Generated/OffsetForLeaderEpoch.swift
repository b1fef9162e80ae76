// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's OffsetForLeaderEpochRequest (key 23, versions 2-4): tells where a leader's epoch ends.
package struct OffsetForLeaderEpochRequest: Sendable {
    package var replicaID: Int32 = -2
    package var topics: [OffsetForLeaderTopic] = []

    package init(replicaID: Int32 = -2, topics: [OffsetForLeaderTopic] = []) {
        self.replicaID = replicaID; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetForLeaderTopic: Sendable {
        package var topic: String = ""
        package var partitions: [OffsetForLeaderPartition] = []

        package init(topic: String = "", partitions: [OffsetForLeaderPartition] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetForLeaderPartition: Sendable {
        package var partition: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var leaderEpoch: Int32 = 0

        package init(partition: Int32 = 0, currentLeaderEpoch: Int32 = -1, leaderEpoch: Int32 = 0) {
            self.partition = partition; self.currentLeaderEpoch = currentLeaderEpoch; self.leaderEpoch = leaderEpoch
        }
    }
}

extension OffsetForLeaderEpochRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("OffsetForLeaderEpochRequest", version, 2...4, flexible: 4)
        if version >= 3 { replicaID = try reader.int32("ReplicaId") }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension OffsetForLeaderEpochRequest.OffsetForLeaderTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 3 : 6 }
}

extension OffsetForLeaderEpochRequest.OffsetForLeaderPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partition = try reader.int32("Partition")
        currentLeaderEpoch = try reader.int32("CurrentLeaderEpoch")
        leaderEpoch = try reader.int32("LeaderEpoch")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 13 : 12 }
}

/// Kafka's OffsetForLeaderEpochResponse (key 23, versions 2-4): answers ``OffsetForLeaderEpochRequest``.
package struct OffsetForLeaderEpochResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetForLeaderTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, topics: [OffsetForLeaderTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetForLeaderTopicResult: Sendable {
        package var topic: String = ""
        package var partitions: [EpochEndOffset] = []

        package init(topic: String = "", partitions: [EpochEndOffset] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct EpochEndOffset: Sendable {
        package var errorCode: Int16 = 0
        package var partition: Int32 = 0
        package var leaderEpoch: Int32 = -1
        package var endOffset: Int64 = -1

        package init(errorCode: Int16 = 0, partition: Int32 = 0, leaderEpoch: Int32 = -1, endOffset: Int64 = -1) {
            self.errorCode = errorCode; self.partition = partition; self.leaderEpoch = leaderEpoch
            self.endOffset = endOffset
        }
    }
}

extension OffsetForLeaderEpochResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetForLeaderEpochResponse", version, 2...4, flexible: 4)
        writer.int32(throttleTimeMs)
        writer.array(topics, version)
        writer.noTags()
    }
}

extension OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension OffsetForLeaderEpochResponse.EpochEndOffset: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.int32(partition)
        writer.int32(leaderEpoch)
        writer.int64(endOffset)
        writer.noTags()
    }
}
