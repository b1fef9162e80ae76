// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DeleteAclsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteAclsRequest", version, 1...3, flexible: 2)
        writer.array(filters, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.filters = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.filters == right.filters
    }
}

extension DeleteAclsRequest.DeleteAclsFilter: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(resourceTypeFilter)
        writer.nullableString(resourceNameFilter)
        writer.int8(patternTypeFilter)
        writer.nullableString(principalFilter)
        writer.nullableString(hostFilter)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.noTags()
    }
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

extension DeleteAclsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DeleteAclsResponse", version, 1...3, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        filterResults = try reader.array("FilterResults", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.filterResults = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.filterResults == right.filterResults
         else { return false }
        return true
    }
}

extension DeleteAclsResponse.DeleteAclsFilterResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        matchingACLs = try reader.array("MatchingAcls", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 5 : 8 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.matchingACLs = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.matchingACLs == right.matchingACLs
         else { return false }
        return true
    }
}

extension DeleteAclsResponse.DeleteAclsMatchingAcl: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        patternType = try reader.int8("PatternType")
        principal = try reader.string("Principal")
        host = try reader.string("Host")
        operation = try reader.int8("Operation")
        permissionType = try reader.int8("PermissionType")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 11 : 14 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.resourceType = random.int8()
        value.resourceName = random.string()
        value.patternType = random.int8()
        value.principal = random.string()
        value.host = random.string()
        value.operation = random.int8()
        value.permissionType = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.resourceType == right.resourceType, left.resourceName == right.resourceName,
            left.patternType == right.patternType, left.principal == right.principal, left.host == right.host,
            left.operation == right.operation, left.permissionType == right.permissionType
         else { return false }
        return true
    }
}
