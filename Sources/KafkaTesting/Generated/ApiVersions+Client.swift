// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ApiVersionsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ApiVersionsRequest", version, 0...4, flexible: 3)
        if version >= 3 {
            writer.string(clientSoftwareName)
            writer.string(clientSoftwareVersion)
        }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 3 {
            value.clientSoftwareName = random.string()
            value.clientSoftwareVersion = random.string()
        }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.clientSoftwareName == right.clientSoftwareName,
            left.clientSoftwareVersion == right.clientSoftwareVersion
         else { return false }
        return true
    }
}

extension ApiVersionsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ApiVersionsResponse", version, 0...4, flexible: 3)
        errorCode = try reader.int16("ErrorCode")
        apiKeys = try reader.array("ApiKeys", version)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0: supportedFeatures = try reader.array("SupportedFeatures", version)
            case 1: finalizedFeaturesEpoch = try reader.int64("FinalizedFeaturesEpoch")
            case 2: finalizedFeatures = try reader.array("FinalizedFeatures", version)
            case 3: zkMigrationReady = try reader.bool("ZkMigrationReady")
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.apiKeys = random.array(version)
        if version >= 1 { value.throttleTimeMs = random.int32() }
        if version >= 3, random.bool() { value.supportedFeatures = random.array(version) }
        if version >= 3, random.bool() { value.finalizedFeaturesEpoch = random.int64() }
        if version >= 3, random.bool() { value.finalizedFeatures = random.array(version) }
        if version >= 3, random.bool() { value.zkMigrationReady = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.apiKeys == right.apiKeys,
            left.throttleTimeMs == right.throttleTimeMs, left.supportedFeatures == right.supportedFeatures,
            left.finalizedFeaturesEpoch == right.finalizedFeaturesEpoch,
            left.finalizedFeatures == right.finalizedFeatures, left.zkMigrationReady == right.zkMigrationReady
         else { return false }
        return true
    }
}

extension ApiVersionsResponse.ApiVersion: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        apiKey = try reader.int16("ApiKey")
        minVersion = try reader.int16("MinVersion")
        maxVersion = try reader.int16("MaxVersion")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 7 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.apiKey = random.int16()
        value.minVersion = random.int16()
        value.maxVersion = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.apiKey == right.apiKey, left.minVersion == right.minVersion, left.maxVersion == right.maxVersion
         else { return false }
        return true
    }
}

extension ApiVersionsResponse.SupportedFeatureKey: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        minVersion = try reader.int16("MinVersion")
        maxVersion = try reader.int16("MaxVersion")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.minVersion = random.int16()
        value.maxVersion = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.minVersion == right.minVersion, left.maxVersion == right.maxVersion
         else { return false }
        return true
    }
}

extension ApiVersionsResponse.FinalizedFeatureKey: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        maxVersionLevel = try reader.int16("MaxVersionLevel")
        minVersionLevel = try reader.int16("MinVersionLevel")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.maxVersionLevel = random.int16()
        value.minVersionLevel = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.maxVersionLevel == right.maxVersionLevel,
            left.minVersionLevel == right.minVersionLevel
         else { return false }
        return true
    }
}
