// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeLogDirsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeLogDirsRequest", version, 1...4, flexible: 2)
        writer.nullableArray(topics, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version, where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.topics == right.topics
    }
}

extension DescribeLogDirsRequest.DescribableLogDirTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.int32s(partitions)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension DescribeLogDirsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeLogDirsResponse", version, 1...4, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        if version >= 3 { errorCode = try reader.int16("ErrorCode") }
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        if version >= 3 { value.errorCode = random.int16() }
        value.results = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.results == right.results
         else { return false }
        return true
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        logDir = try reader.string("LogDir")
        topics = try reader.array("Topics", version)
        if version >= 4 {
            totalBytes = try reader.int64("TotalBytes")
            usableBytes = try reader.int64("UsableBytes")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 21 : version >= 2 ? 5 : 8 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.logDir = random.string()
        value.topics = random.array(version)
        if version >= 4 {
            value.totalBytes = random.int64()
            value.usableBytes = random.int64()
        }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.logDir == right.logDir, left.topics == right.topics,
            left.totalBytes == right.totalBytes, left.usableBytes == right.usableBytes
         else { return false }
        return true
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsTopic: ReadableMessage, TestableMessage {
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

extension DescribeLogDirsResponse.DescribeLogDirsPartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        partitionSize = try reader.int64("PartitionSize")
        offsetLag = try reader.int64("OffsetLag")
        isFutureKey = try reader.bool("IsFutureKey")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 22 : 21 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.partitionSize = random.int64()
        value.offsetLag = random.int64()
        value.isFutureKey = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.partitionSize == right.partitionSize,
            left.offsetLag == right.offsetLag, left.isFutureKey == right.isFutureKey
         else { return false }
        return true
    }
}
