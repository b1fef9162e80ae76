// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's OffsetCommitRequest (key 8, versions 2-9): stores a group's offsets.
package struct OffsetCommitRequest: Sendable {
    package var groupID: String = ""
    package var generationIDOrMemberEpoch: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var retentionTimeMs: Int64 = -1
    package var topics: [OffsetCommitRequestTopic] = []

    package init(
        groupID: String = "", generationIDOrMemberEpoch: Int32 = -1, memberID: String = "",
        groupInstanceID: String? = nil, retentionTimeMs: Int64 = -1, topics: [OffsetCommitRequestTopic] = []
    ) {
        self.groupID = groupID; self.generationIDOrMemberEpoch = generationIDOrMemberEpoch; self.memberID = memberID
        self.groupInstanceID = groupInstanceID; self.retentionTimeMs = retentionTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetCommitRequestTopic: Sendable {
        package var name: String = ""
        package var partitions: [OffsetCommitRequestPartition] = []

        package init(name: String = "", partitions: [OffsetCommitRequestPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetCommitRequestPartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var committedMetadata: String? = ""

        package init(
            partitionIndex: Int32 = 0, committedOffset: Int64 = 0, committedLeaderEpoch: Int32 = -1,
            committedMetadata: String? = ""
        ) {
            self.partitionIndex = partitionIndex; self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch; self.committedMetadata = committedMetadata
        }
    }
}

extension OffsetCommitRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("OffsetCommitRequest", version, 2...9, flexible: 8)
        groupID = try reader.string("GroupId")
        generationIDOrMemberEpoch = try reader.int32("GenerationIdOrMemberEpoch")
        memberID = try reader.string("MemberId")
        if version >= 7 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        if version <= 4 { retentionTimeMs = try reader.int64("RetentionTimeMs") }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension OffsetCommitRequest.OffsetCommitRequestTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 8 ? 3 : 6 }
}

extension OffsetCommitRequest.OffsetCommitRequestPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
        committedOffset = try reader.int64("CommittedOffset")
        if version >= 6 { committedLeaderEpoch = try reader.int32("CommittedLeaderEpoch") }
        committedMetadata = try reader.nullableString("CommittedMetadata")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 18 : 14 }
}

/// Kafka's OffsetCommitResponse (key 8, versions 2-9): answers ``OffsetCommitRequest``.
package struct OffsetCommitResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetCommitResponseTopic] = []

    package init(throttleTimeMs: Int32 = 0, topics: [OffsetCommitResponseTopic] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct OffsetCommitResponseTopic: Sendable {
        package var name: String = ""
        package var partitions: [OffsetCommitResponsePartition] = []

        package init(name: String = "", partitions: [OffsetCommitResponsePartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetCommitResponsePartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0

        package init(partitionIndex: Int32 = 0, errorCode: Int16 = 0) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode
        }
    }
}

extension OffsetCommitResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetCommitResponse", version, 2...9, flexible: 8)
        if version >= 3 { writer.int32(throttleTimeMs) }
        writer.array(topics, version)
        writer.noTags()
    }
}

extension OffsetCommitResponse.OffsetCommitResponseTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension OffsetCommitResponse.OffsetCommitResponsePartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
