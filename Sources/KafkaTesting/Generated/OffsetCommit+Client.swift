// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension OffsetCommitRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetCommitRequest", version, 2...9, flexible: 8)
        writer.string(groupID)
        writer.int32(generationIDOrMemberEpoch)
        writer.string(memberID)
        if version >= 7 { writer.nullableString(groupInstanceID) }
        if version <= 4 { writer.int64(retentionTimeMs) }
        writer.array(topics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 2...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.generationIDOrMemberEpoch = random.int32()
        value.memberID = random.string()
        if version >= 7 { value.groupInstanceID = random.string(where: true) }
        if version <= 4 { value.retentionTimeMs = random.int64() }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.generationIDOrMemberEpoch == right.generationIDOrMemberEpoch,
            left.memberID == right.memberID, left.groupInstanceID == right.groupInstanceID,
            left.retentionTimeMs == right.retentionTimeMs, left.topics == right.topics
         else { return false }
        return true
    }
}

extension OffsetCommitRequest.OffsetCommitRequestTopic: WritableMessage, TestableMessage {
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

extension OffsetCommitRequest.OffsetCommitRequestPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(committedOffset)
        if version >= 6 { writer.int32(committedLeaderEpoch) }
        writer.nullableString(committedMetadata)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.committedOffset = random.int64()
        if version >= 6 { value.committedLeaderEpoch = random.int32() }
        value.committedMetadata = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.committedOffset == right.committedOffset,
            left.committedLeaderEpoch == right.committedLeaderEpoch, left.committedMetadata == right.committedMetadata
         else { return false }
        return true
    }
}

extension OffsetCommitResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("OffsetCommitResponse", version, 2...9, flexible: 8)
        if version >= 3 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 2...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 3 { value.throttleTimeMs = random.int32() }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics else { return false }
        return true
    }
}

extension OffsetCommitResponse.OffsetCommitResponseTopic: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 8 ? 3 : 6 }
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

extension OffsetCommitResponse.OffsetCommitResponsePartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 8 ? 7 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.partitionIndex == right.partitionIndex, left.errorCode == right.errorCode else { return false }
        return true
    }
}
