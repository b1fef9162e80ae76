// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension TxnOffsetCommitRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("TxnOffsetCommitRequest", version, 0...5, flexible: 3)
        writer.string(transactionalID)
        writer.string(groupID)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        if version >= 3 {
            writer.int32(generationID)
            writer.string(memberID)
            writer.nullableString(groupInstanceID)
        }
        writer.array(topics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.transactionalID = random.string()
        value.groupID = random.string()
        value.producerID = random.int64()
        value.producerEpoch = random.int16()
        if version >= 3 {
            value.generationID = random.int32()
            value.memberID = random.string()
            value.groupInstanceID = random.string(where: true)
        }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.transactionalID == right.transactionalID, left.groupID == right.groupID,
            left.producerID == right.producerID, left.producerEpoch == right.producerEpoch,
            left.generationID == right.generationID, left.memberID == right.memberID,
            left.groupInstanceID == right.groupInstanceID, left.topics == right.topics
         else { return false }
        return true
    }
}

extension TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic: WritableMessage, TestableMessage {
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

extension TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(committedOffset)
        if version >= 2 { writer.int32(committedLeaderEpoch) }
        writer.nullableString(committedMetadata)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.committedOffset = random.int64()
        if version >= 2 { value.committedLeaderEpoch = random.int32() }
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

extension TxnOffsetCommitResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("TxnOffsetCommitResponse", version, 0...5, flexible: 3)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...5 }
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

extension TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 3 : 6 }
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

extension TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 7 : 6 }
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
