// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeAclsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeAclsRequest", version, 1...3, flexible: 2)
        writer.int8(resourceTypeFilter)
        writer.nullableString(resourceNameFilter)
        writer.int8(patternTypeFilter)
        writer.nullableString(principalFilter)
        writer.nullableString(hostFilter)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resourceTypeFilter = random.int8()
        value.resourceNameFilter = random.string(where: true)
        value.patternTypeFilter = random.int8()
        value.principalFilter = random.string(where: true)
        value.hostFilter = random.string(where: true)
        value.operation = random.int8()
        value.permissionType = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resourceTypeFilter == right.resourceTypeFilter, left.resourceNameFilter == right.resourceNameFilter,
            left.patternTypeFilter == right.patternTypeFilter, left.principalFilter == right.principalFilter,
            left.hostFilter == right.hostFilter, left.operation == right.operation,
            left.permissionType == right.permissionType
         else { return false }
        return true
    }
}

extension DescribeAclsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeAclsResponse", version, 1...3, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        resources = try reader.array("Resources", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.resources = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.resources == right.resources
         else { return false }
        return true
    }
}

extension DescribeAclsResponse.DescribeAclsResource: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        patternType = try reader.int8("PatternType")
        acls = try reader.array("Acls", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 5 : 8 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.patternType = random.int8()
        value.acls = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.patternType == right.patternType, left.acls == right.acls
         else { return false }
        return true
    }
}

extension DescribeAclsResponse.AclDescription: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        principal = try reader.string("Principal")
        host = try reader.string("Host")
        operation = try reader.int8("Operation")
        permissionType = try reader.int8("PermissionType")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 5 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.principal = random.string()
        value.host = random.string()
        value.operation = random.int8()
        value.permissionType = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.principal == right.principal, left.host == right.host, left.operation == right.operation,
            left.permissionType == right.permissionType
         else { return false }
        return true
    }
}
