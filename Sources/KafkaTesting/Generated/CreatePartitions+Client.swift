// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension CreatePartitionsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreatePartitionsRequest", version, 0...3, flexible: 2)
        writer.array(topics, version)
        writer.int32(timeoutMs)
        writer.bool(validateOnly)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version)
        value.timeoutMs = random.int32()
        value.validateOnly = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topics == right.topics, left.timeoutMs == right.timeoutMs, left.validateOnly == right.validateOnly
         else { return false }
        return true
    }
}

extension CreatePartitionsRequest.CreatePartitionsTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int32(count)
        writer.nullableArray(assignments, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.count = random.int32()
        value.assignments = random.array(version, where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.count == right.count, left.assignments == right.assignments
         else { return false }
        return true
    }
}

extension CreatePartitionsRequest.CreatePartitionsAssignment: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32s(brokerIDs)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.brokerIDs = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.brokerIDs == right.brokerIDs
    }
}

extension CreatePartitionsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("CreatePartitionsResponse", version, 0...3, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.results = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.results == right.results else { return false }
        return true
    }
}

extension CreatePartitionsResponse.CreatePartitionsTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 5 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.errorCode == right.errorCode, left.errorMessage == right.errorMessage
         else { return false }
        return true
    }
}
