// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import TidingsCore

/// Kafka's ConsumerGroupHeartbeatRequest (key 68, versions 0-1): all of the next-generation group protocol (KIP-848).
package struct ConsumerGroupHeartbeatRequest: Sendable {
    package var groupID: String = ""
    package var memberID: String = ""
    package var memberEpoch: Int32 = 0
    package var instanceID: String?
    package var rackID: String?
    package var rebalanceTimeoutMs: Int32 = -1
    package var subscribedTopicNames: [String]?
    package var subscribedTopicRegex: String?
    package var serverAssignor: String?
    package var topicPartitions: [TopicPartitions]?

    package init(
        groupID: String = "", memberID: String = "", memberEpoch: Int32 = 0, instanceID: String? = nil,
        rackID: String? = nil, rebalanceTimeoutMs: Int32 = -1, subscribedTopicNames: [String]? = nil,
        subscribedTopicRegex: String? = nil, serverAssignor: String? = nil, topicPartitions: [TopicPartitions]? = nil
    ) {
        self.groupID = groupID; self.memberID = memberID; self.memberEpoch = memberEpoch; self.instanceID = instanceID
        self.rackID = rackID; self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.subscribedTopicNames = subscribedTopicNames; self.subscribedTopicRegex = subscribedTopicRegex
        self.serverAssignor = serverAssignor; self.topicPartitions = topicPartitions
    }

    /// An element of ``topicPartitions``.
    package struct TopicPartitions: Sendable {
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var partitions: [Int32] = []

        package init(topicID: UUID128 = UUID128(high: 0, low: 0), partitions: [Int32] = []) {
            self.topicID = topicID; self.partitions = partitions
        }
    }
}

extension ConsumerGroupHeartbeatRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ConsumerGroupHeartbeatRequest", version, 0...1, flexible: 0)
        groupID = try reader.string("GroupId")
        memberID = try reader.string("MemberId")
        memberEpoch = try reader.int32("MemberEpoch")
        instanceID = try reader.nullableString("InstanceId")
        rackID = try reader.nullableString("RackId")
        rebalanceTimeoutMs = try reader.int32("RebalanceTimeoutMs")
        subscribedTopicNames = try reader.nullableStrings("SubscribedTopicNames")
        if version >= 1 { subscribedTopicRegex = try reader.nullableString("SubscribedTopicRegex") }
        serverAssignor = try reader.nullableString("ServerAssignor")
        topicPartitions = try reader.nullableArray("TopicPartitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension ConsumerGroupHeartbeatRequest.TopicPartitions: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topicID = try reader.uuid("TopicId")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 18 }
}

/// Kafka's ConsumerGroupHeartbeatResponse (key 68, versions 0-1): answers ``ConsumerGroupHeartbeatRequest``.
package struct ConsumerGroupHeartbeatResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var memberID: String?
    package var memberEpoch: Int32 = 0
    package var heartbeatIntervalMs: Int32 = 0
    package var assignment: Assignment?

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = nil, memberID: String? = nil,
        memberEpoch: Int32 = 0, heartbeatIntervalMs: Int32 = 0, assignment: Assignment? = nil
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.errorMessage = errorMessage
        self.memberID = memberID; self.memberEpoch = memberEpoch; self.heartbeatIntervalMs = heartbeatIntervalMs
        self.assignment = assignment
    }

    /// The value of ``assignment``.
    package struct Assignment: Sendable {
        package var topicPartitions: [TopicPartitions] = []

        package init(topicPartitions: [TopicPartitions] = []) {
            self.topicPartitions = topicPartitions
        }
    }

    /// An element of ``topicPartitions``.
    package struct TopicPartitions: Sendable {
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var partitions: [Int32] = []

        package init(topicID: UUID128 = UUID128(high: 0, low: 0), partitions: [Int32] = []) {
            self.topicID = topicID; self.partitions = partitions
        }
    }
}

extension ConsumerGroupHeartbeatResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerGroupHeartbeatResponse", version, 0...1, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.nullableString(memberID)
        writer.int32(memberEpoch)
        writer.int32(heartbeatIntervalMs)
        writer.nullableStruct(assignment, version)
        writer.noTags()
    }
}

extension ConsumerGroupHeartbeatResponse.Assignment: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.array(topicPartitions, version)
        writer.noTags()
    }
}

extension ConsumerGroupHeartbeatResponse.TopicPartitions: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.uuid(topicID)
        writer.int32s(partitions)
        writer.noTags()
    }
}
