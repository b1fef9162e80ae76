// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's SyncGroupRequest (key 14, versions 0-5): hands in and hears the assignment of a generation.
package struct SyncGroupRequest: Sendable {
    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [SyncGroupRequestAssignment] = []

    package init(
        groupID: String = "", generationID: Int32 = 0, memberID: String = "", groupInstanceID: String? = nil,
        protocolType: String? = nil, protocolName: String? = nil, assignments: [SyncGroupRequestAssignment] = []
    ) {
        self.groupID = groupID; self.generationID = generationID; self.memberID = memberID
        self.groupInstanceID = groupInstanceID; self.protocolType = protocolType; self.protocolName = protocolName
        self.assignments = assignments
    }

    /// An element of ``assignments``.
    package struct SyncGroupRequestAssignment: Sendable {
        package var memberID: String = ""
        package var assignment: MessageBytes = MessageBytes()

        package init(memberID: String = "", assignment: MessageBytes = MessageBytes()) {
            self.memberID = memberID; self.assignment = assignment
        }
    }
}

extension SyncGroupRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("SyncGroupRequest", version, 0...5, flexible: 4)
        groupID = try reader.string("GroupId")
        generationID = try reader.int32("GenerationId")
        memberID = try reader.string("MemberId")
        if version >= 3 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        if version >= 5 {
            protocolType = try reader.nullableString("ProtocolType")
            protocolName = try reader.nullableString("ProtocolName")
        }
        assignments = try reader.array("Assignments", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension SyncGroupRequest.SyncGroupRequestAssignment: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        memberID = try reader.string("MemberId")
        assignment = try reader.bytes("Assignment")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 3 : 6 }
}

/// Kafka's SyncGroupResponse (key 14, versions 0-5): answers ``SyncGroupRequest``.
package struct SyncGroupResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, protocolType: String? = nil, protocolName: String? = nil,
        assignment: [UInt8] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.protocolType = protocolType
        self.protocolName = protocolName; self.assignment = assignment
    }
}

extension SyncGroupResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SyncGroupResponse", version, 0...5, flexible: 4)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.errorCode(errorCode)
        if version >= 5 {
            writer.nullableString(protocolType)
            writer.nullableString(protocolName)
        }
        writer.copiedBytes(assignment)
        writer.noTags()
    }
}
