// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ConsumerGroupHeartbeatRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerGroupHeartbeatRequest", version, 0...1, flexible: 0)
        writer.string(groupID)
        writer.string(memberID)
        writer.int32(memberEpoch)
        writer.nullableString(instanceID)
        writer.nullableString(rackID)
        writer.int32(rebalanceTimeoutMs)
        writer.nullableStrings(subscribedTopicNames)
        if version >= 1 { writer.nullableString(subscribedTopicRegex) }
        writer.nullableString(serverAssignor)
        writer.nullableArray(topicPartitions, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.memberID = random.string()
        value.memberEpoch = random.int32()
        value.instanceID = random.string(where: true)
        value.rackID = random.string(where: true)
        value.rebalanceTimeoutMs = random.int32()
        value.subscribedTopicNames = random.strings(where: true)
        if version >= 1 { value.subscribedTopicRegex = random.string(where: true) }
        value.serverAssignor = random.string(where: true)
        value.topicPartitions = random.array(version, where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.memberID == right.memberID, left.memberEpoch == right.memberEpoch,
            left.instanceID == right.instanceID, left.rackID == right.rackID,
            left.rebalanceTimeoutMs == right.rebalanceTimeoutMs,
            left.subscribedTopicNames == right.subscribedTopicNames,
            left.subscribedTopicRegex == right.subscribedTopicRegex, left.serverAssignor == right.serverAssignor,
            left.topicPartitions == right.topicPartitions
         else { return false }
        return true
    }
}

extension ConsumerGroupHeartbeatRequest.TopicPartitions: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.uuid(topicID)
        writer.int32s(partitions)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topicID = random.uuid()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topicID == right.topicID, left.partitions == right.partitions else { return false }
        return true
    }
}

extension ConsumerGroupHeartbeatResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ConsumerGroupHeartbeatResponse", version, 0...1, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        memberID = try reader.nullableString("MemberId")
        memberEpoch = try reader.int32("MemberEpoch")
        heartbeatIntervalMs = try reader.int32("HeartbeatIntervalMs")
        assignment = try reader.nullableStruct("Assignment", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.memberID = random.string(where: true)
        value.memberEpoch = random.int32()
        value.heartbeatIntervalMs = random.int32()
        value.assignment = random.optional(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.memberID == right.memberID,
            left.memberEpoch == right.memberEpoch, left.heartbeatIntervalMs == right.heartbeatIntervalMs,
            left.assignment == right.assignment
         else { return false }
        return true
    }
}

extension ConsumerGroupHeartbeatResponse.Assignment: ReadableMessage, TestableMessage {
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

extension ConsumerGroupHeartbeatResponse.TopicPartitions: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topicID = try reader.uuid("TopicId")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 18 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topicID = random.uuid()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topicID == right.topicID, left.partitions == right.partitions else { return false }
        return true
    }
}
