// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension JoinGroupRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("JoinGroupRequest", version, 0...9, flexible: 6)
        writer.string(groupID)
        writer.int32(sessionTimeoutMs)
        if version >= 1 { writer.int32(rebalanceTimeoutMs) }
        writer.string(memberID)
        if version >= 5 { writer.nullableString(groupInstanceID) }
        writer.string(protocolType)
        writer.array(protocols, version)
        if version >= 8 { writer.nullableString(reason) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.sessionTimeoutMs = random.int32()
        if version >= 1 { value.rebalanceTimeoutMs = random.int32() }
        value.memberID = random.string()
        if version >= 5 { value.groupInstanceID = random.string(where: true) }
        value.protocolType = random.string()
        value.protocols = random.array(version)
        if version >= 8 { value.reason = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.sessionTimeoutMs == right.sessionTimeoutMs,
            left.rebalanceTimeoutMs == right.rebalanceTimeoutMs, left.memberID == right.memberID,
            left.groupInstanceID == right.groupInstanceID, left.protocolType == right.protocolType,
            left.protocols == right.protocols, left.reason == right.reason
         else { return false }
        return true
    }
}

extension JoinGroupRequest.JoinGroupRequestProtocol: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.bytes(metadata)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.metadata = random.bytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.metadata.count == right.metadata.count else { return false }
        return true
    }
}

extension JoinGroupResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("JoinGroupResponse", version, 0...9, flexible: 6)
        if version >= 2 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        errorCode = try reader.int16("ErrorCode")
        generationID = try reader.int32("GenerationId")
        if version >= 7 { protocolType = try reader.nullableString("ProtocolType") }
        protocolName = try reader.nullableString("ProtocolName", where: version >= 7)
        leader = try reader.string("Leader")
        if version >= 9 { skipAssignment = try reader.bool("SkipAssignment") }
        memberID = try reader.string("MemberId")
        members = try reader.array("Members", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 2 { value.throttleTimeMs = random.int32() }
        value.errorCode = random.int16()
        value.generationID = random.int32()
        if version >= 7 { value.protocolType = random.string(where: true) }
        value.protocolName = random.string(where: version >= 7)
        value.leader = random.string()
        if version >= 9 { value.skipAssignment = random.bool() }
        value.memberID = random.string()
        value.members = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.generationID == right.generationID, left.protocolType == right.protocolType,
            left.protocolName == right.protocolName, left.leader == right.leader,
            left.skipAssignment == right.skipAssignment, left.memberID == right.memberID, left.members == right.members
         else { return false }
        return true
    }
}

extension JoinGroupResponse.JoinGroupResponseMember: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        memberID = try reader.string("MemberId")
        if version >= 5 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        metadata = try reader.copiedBytes("Metadata")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 4 : version >= 5 ? 8 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        if version >= 5 { value.groupInstanceID = random.string(where: true) }
        value.metadata = random.copiedBytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.memberID == right.memberID, left.groupInstanceID == right.groupInstanceID,
            left.metadata == right.metadata
         else { return false }
        return true
    }
}
