// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DeleteRecordsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteRecordsRequest", version, 0...2, flexible: 2)
        writer.array(topics, version)
        writer.int32(timeoutMs)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version)
        value.timeoutMs = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topics == right.topics, left.timeoutMs == right.timeoutMs else { return false }
        return true
    }
}

extension DeleteRecordsRequest.DeleteRecordsTopic: WritableMessage, TestableMessage {
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

extension DeleteRecordsRequest.DeleteRecordsPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(offset)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.offset = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.partitionIndex == right.partitionIndex, left.offset == right.offset else { return false }
        return true
    }
}

extension DeleteRecordsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DeleteRecordsResponse", version, 0...2, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...2 }
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

extension DeleteRecordsResponse.DeleteRecordsTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 3 : 6 }
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

extension DeleteRecordsResponse.DeleteRecordsPartitionResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        lowWatermark = try reader.int64("LowWatermark")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 15 : 14 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.lowWatermark = random.int64()
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.lowWatermark == right.lowWatermark,
            left.errorCode == right.errorCode
         else { return false }
        return true
    }
}
