// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's HeartbeatRequest (key 12, versions 0-4): says that a member is alive, hears of a rebalance.
package struct HeartbeatRequest: Sendable {
    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String?

    package init(groupID: String = "", generationID: Int32 = 0, memberID: String = "", groupInstanceID: String? = nil) {
        self.groupID = groupID; self.generationID = generationID; self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }
}

extension HeartbeatRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("HeartbeatRequest", version, 0...4, flexible: 4)
        groupID = try reader.string("GroupId")
        generationID = try reader.int32("GenerationId")
        memberID = try reader.string("MemberId")
        if version >= 3 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's HeartbeatResponse (key 12, versions 0-4): answers ``HeartbeatRequest``.
package struct HeartbeatResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode
    }
}

extension HeartbeatResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("HeartbeatResponse", version, 0...4, flexible: 4)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
