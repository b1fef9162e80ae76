// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension CreateTopicsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreateTopicsRequest", version, 0...7, flexible: 5)
        writer.array(topics, version)
        writer.int32(timeoutMs)
        if version >= 1 { writer.bool(validateOnly) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...7 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version)
        value.timeoutMs = random.int32()
        if version >= 1 { value.validateOnly = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topics == right.topics, left.timeoutMs == right.timeoutMs, left.validateOnly == right.validateOnly
         else { return false }
        return true
    }
}

extension CreateTopicsRequest.CreatableTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int32(numPartitions)
        writer.int16(replicationFactor)
        writer.array(assignments, version)
        writer.array(configs, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.numPartitions = random.int32()
        value.replicationFactor = random.int16()
        value.assignments = random.array(version)
        value.configs = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.numPartitions == right.numPartitions,
            left.replicationFactor == right.replicationFactor, left.assignments == right.assignments,
            left.configs == right.configs
         else { return false }
        return true
    }
}

extension CreateTopicsRequest.CreatableReplicaAssignment: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int32s(brokerIDs)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.brokerIDs = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.partitionIndex == right.partitionIndex, left.brokerIDs == right.brokerIDs else { return false }
        return true
    }
}

extension CreateTopicsRequest.CreatableTopicConfig: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.nullableString(value)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.value = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.value == right.value else { return false }
        return true
    }
}

extension CreateTopicsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("CreateTopicsResponse", version, 0...7, flexible: 5)
        if version >= 2 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...7 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 2 { value.throttleTimeMs = random.int32() }
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.topics == right.topics else { return false }
        return true
    }
}

extension CreateTopicsResponse.CreatableTopicResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        if version >= 7 { topicID = try reader.uuid("TopicId") }
        errorCode = try reader.int16("ErrorCode")
        if version >= 1 { errorMessage = try reader.nullableString("ErrorMessage") }
        if version >= 5 {
            numPartitions = try reader.int32("NumPartitions")
            replicationFactor = try reader.int16("ReplicationFactor")
            configs = try reader.nullableArray("Configs", version)
        }
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0: topicConfigErrorCode = try reader.int16("TopicConfigErrorCode")
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 7 ? 28 : version >= 5 ? 12 : version >= 1 ? 6 : 4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        if version >= 7 { value.topicID = random.uuid() }
        value.errorCode = random.int16()
        if version >= 1 { value.errorMessage = random.string(where: true) }
        if version >= 5 {
            value.numPartitions = random.int32()
            value.replicationFactor = random.int16()
            value.configs = random.array(version, where: true)
        }
        if version >= 5, random.bool() { value.topicConfigErrorCode = random.int16() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.topicID == right.topicID, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.topicConfigErrorCode == right.topicConfigErrorCode,
            left.numPartitions == right.numPartitions, left.replicationFactor == right.replicationFactor,
            left.configs == right.configs
         else { return false }
        return true
    }
}

extension CreateTopicsResponse.CreatableTopicConfigs: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        value = try reader.nullableString("Value")
        readOnly = try reader.bool("ReadOnly")
        configSource = try reader.int8("ConfigSource")
        isSensitive = try reader.bool("IsSensitive")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.value = random.string(where: true)
        value.readOnly = random.bool()
        value.configSource = random.int8()
        value.isSensitive = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.value == right.value, left.readOnly == right.readOnly,
            left.configSource == right.configSource, left.isSensitive == right.isSensitive
         else { return false }
        return true
    }
}
