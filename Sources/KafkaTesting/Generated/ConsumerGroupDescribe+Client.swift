// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ConsumerGroupDescribeRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerGroupDescribeRequest", version, 0...1, flexible: 0)
        writer.strings(groupIDs)
        writer.bool(includeAuthorizedOperations)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupIDs = random.strings()
        value.includeAuthorizedOperations = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupIDs == right.groupIDs, left.includeAuthorizedOperations == right.includeAuthorizedOperations
         else { return false }
        return true
    }
}

extension ConsumerGroupDescribeResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ConsumerGroupDescribeResponse", version, 0...1, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        groups = try reader.array("Groups", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.groups = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.groups == right.groups else { return false }
        return true
    }
}

extension ConsumerGroupDescribeResponse.DescribedGroup: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        groupID = try reader.string("GroupId")
        groupState = try reader.string("GroupState")
        groupEpoch = try reader.int32("GroupEpoch")
        assignmentEpoch = try reader.int32("AssignmentEpoch")
        assignorName = try reader.string("AssignorName")
        members = try reader.array("Members", version)
        authorizedOperations = try reader.int32("AuthorizedOperations")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 20 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.groupID = random.string()
        value.groupState = random.string()
        value.groupEpoch = random.int32()
        value.assignmentEpoch = random.int32()
        value.assignorName = random.string()
        value.members = random.array(version)
        value.authorizedOperations = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage, left.groupID == right.groupID,
            left.groupState == right.groupState, left.groupEpoch == right.groupEpoch,
            left.assignmentEpoch == right.assignmentEpoch, left.assignorName == right.assignorName,
            left.members == right.members, left.authorizedOperations == right.authorizedOperations
         else { return false }
        return true
    }
}

extension ConsumerGroupDescribeResponse.Member: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        memberID = try reader.string("MemberId")
        instanceID = try reader.nullableString("InstanceId")
        rackID = try reader.nullableString("RackId")
        memberEpoch = try reader.int32("MemberEpoch")
        clientID = try reader.string("ClientId")
        clientHost = try reader.string("ClientHost")
        subscribedTopicNames = try reader.strings("SubscribedTopicNames")
        subscribedTopicRegex = try reader.nullableString("SubscribedTopicRegex")
        assignment = try .init(from: &reader, version: version)
        targetAssignment = try .init(from: &reader, version: version)
        if version >= 1 { memberType = try reader.int8("MemberType") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 1 ? 17 : 16 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        value.instanceID = random.string(where: true)
        value.rackID = random.string(where: true)
        value.memberEpoch = random.int32()
        value.clientID = random.string()
        value.clientHost = random.string()
        value.subscribedTopicNames = random.strings()
        value.subscribedTopicRegex = random.string(where: true)
        value.assignment = .arbitrary(&random, version: version)
        value.targetAssignment = .arbitrary(&random, version: version)
        if version >= 1 { value.memberType = random.int8() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.memberID == right.memberID, left.instanceID == right.instanceID, left.rackID == right.rackID,
            left.memberEpoch == right.memberEpoch, left.clientID == right.clientID, left.clientHost == right.clientHost,
            left.subscribedTopicNames == right.subscribedTopicNames,
            left.subscribedTopicRegex == right.subscribedTopicRegex, left.assignment == right.assignment,
            left.targetAssignment == right.targetAssignment, left.memberType == right.memberType
         else { return false }
        return true
    }
}

extension ConsumerGroupDescribeResponse.Assignment: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topicPartitions = try reader.array("TopicPartitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topicPartitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.topicPartitions == right.topicPartitions
    }
}

extension ConsumerGroupDescribeResponse.TopicPartitions: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topicID = try reader.uuid("TopicId")
        topicName = try reader.string("TopicName")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 19 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topicID = random.uuid()
        value.topicName = random.string()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topicID == right.topicID, left.topicName == right.topicName, left.partitions == right.partitions
         else { return false }
        return true
    }
}
