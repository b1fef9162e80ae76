// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeGroupsRequest (key 15, versions 0-6): tells states and members of groups.
package struct DescribeGroupsRequest: Sendable {
    package var groups: [String] = []
    package var includeAuthorizedOperations: Bool = false

    package init(groups: [String] = [], includeAuthorizedOperations: Bool = false) {
        self.groups = groups; self.includeAuthorizedOperations = includeAuthorizedOperations
    }
}

extension DescribeGroupsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeGroupsRequest", version, 0...6, flexible: 5)
        groups = try reader.strings("Groups")
        if version >= 3 { includeAuthorizedOperations = try reader.bool("IncludeAuthorizedOperations") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's DescribeGroupsResponse (key 15, versions 0-6): answers ``DescribeGroupsRequest``.
package struct DescribeGroupsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var groups: [DescribedGroup] = []

    package init(throttleTimeMs: Int32 = 0, groups: [DescribedGroup] = []) {
        self.throttleTimeMs = throttleTimeMs; self.groups = groups
    }

    /// An element of ``groups``.
    package struct DescribedGroup: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var groupID: String = ""
        package var groupState: String = ""
        package var protocolType: String = ""
        package var protocolData: String = ""
        package var members: [DescribedGroupMember] = []
        package var authorizedOperations: Int32 = -2147483648

        package init(
            errorCode: Int16 = 0, errorMessage: String? = nil, groupID: String = "", groupState: String = "",
            protocolType: String = "", protocolData: String = "", members: [DescribedGroupMember] = [],
            authorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.groupID = groupID
            self.groupState = groupState; self.protocolType = protocolType; self.protocolData = protocolData
            self.members = members; self.authorizedOperations = authorizedOperations
        }
    }

    /// An element of ``members``.
    package struct DescribedGroupMember: Sendable {
        package var memberID: String = ""
        package var groupInstanceID: String?
        package var clientID: String = ""
        package var clientHost: String = ""
        package var memberMetadata: [UInt8] = []
        package var memberAssignment: [UInt8] = []

        package init(
            memberID: String = "", groupInstanceID: String? = nil, clientID: String = "", clientHost: String = "",
            memberMetadata: [UInt8] = [], memberAssignment: [UInt8] = []
        ) {
            self.memberID = memberID; self.groupInstanceID = groupInstanceID; self.clientID = clientID
            self.clientHost = clientHost; self.memberMetadata = memberMetadata; self.memberAssignment = memberAssignment
        }
    }
}

extension DescribeGroupsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeGroupsResponse", version, 0...6, flexible: 5)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.array(groups, version)
        writer.noTags()
    }
}

extension DescribeGroupsResponse.DescribedGroup: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        if version >= 6 { writer.nullableString(errorMessage) }
        writer.string(groupID)
        writer.string(groupState)
        writer.string(protocolType)
        writer.string(protocolData)
        writer.array(members, version)
        if version >= 3 { writer.int32(authorizedOperations) }
        writer.noTags()
    }
}

extension DescribeGroupsResponse.DescribedGroupMember: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(memberID)
        if version >= 4 { writer.nullableString(groupInstanceID) }
        writer.string(clientID)
        writer.string(clientHost)
        writer.copiedBytes(memberMetadata)
        writer.copiedBytes(memberAssignment)
        writer.noTags()
    }
}
