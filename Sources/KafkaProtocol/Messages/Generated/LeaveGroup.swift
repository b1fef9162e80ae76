// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's LeaveGroupRequest (key 13, versions 0-5): takes members out of a group.
package struct LeaveGroupRequest: Sendable {
    package var groupID: String = ""
    package var memberID: String = ""
    package var members: [MemberIdentity] = []

    package init(groupID: String = "", memberID: String = "", members: [MemberIdentity] = []) {
        self.groupID = groupID; self.memberID = memberID; self.members = members
    }

    /// An element of ``members``.
    package struct MemberIdentity: Sendable {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var reason: String?

        package init(memberID: String = "", groupInstanceID: String? = nil, reason: String? = nil) {
            self.memberID = memberID; self.groupInstanceID = groupInstanceID; self.reason = reason
        }
    }
}

extension LeaveGroupRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("LeaveGroupRequest", version, 0...5, flexible: 4)
        groupID = try reader.string("GroupId")
        if version <= 2 { memberID = try reader.string("MemberId") }
        if version >= 3 { members = try reader.array("Members", version) }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension LeaveGroupRequest.MemberIdentity: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        memberID = try reader.string("MemberId")
        groupInstanceID = try reader.nullableString("GroupInstanceId")
        if version >= 5 { reason = try reader.nullableString("Reason") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 4 : version >= 4 ? 3 : 4 }
}

/// Kafka's LeaveGroupResponse (key 13, versions 0-5): answers ``LeaveGroupRequest``.
package struct LeaveGroupResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var members: [MemberResponse] = []

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, members: [MemberResponse] = []) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.members = members
    }

    /// An element of ``members``.
    package struct MemberResponse: Sendable {
        package var memberID: String = ""
        package var groupInstanceID: String? = ""
        package var errorCode: Int16 = 0

        package init(memberID: String = "", groupInstanceID: String? = "", errorCode: Int16 = 0) {
            self.memberID = memberID; self.groupInstanceID = groupInstanceID; self.errorCode = errorCode
        }
    }
}

extension LeaveGroupResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("LeaveGroupResponse", version, 0...5, flexible: 4)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.errorCode(errorCode)
        if version >= 3 { writer.array(members, version) }
        writer.noTags()
    }
}

extension LeaveGroupResponse.MemberResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        writer.nullableString(groupInstanceID)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
