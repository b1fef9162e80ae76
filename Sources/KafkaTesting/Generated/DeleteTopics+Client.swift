// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DeleteTopicsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteTopicsRequest", version, 0...6, flexible: 4)
        if version >= 6 { writer.array(topics, version) }
        if version <= 5 { writer.strings(topicNames) }
        writer.int32(timeoutMs)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 6 { value.topics = random.array(version) }
        if version <= 5 { value.topicNames = random.strings() }
        value.timeoutMs = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topics == right.topics, left.topicNames == right.topicNames, left.timeoutMs == right.timeoutMs
         else { return false }
        return true
    }
}

extension DeleteTopicsRequest.DeleteTopicState: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.nullableString(name)
        writer.uuid(topicID)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string(where: true)
        value.topicID = random.uuid()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.topicID == right.topicID else { return false }
        return true
    }
}

extension DeleteTopicsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DeleteTopicsResponse", version, 0...6, flexible: 4)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        responses = try reader.array("Responses", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.responses = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.responses == right.responses else { return false }
        return true
    }
}

extension DeleteTopicsResponse.DeletableTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.nullableString("Name", where: version >= 6)
        if version >= 6 { topicID = try reader.uuid("TopicId") }
        errorCode = try reader.int16("ErrorCode")
        if version >= 5 { errorMessage = try reader.nullableString("ErrorMessage") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 21 : version >= 5 ? 5 : 4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string(where: version >= 6)
        if version >= 6 { value.topicID = random.uuid() }
        value.errorCode = random.int16()
        if version >= 5 { value.errorMessage = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.topicID == right.topicID, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage
         else { return false }
        return true
    }
}
