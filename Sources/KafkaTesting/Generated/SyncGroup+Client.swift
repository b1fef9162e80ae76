// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension SyncGroupRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SyncGroupRequest", version, 0...5, flexible: 4)
        writer.string(groupID)
        writer.int32(generationID)
        writer.string(memberID)
        if version >= 3 { writer.nullableString(groupInstanceID) }
        if version >= 5 {
            writer.nullableString(protocolType)
            writer.nullableString(protocolName)
        }
        writer.array(assignments, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.generationID = random.int32()
        value.memberID = random.string()
        if version >= 3 { value.groupInstanceID = random.string(where: true) }
        if version >= 5 {
            value.protocolType = random.string(where: true)
            value.protocolName = random.string(where: true)
        }
        value.assignments = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.generationID == right.generationID, left.memberID == right.memberID,
            left.groupInstanceID == right.groupInstanceID, left.protocolType == right.protocolType,
            left.protocolName == right.protocolName, left.assignments == right.assignments
         else { return false }
        return true
    }
}

extension SyncGroupRequest.SyncGroupRequestAssignment: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        writer.bytes(assignment)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.memberID = random.string()
        value.assignment = random.bytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.memberID == right.memberID, left.assignment.count == right.assignment.count else { return false }
        return true
    }
}

extension SyncGroupResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("SyncGroupResponse", version, 0...5, flexible: 4)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        errorCode = try reader.int16("ErrorCode")
        if version >= 5 {
            protocolType = try reader.nullableString("ProtocolType")
            protocolName = try reader.nullableString("ProtocolName")
        }
        assignment = try reader.copiedBytes("Assignment")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.errorCode = random.int16()
        if version >= 5 {
            value.protocolType = random.string(where: true)
            value.protocolName = random.string(where: true)
        }
        value.assignment = random.copiedBytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.protocolType == right.protocolType, left.protocolName == right.protocolName,
            left.assignment == right.assignment
         else { return false }
        return true
    }
}
