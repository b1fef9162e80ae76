// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension HeartbeatRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("HeartbeatRequest", version, 0...4, flexible: 4)
        writer.string(groupID)
        writer.int32(generationID)
        writer.string(memberID)
        if version >= 3 { writer.nullableString(groupInstanceID) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.generationID = random.int32()
        value.memberID = random.string()
        if version >= 3 { value.groupInstanceID = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.generationID == right.generationID, left.memberID == right.memberID,
            left.groupInstanceID == right.groupInstanceID
         else { return false }
        return true
    }
}

extension HeartbeatResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("HeartbeatResponse", version, 0...4, flexible: 4)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode else { return false }
        return true
    }
}
