// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import TidingsCore

/// Kafka's ConsumerGroupDescribeRequest (key 69, versions 0-1): tells states and members of next-generation groups.
package struct ConsumerGroupDescribeRequest: Sendable {
    package var groupIDs: [String] = []
    package var includeAuthorizedOperations: Bool = false

    package init(groupIDs: [String] = [], includeAuthorizedOperations: Bool = false) {
        self.groupIDs = groupIDs; self.includeAuthorizedOperations = includeAuthorizedOperations
    }
}

extension ConsumerGroupDescribeRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ConsumerGroupDescribeRequest", version, 0...1, flexible: 0)
        groupIDs = try reader.strings("GroupIds")
        includeAuthorizedOperations = try reader.bool("IncludeAuthorizedOperations")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's ConsumerGroupDescribeResponse (key 69, versions 0-1): answers ``ConsumerGroupDescribeRequest``.
package struct ConsumerGroupDescribeResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init(throttleTimeMs: Int32 = 0, groups: [DescribedGroup] = []) {
        self.throttleTimeMs = throttleTimeMs; self.groups = groups
    }

    /// An element of ``groups``.
    package struct DescribedGroup: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var groupID: String = ""
        package var groupState: String = ""
        package var groupEpoch: Int32 = 0
        package var assignmentEpoch: Int32 = 0
        package var assignorName: String = ""
        package var members: [Member] = []
        package var authorizedOperations: Int32 = -2147483648

        package init(
            errorCode: Int16 = 0, errorMessage: String? = nil, groupID: String = "", groupState: String = "",
            groupEpoch: Int32 = 0, assignmentEpoch: Int32 = 0, assignorName: String = "", members: [Member] = [],
            authorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.groupID = groupID
            self.groupState = groupState; self.groupEpoch = groupEpoch; self.assignmentEpoch = assignmentEpoch
            self.assignorName = assignorName; self.members = members; self.authorizedOperations = authorizedOperations
        }
    }

    /// An element of ``members``.
    package struct Member: Sendable {
        package var memberID: String = ""
        package var instanceID: String?
        package var rackID: String?
        package var memberEpoch: Int32 = 0
        package var clientID: String = ""
        package var clientHost: String = ""
        package var subscribedTopicNames: [String] = []
        package var subscribedTopicRegex: String?
        package var assignment: Assignment = Assignment()
        package var targetAssignment: Assignment = Assignment()
        package var memberType: Int8 = -1

        package init(
            memberID: String = "", instanceID: String? = nil, rackID: String? = nil, memberEpoch: Int32 = 0,
            clientID: String = "", clientHost: String = "", subscribedTopicNames: [String] = [],
            subscribedTopicRegex: String? = nil, assignment: Assignment = Assignment(),
            targetAssignment: Assignment = Assignment(), memberType: Int8 = -1
        ) {
            self.memberID = memberID; self.instanceID = instanceID; self.rackID = rackID; self.memberEpoch = memberEpoch
            self.clientID = clientID; self.clientHost = clientHost; self.subscribedTopicNames = subscribedTopicNames
            self.subscribedTopicRegex = subscribedTopicRegex; self.assignment = assignment
            self.targetAssignment = targetAssignment; self.memberType = memberType
        }
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
        package var topicName: String = ""
        package var partitions: [Int32] = []

        package init(topicID: UUID128 = UUID128(high: 0, low: 0), topicName: String = "", partitions: [Int32] = []) {
            self.topicID = topicID; self.topicName = topicName; self.partitions = partitions
        }
    }
}

extension ConsumerGroupDescribeResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerGroupDescribeResponse", version, 0...1, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.array(groups, version)
        writer.noTags()
    }
}

extension ConsumerGroupDescribeResponse.DescribedGroup: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.string(groupID)
        writer.string(groupState)
        writer.int32(groupEpoch)
        writer.int32(assignmentEpoch)
        writer.string(assignorName)
        writer.array(members, version)
        writer.int32(authorizedOperations)
        writer.noTags()
    }
}

extension ConsumerGroupDescribeResponse.Member: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        writer.nullableString(instanceID)
        writer.nullableString(rackID)
        writer.int32(memberEpoch)
        writer.string(clientID)
        writer.string(clientHost)
        writer.strings(subscribedTopicNames)
        writer.nullableString(subscribedTopicRegex)
        assignment.write(to: &writer, version: version)
        targetAssignment.write(to: &writer, version: version)
        if version >= 1 { writer.int8(memberType) }
        writer.noTags()
    }
}

extension ConsumerGroupDescribeResponse.Assignment: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.array(topicPartitions, version)
        writer.noTags()
    }
}

extension ConsumerGroupDescribeResponse.TopicPartitions: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.uuid(topicID)
        writer.string(topicName)
        writer.int32s(partitions)
        writer.noTags()
    }
}
