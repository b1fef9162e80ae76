// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension OffsetForLeaderEpochRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetForLeaderEpochRequest", version, 2...4, flexible: 4)
        if version >= 3 { writer.int32(replicaID) }
        writer.array(topics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 3 { value.replicaID = random.int32() }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.replicaID == right.replicaID, left.topics == right.topics else { return false }
        return true
    }
}

extension OffsetForLeaderEpochRequest.OffsetForLeaderTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.array(partitions, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension OffsetForLeaderEpochRequest.OffsetForLeaderPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partition)
        writer.int32(currentLeaderEpoch)
        writer.int32(leaderEpoch)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partition = random.int32()
        value.currentLeaderEpoch = random.int32()
        value.leaderEpoch = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partition == right.partition, left.currentLeaderEpoch == right.currentLeaderEpoch,
            left.leaderEpoch == right.leaderEpoch
         else { return false }
        return true
    }
}

extension OffsetForLeaderEpochResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("OffsetForLeaderEpochResponse", version, 2...4, flexible: 4)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics else { return false }
        return true
    }
}

extension OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topic = try reader.string("Topic")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 3 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension OffsetForLeaderEpochResponse.EpochEndOffset: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        partition = try reader.int32("Partition")
        leaderEpoch = try reader.int32("LeaderEpoch")
        endOffset = try reader.int64("EndOffset")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 19 : 18 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.partition = random.int32()
        value.leaderEpoch = random.int32()
        value.endOffset = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.partition == right.partition, left.leaderEpoch == right.leaderEpoch,
            left.endOffset == right.endOffset
         else { return false }
        return true
    }
}
