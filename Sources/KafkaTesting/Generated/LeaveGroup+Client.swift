// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension LeaveGroupRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("LeaveGroupRequest", version, 0...5, flexible: 4)
        writer.string(groupID)
        if version <= 2 { writer.string(memberID) }
        if version >= 3 { writer.array(members, version) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        if version <= 2 { value.memberID = random.string() }
        if version >= 3 { value.members = random.array(version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.memberID == right.memberID, left.members == right.members
         else { return false }
        return true
    }
}

extension LeaveGroupRequest.MemberIdentity: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        writer.nullableString(groupInstanceID)
        if version >= 5 { writer.nullableString(reason) }
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        value.groupInstanceID = random.string(where: true)
        if version >= 5 { value.reason = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.memberID == right.memberID, left.groupInstanceID == right.groupInstanceID, left.reason == right.reason
         else { return false }
        return true
    }
}

extension LeaveGroupResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("LeaveGroupResponse", version, 0...5, flexible: 4)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        errorCode = try reader.int16("ErrorCode")
        if version >= 3 { members = try reader.array("Members", version) }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.errorCode = random.int16()
        if version >= 3 { value.members = random.array(version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.members == right.members
         else { return false }
        return true
    }
}

extension LeaveGroupResponse.MemberResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        memberID = try reader.string("MemberId")
        groupInstanceID = try reader.nullableString("GroupInstanceId")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 5 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        value.groupInstanceID = random.string(where: true)
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.memberID == right.memberID, left.groupInstanceID == right.groupInstanceID,
            left.errorCode == right.errorCode
         else { return false }
        return true
    }
}
