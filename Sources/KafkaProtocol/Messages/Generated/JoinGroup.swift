// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's JoinGroupRequest (key 11, versions 0-9): makes a consumer a member of its group's next generation.
package struct JoinGroupRequest: Sendable {
    package var groupID: String = ""
    package var sessionTimeoutMs: Int32 = 0
    package var rebalanceTimeoutMs: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var protocolType: String = ""
    package var protocols: [JoinGroupRequestProtocol] = []
    package var reason: String?

    package init(
        groupID: String = "", sessionTimeoutMs: Int32 = 0, rebalanceTimeoutMs: Int32 = -1, memberID: String = "",
        groupInstanceID: String? = nil, protocolType: String = "", protocols: [JoinGroupRequestProtocol] = [],
        reason: String? = nil
    ) {
        self.groupID = groupID; self.sessionTimeoutMs = sessionTimeoutMs; self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.memberID = memberID; self.groupInstanceID = groupInstanceID; self.protocolType = protocolType
        self.protocols = protocols; self.reason = reason
    }

    /// An element of ``protocols``.
    package struct JoinGroupRequestProtocol: Sendable {
        package var name: String = ""
        package var metadata: MessageBytes = MessageBytes()

        package init(name: String = "", metadata: MessageBytes = MessageBytes()) {
            self.name = name; self.metadata = metadata
        }
    }
}

extension JoinGroupRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("JoinGroupRequest", version, 0...9, flexible: 6)
        groupID = try reader.string("GroupId")
        sessionTimeoutMs = try reader.int32("SessionTimeoutMs")
        if version >= 1 { rebalanceTimeoutMs = try reader.int32("RebalanceTimeoutMs") }
        memberID = try reader.string("MemberId")
        if version >= 5 { groupInstanceID = try reader.nullableString("GroupInstanceId") }
        protocolType = try reader.string("ProtocolType")
        protocols = try reader.array("Protocols", version)
        if version >= 8 { reason = try reader.nullableString("Reason") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension JoinGroupRequest.JoinGroupRequestProtocol: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        metadata = try reader.bytes("Metadata")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 6 ? 3 : 6 }
}

/// Kafka's JoinGroupResponse (key 11, versions 0-9): answers ``JoinGroupRequest``.
package struct JoinGroupResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var generationID: Int32 = -1
    package var protocolType: String?
    package var protocolName: String? = ""
    package var leader: String = ""
    package var skipAssignment: Bool = false
    package var memberID: String = ""
    package var members: [JoinGroupResponseMember] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, generationID: Int32 = -1, protocolType: String? = nil,
        protocolName: String? = "", leader: String = "", skipAssignment: Bool = false, memberID: String = "",
        members: [JoinGroupResponseMember] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.generationID = generationID
        self.protocolType = protocolType; self.protocolName = protocolName; self.leader = leader
        self.skipAssignment = skipAssignment; self.memberID = memberID; self.members = members
    }

    /// An element of ``members``.
    package struct JoinGroupResponseMember: Sendable {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var metadata: [UInt8] = []

        package init(memberID: String = "", groupInstanceID: String? = nil, metadata: [UInt8] = []) {
            self.memberID = memberID; self.groupInstanceID = groupInstanceID; self.metadata = metadata
        }
    }
}

extension JoinGroupResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("JoinGroupResponse", version, 0...9, flexible: 6)
        if version >= 2 { writer.int32(throttleTimeMs) }
        writer.errorCode(errorCode)
        writer.int32(generationID)
        if version >= 7 { writer.nullableString(protocolType) }
        writer.nullableString(protocolName, where: version >= 7)
        writer.string(leader)
        if version >= 9 { writer.bool(skipAssignment) }
        writer.string(memberID)
        writer.array(members, version)
        writer.noTags()
    }
}

extension JoinGroupResponse.JoinGroupResponseMember: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        if version >= 5 { writer.nullableString(groupInstanceID) }
        writer.copiedBytes(metadata)
        writer.noTags()
    }
}
