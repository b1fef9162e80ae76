// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ListOffsetsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListOffsetsRequest", version, 1...10, flexible: 6)
        writer.int32(replicaID)
        if version >= 2 { writer.int8(isolationLevel) }
        writer.array(topics, version)
        if version >= 10 { writer.int32(timeoutMs) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.replicaID = random.int32()
        if version >= 2 { value.isolationLevel = random.int8() }
        value.topics = random.array(version)
        if version >= 10 { value.timeoutMs = random.int32() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.replicaID == right.replicaID, left.isolationLevel == right.isolationLevel, left.topics == right.topics,
            left.timeoutMs == right.timeoutMs
         else { return false }
        return true
    }
}

extension ListOffsetsRequest.ListOffsetsTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitions == right.partitions else { return false }
        return true
    }
}

extension ListOffsetsRequest.ListOffsetsPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        if version >= 4 { writer.int32(currentLeaderEpoch) }
        writer.int64(timestamp)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        if version >= 4 { value.currentLeaderEpoch = random.int32() }
        value.timestamp = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.currentLeaderEpoch == right.currentLeaderEpoch,
            left.timestamp == right.timestamp
         else { return false }
        return true
    }
}

extension ListOffsetsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ListOffsetsResponse", version, 1...10, flexible: 6)
        if version >= 2 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 2 { value.throttleTimeMs = random.int32() }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics else { return false }
        return true
    }
}

extension ListOffsetsResponse.ListOffsetsTopicResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 3 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitions == right.partitions else { return false }
        return true
    }
}

extension ListOffsetsResponse.ListOffsetsPartitionResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
        timestamp = try reader.int64("Timestamp")
        offset = try reader.int64("Offset")
        if version >= 4 { leaderEpoch = try reader.int32("LeaderEpoch") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 27 : version >= 4 ? 26 : 22 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.errorCode = random.int16()
        value.timestamp = random.int64()
        value.offset = random.int64()
        if version >= 4 { value.leaderEpoch = random.int32() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.errorCode == right.errorCode,
            left.timestamp == right.timestamp, left.offset == right.offset, left.leaderEpoch == right.leaderEpoch
         else { return false }
        return true
    }
}
