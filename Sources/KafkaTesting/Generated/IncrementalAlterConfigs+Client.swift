// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension IncrementalAlterConfigsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("IncrementalAlterConfigsRequest", version, 0...1, flexible: 1)
        writer.array(resources, version)
        writer.bool(validateOnly)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resources = random.array(version)
        value.validateOnly = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.resources == right.resources, left.validateOnly == right.validateOnly else { return false }
        return true
    }
}

extension IncrementalAlterConfigsRequest.AlterConfigsResource: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.array(configs, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.configs = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.configs == right.configs
         else { return false }
        return true
    }
}

extension IncrementalAlterConfigsRequest.AlterableConfig: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int8(configOperation)
        writer.nullableString(value)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.configOperation = random.int8()
        value.value = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.configOperation == right.configOperation, left.value == right.value
         else { return false }
        return true
    }
}

extension IncrementalAlterConfigsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("IncrementalAlterConfigsResponse", version, 0...1, flexible: 1)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        responses = try reader.array("Responses", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.responses = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.responses == right.responses else { return false }
        return true
    }
}

extension IncrementalAlterConfigsResponse.AlterConfigsResourceResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 1 ? 6 : 7 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.resourceType = random.int8()
        value.resourceName = random.string()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.resourceType == right.resourceType, left.resourceName == right.resourceName
         else { return false }
        return true
    }
}
