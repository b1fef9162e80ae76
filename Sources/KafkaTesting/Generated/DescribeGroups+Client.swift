// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeGroupsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeGroupsRequest", version, 0...6, flexible: 5)
        writer.strings(groups)
        if version >= 3 { writer.bool(includeAuthorizedOperations) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groups = random.strings()
        if version >= 3 { value.includeAuthorizedOperations = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groups == right.groups, left.includeAuthorizedOperations == right.includeAuthorizedOperations
         else { return false }
        return true
    }
}

extension DescribeGroupsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeGroupsResponse", version, 0...6, flexible: 5)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        groups = try reader.array("Groups", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.groups = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.groups == right.groups else { return false }
        return true
    }
}

extension DescribeGroupsResponse.DescribedGroup: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        if version >= 6 { errorMessage = try reader.nullableString("ErrorMessage") }
        groupID = try reader.string("GroupId")
        groupState = try reader.string("GroupState")
        protocolType = try reader.string("ProtocolType")
        protocolData = try reader.string("ProtocolData")
        members = try reader.array("Members", version)
        if version >= 3 { authorizedOperations = try reader.int32("AuthorizedOperations") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 13 : version >= 5 ? 12 : version >= 3 ? 18 : 14 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        if version >= 6 { value.errorMessage = random.string(where: true) }
        value.groupID = random.string()
        value.groupState = random.string()
        value.protocolType = random.string()
        value.protocolData = random.string()
        value.members = random.array(version)
        if version >= 3 { value.authorizedOperations = random.int32() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage, left.groupID == right.groupID,
            left.groupState == right.groupState, left.protocolType == right.protocolType,
            left.protocolData == right.protocolData, left.members == right.members,
            left.authorizedOperations == right.authorizedOperations
         else { return false }
        return true
    }
}

extension DescribeGroupsResponse.DescribedGroupMember: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        memberID = try reader.string("MemberId")
        if version >= 4 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        clientID = try reader.string("ClientId")
        clientHost = try reader.string("ClientHost")
        memberMetadata = try reader.copiedBytes("MemberMetadata")
        memberAssignment = try reader.copiedBytes("MemberAssignment")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 7 : version >= 4 ? 16 : 14 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        if version >= 4 { value.groupInstanceID = random.string(where: true) }
        value.clientID = random.string()
        value.clientHost = random.string()
        value.memberMetadata = random.copiedBytes()
        value.memberAssignment = random.copiedBytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.memberID == right.memberID, left.groupInstanceID == right.groupInstanceID,
            left.clientID == right.clientID, left.clientHost == right.clientHost,
            left.memberMetadata == right.memberMetadata, left.memberAssignment == right.memberAssignment
         else { return false }
        return true
    }
}
