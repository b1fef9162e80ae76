// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeConfigsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeConfigsRequest", version, 0...4, flexible: 4)
        writer.array(resources, version)
        if version >= 1 { writer.bool(includeSynonyms) }
        if version >= 3 { writer.bool(includeDocumentation) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resources = random.array(version)
        if version >= 1 { value.includeSynonyms = random.bool() }
        if version >= 3 { value.includeDocumentation = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resources == right.resources, left.includeSynonyms == right.includeSynonyms,
            left.includeDocumentation == right.includeDocumentation
         else { return false }
        return true
    }
}

extension DescribeConfigsRequest.DescribeConfigsResource: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.nullableStrings(configurationKeys)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.configurationKeys = random.strings(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.configurationKeys == right.configurationKeys
         else { return false }
        return true
    }
}

extension DescribeConfigsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeConfigsResponse", version, 0...4, flexible: 4)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...4 }
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

extension DescribeConfigsResponse.DescribeConfigsResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        configs = try reader.array("Configs", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 7 : 11 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.configs = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.configs == right.configs
         else { return false }
        return true
    }
}

extension DescribeConfigsResponse.DescribeConfigsResourceResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        value = try reader.nullableString("Value")
        readOnly = try reader.bool("ReadOnly")
        if version <= 0 { isDefault = try reader.bool("IsDefault") }
        if version >= 1 { configSource = try reader.int8("ConfigSource") }
        isSensitive = try reader.bool("IsSensitive")
        if version >= 1 { synonyms = try reader.array("Synonyms", version) }
        if version >= 3 {
            configType = try reader.int8("ConfigType")
            documentation = try reader.nullableString("Documentation")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 9 : version >= 3 ? 14 : version >= 1 ? 11 : 7 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.value = random.string(where: true)
        value.readOnly = random.bool()
        if version <= 0 { value.isDefault = random.bool() }
        if version >= 1 { value.configSource = random.int8() }
        value.isSensitive = random.bool()
        if version >= 1 { value.synonyms = random.array(version) }
        if version >= 3 {
            value.configType = random.int8()
            value.documentation = random.string(where: true)
        }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.value == right.value, left.readOnly == right.readOnly,
            left.isDefault == right.isDefault, left.configSource == right.configSource,
            left.isSensitive == right.isSensitive, left.synonyms == right.synonyms, left.configType == right.configType,
            left.documentation == right.documentation
         else { return false }
        return true
    }
}

extension DescribeConfigsResponse.DescribeConfigsSynonym: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        value = try reader.nullableString("Value")
        source = try reader.int8("Source")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 4 : 5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.value = random.string(where: true)
        value.source = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.value == right.value, left.source == right.source else { return false }
        return true
    }
}
