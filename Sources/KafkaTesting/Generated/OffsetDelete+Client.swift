// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension OffsetDeleteRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("OffsetDeleteRequest", version, 0...0, flexible: .max)
        writer.string(groupID)
        writer.array(topics, version)
    }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.groupID == right.groupID, left.topics == right.topics else { return false }
        return true
    }
}

extension OffsetDeleteRequest.OffsetDeleteRequestTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
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

extension OffsetDeleteRequest.OffsetDeleteRequestPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.partitionIndex == right.partitionIndex
    }
}

extension OffsetDeleteResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("OffsetDeleteResponse", version, 0...0, flexible: .max)
        errorCode = try reader.int16("ErrorCode")
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        topics = try reader.array("Topics", version)
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.throttleTimeMs = random.int32()
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics
         else { return false }
        return true
    }
}

extension OffsetDeleteResponse.OffsetDeleteResponseTopic: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
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

extension OffsetDeleteResponse.OffsetDeleteResponsePartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
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
