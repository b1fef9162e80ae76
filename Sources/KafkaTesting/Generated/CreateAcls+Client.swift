// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension CreateAclsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreateAclsRequest", version, 1...3, flexible: 2)
        writer.array(creations, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.creations = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.creations == right.creations
    }
}

extension CreateAclsRequest.AclCreation: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.int8(resourcePatternType)
        writer.string(principal)
        writer.string(host)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.resourcePatternType = random.int8()
        value.principal = random.string()
        value.host = random.string()
        value.operation = random.int8()
        value.permissionType = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.resourcePatternType == right.resourcePatternType, left.principal == right.principal,
            left.host == right.host, left.operation == right.operation, left.permissionType == right.permissionType
         else { return false }
        return true
    }
}

extension CreateAclsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("CreateAclsResponse", version, 1...3, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...3 }
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

extension CreateAclsResponse.AclCreationResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.errorCode == right.errorCode, left.errorMessage == right.errorMessage else { return false }
        return true
    }
}
