// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's OffsetFetchRequest (key 9, versions 1-9): reads a group's offsets.
package struct OffsetFetchRequest: Sendable {
    package var groupID: String = ""
    package var topics: [OffsetFetchRequestTopic]? = []
    package var groups: [OffsetFetchRequestGroup] = []
    package var requireStable: Bool = false

    package init(
        groupID: String = "", topics: [OffsetFetchRequestTopic]? = [], groups: [OffsetFetchRequestGroup] = [],
        requireStable: Bool = false
    ) {
        self.groupID = groupID; self.topics = topics; self.groups = groups; self.requireStable = requireStable
    }

    /// An element of ``topics``.
    package struct OffsetFetchRequestTopic: Sendable {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init(name: String = "", partitionIndexes: [Int32] = []) {
            self.name = name; self.partitionIndexes = partitionIndexes
        }
    }

    /// An element of ``groups``.
    package struct OffsetFetchRequestGroup: Sendable {
        package var groupID: String = ""
        package var memberID: String?
        package var memberEpoch: Int32 = -1
        package var topics: [OffsetFetchRequestTopics]? = []

        package init(
            groupID: String = "", memberID: String? = nil, memberEpoch: Int32 = -1, topics: [OffsetFetchRequestTopics]? = []
        ) {
            self.groupID = groupID; self.memberID = memberID; self.memberEpoch = memberEpoch; self.topics = topics
        }
    }

    /// An element of ``topics``.
    package struct OffsetFetchRequestTopics: Sendable {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init(name: String = "", partitionIndexes: [Int32] = []) {
            self.name = name; self.partitionIndexes = partitionIndexes
        }
    }
}

extension OffsetFetchRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("OffsetFetchRequest", version, 1...9, flexible: 6)
        if version <= 7 {
            groupID = try reader.string("GroupId")
            topics = try reader.nullableArray("Topics", version, where: version >= 2)
        }
        if version >= 8 { groups = try reader.array("Groups", version) }
        if version >= 7 { requireStable = try reader.bool("RequireStable") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension OffsetFetchRequest.OffsetFetchRequestTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitionIndexes = try reader.int32s("PartitionIndexes")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 3 : 6 }
}

extension OffsetFetchRequest.OffsetFetchRequestGroup: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        groupID = try reader.string("GroupId")
        if version >= 9 {
            memberID = try reader.nullableString("MemberId")
            memberEpoch = try reader.int32("MemberEpoch")
        }
        topics = try reader.nullableArray("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 8 : 3 }
}

extension OffsetFetchRequest.OffsetFetchRequestTopics: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitionIndexes = try reader.int32s("PartitionIndexes")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 3 }
}

/// Kafka's OffsetFetchResponse (key 9, versions 1-9): answers ``OffsetFetchRequest``.
package struct OffsetFetchResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [OffsetFetchResponseTopic] = []
    package var errorCode: Int16 = 0
    package var groups: [OffsetFetchResponseGroup] = []

    package init(
        throttleTimeMs: Int32 = 0, topics: [OffsetFetchResponseTopic] = [], errorCode: Int16 = 0,
        groups: [OffsetFetchResponseGroup] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics; self.errorCode = errorCode; self.groups = groups
    }

    /// An element of ``topics``.
    package struct OffsetFetchResponseTopic: Sendable {
        package var name: String = ""
        package var partitions: [OffsetFetchResponsePartition] = []

        package init(name: String = "", partitions: [OffsetFetchResponsePartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetFetchResponsePartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var metadata: String? = ""
        package var errorCode: Int16 = 0

        package init(
            partitionIndex: Int32 = 0, committedOffset: Int64 = 0, committedLeaderEpoch: Int32 = -1, metadata: String? = "",
            errorCode: Int16 = 0
        ) {
            self.partitionIndex = partitionIndex; self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch; self.metadata = metadata; self.errorCode = errorCode
        }
    }

    /// An element of ``groups``.
    package struct OffsetFetchResponseGroup: Sendable {
        package var groupID: String = ""
        package var topics: [OffsetFetchResponseTopics] = []
        package var errorCode: Int16 = 0

        package init(groupID: String = "", topics: [OffsetFetchResponseTopics] = [], errorCode: Int16 = 0) {
            self.groupID = groupID; self.topics = topics; self.errorCode = errorCode
        }
    }

    /// An element of ``topics``.
    package struct OffsetFetchResponseTopics: Sendable {
        package var name: String = ""
        package var partitions: [OffsetFetchResponsePartitions] = []

        package init(name: String = "", partitions: [OffsetFetchResponsePartitions] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct OffsetFetchResponsePartitions: Sendable {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var metadata: String? = ""
        package var errorCode: Int16 = 0

        package init(
            partitionIndex: Int32 = 0, committedOffset: Int64 = 0, committedLeaderEpoch: Int32 = -1, metadata: String? = "",
            errorCode: Int16 = 0
        ) {
            self.partitionIndex = partitionIndex; self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch; self.metadata = metadata; self.errorCode = errorCode
        }
    }
}

extension OffsetFetchResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetFetchResponse", version, 1...9, flexible: 6)
        if version >= 3 { writer.int32(throttleTimeMs) }
        if version <= 7 { writer.array(topics, version) }
        if version >= 2 && version <= 7 { writer.errorCode(errorCode) }
        if version >= 8 { writer.array(groups, version) }
        writer.noTags()
    }
}

extension OffsetFetchResponse.OffsetFetchResponseTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension OffsetFetchResponse.OffsetFetchResponsePartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(committedOffset)
        if version >= 5 { writer.int32(committedLeaderEpoch) }
        writer.nullableString(metadata)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}

extension OffsetFetchResponse.OffsetFetchResponseGroup: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(groupID)
        writer.array(topics, version)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}

extension OffsetFetchResponse.OffsetFetchResponseTopics: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension OffsetFetchResponse.OffsetFetchResponsePartitions: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(committedOffset)
        writer.int32(committedLeaderEpoch)
        writer.nullableString(metadata)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
