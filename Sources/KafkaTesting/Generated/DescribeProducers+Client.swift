// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeProducersRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeProducersRequest", version, 0...0, flexible: 0)
        writer.array(topics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.topics == right.topics
    }
}

extension DescribeProducersRequest.TopicRequest: WritableMessage, TestableMessage {
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

extension DescribeProducersResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeProducersResponse", version, 0...0, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...0 }
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

extension DescribeProducersResponse.TopicResponse: ReadableMessage, TestableMessage {
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

extension DescribeProducersResponse.PartitionResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        activeProducers = try reader.array("ActiveProducers", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.activeProducers = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.activeProducers == right.activeProducers
         else { return false }
        return true
    }
}

extension DescribeProducersResponse.ProducerState: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        producerID = try reader.int64("ProducerId")
        producerEpoch = try reader.int32("ProducerEpoch")
        lastSequence = try reader.int32("LastSequence")
        lastTimestamp = try reader.int64("LastTimestamp")
        coordinatorEpoch = try reader.int32("CoordinatorEpoch")
        currentTxnStartOffset = try reader.int64("CurrentTxnStartOffset")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 37 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.producerID = random.int64()
        value.producerEpoch = random.int32()
        value.lastSequence = random.int32()
        value.lastTimestamp = random.int64()
        value.coordinatorEpoch = random.int32()
        value.currentTxnStartOffset = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.producerID == right.producerID, left.producerEpoch == right.producerEpoch,
            left.lastSequence == right.lastSequence, left.lastTimestamp == right.lastTimestamp,
            left.coordinatorEpoch == right.coordinatorEpoch, left.currentTxnStartOffset == right.currentTxnStartOffset
         else { return false }
        return true
    }
}
