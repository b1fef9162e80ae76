// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension OffsetFetchRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetFetchRequest", version, 1...9, flexible: 6)
        if version <= 7 {
            writer.string(groupID)
            writer.nullableArray(topics, version, where: version >= 2)
        }
        if version >= 8 { writer.array(groups, version) }
        if version >= 7 { writer.bool(requireStable) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version <= 7 {
            value.groupID = random.string()
            value.topics = random.array(version, where: version >= 2)
        }
        if version >= 8 { value.groups = random.array(version) }
        if version >= 7 { value.requireStable = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.topics == right.topics, left.groups == right.groups,
            left.requireStable == right.requireStable
         else { return false }
        return true
    }
}

extension OffsetFetchRequest.OffsetFetchRequestTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int32s(partitionIndexes)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitionIndexes = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitionIndexes == right.partitionIndexes else { return false }
        return true
    }
}

extension OffsetFetchRequest.OffsetFetchRequestGroup: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(groupID)
        if version >= 9 {
            writer.nullableString(memberID)
            writer.int32(memberEpoch)
        }
        writer.nullableArray(topics, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        if version >= 9 {
            value.memberID = random.string(where: true)
            value.memberEpoch = random.int32()
        }
        value.topics = random.array(version, where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.memberID == right.memberID, left.memberEpoch == right.memberEpoch,
            left.topics == right.topics
         else { return false }
        return true
    }
}

extension OffsetFetchRequest.OffsetFetchRequestTopics: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int32s(partitionIndexes)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitionIndexes = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitionIndexes == right.partitionIndexes else { return false }
        return true
    }
}

extension OffsetFetchResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("OffsetFetchResponse", version, 1...9, flexible: 6)
        if version >= 3 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        if version <= 7 { topics = try reader.array("Topics", version) }
        if version >= 2 && version <= 7 { errorCode = try reader.int16("ErrorCode") }
        if version >= 8 { groups = try reader.array("Groups", version) }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 3 { value.throttleTimeMs = random.int32() }
        if version <= 7 { value.topics = random.array(version) }
        if version >= 2 && version <= 7 { value.errorCode = random.int16() }
        if version >= 8 { value.groups = random.array(version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics, left.errorCode == right.errorCode,
            left.groups == right.groups
         else { return false }
        return true
    }
}

extension OffsetFetchResponse.OffsetFetchResponseTopic: ReadableMessage, TestableMessage {
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

extension OffsetFetchResponse.OffsetFetchResponsePartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        committedOffset = try reader.int64("CommittedOffset")
        if version >= 5 { committedLeaderEpoch = try reader.int32("CommittedLeaderEpoch") }
        metadata = try reader.nullableString("Metadata")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 20 : 16 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.committedOffset = random.int64()
        if version >= 5 { value.committedLeaderEpoch = random.int32() }
        value.metadata = random.string(where: true)
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.committedOffset == right.committedOffset,
            left.committedLeaderEpoch == right.committedLeaderEpoch, left.metadata == right.metadata,
            left.errorCode == right.errorCode
         else { return false }
        return true
    }
}

extension OffsetFetchResponse.OffsetFetchResponseGroup: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        groupID = try reader.string("GroupId")
        topics = try reader.array("Topics", version)
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.topics = random.array(version)
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.topics == right.topics, left.errorCode == right.errorCode
         else { return false }
        return true
    }
}

extension OffsetFetchResponse.OffsetFetchResponseTopics: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 3 }
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

extension OffsetFetchResponse.OffsetFetchResponsePartitions: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        committedOffset = try reader.int64("CommittedOffset")
        committedLeaderEpoch = try reader.int32("CommittedLeaderEpoch")
        metadata = try reader.nullableString("Metadata")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 20 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.committedOffset = random.int64()
        value.committedLeaderEpoch = random.int32()
        value.metadata = random.string(where: true)
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.committedOffset == right.committedOffset,
            left.committedLeaderEpoch == right.committedLeaderEpoch, left.metadata == right.metadata,
            left.errorCode == right.errorCode
         else { return false }
        return true
    }
}
