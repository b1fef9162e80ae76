// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension AddPartitionsToTxnRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AddPartitionsToTxnRequest", version, 0...3, flexible: 3)
        writer.string(v3AndBelowTransactionalID)
        writer.int64(v3AndBelowProducerID)
        writer.int16(v3AndBelowProducerEpoch)
        writer.array(v3AndBelowTopics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.v3AndBelowTransactionalID = random.string()
        value.v3AndBelowProducerID = random.int64()
        value.v3AndBelowProducerEpoch = random.int16()
        value.v3AndBelowTopics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.v3AndBelowTransactionalID == right.v3AndBelowTransactionalID,
            left.v3AndBelowProducerID == right.v3AndBelowProducerID,
            left.v3AndBelowProducerEpoch == right.v3AndBelowProducerEpoch,
            left.v3AndBelowTopics == right.v3AndBelowTopics
         else { return false }
        return true
    }
}

extension AddPartitionsToTxnRequest.AddPartitionsToTxnTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int32s(partitions)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitions == right.partitions else { return false }
        return true
    }
}

extension AddPartitionsToTxnResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("AddPartitionsToTxnResponse", version, 0...3, flexible: 3)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        resultsByTopicV3AndBelow = try reader.array("ResultsByTopicV3AndBelow", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.resultsByTopicV3AndBelow = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.resultsByTopicV3AndBelow == right.resultsByTopicV3AndBelow
         else { return false }
        return true
    }
}

extension AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        resultsByPartition = try reader.array("ResultsByPartition", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 3 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.resultsByPartition = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.resultsByPartition == right.resultsByPartition else { return false }
        return true
    }
}

extension AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        partitionErrorCode = try reader.int16("PartitionErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 7 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.partitionErrorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.partitionErrorCode == right.partitionErrorCode
         else { return false }
        return true
    }
}
