// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ListGroupsRequest (key 16, versions 0-5): lists groups.
package struct ListGroupsRequest: Sendable {
    package var statesFilter: [String] = []
    package var typesFilter: [String] = []

    package init(statesFilter: [String] = [], typesFilter: [String] = []) {
        self.statesFilter = statesFilter; self.typesFilter = typesFilter
    }
}

extension ListGroupsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ListGroupsRequest", version, 0...5, flexible: 3)
        if version >= 4 { statesFilter = try reader.strings("StatesFilter") }
        if version >= 5 { typesFilter = try reader.strings("TypesFilter") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's ListGroupsResponse (key 16, versions 0-5): answers ``ListGroupsRequest``.
package struct ListGroupsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var groups: [ListedGroup] = []

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, groups: [ListedGroup] = []) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.groups = groups
    }

    /// An element of ``groups``.
    package struct ListedGroup: Sendable {
        package var groupID: String = ""
        package var protocolType: String = ""
        package var groupState: String = ""
        package var groupType: String = ""

        package init(groupID: String = "", protocolType: String = "", groupState: String = "", groupType: String = "") {
            self.groupID = groupID; self.protocolType = protocolType; self.groupState = groupState
            self.groupType = groupType
        }
    }
}

extension ListGroupsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListGroupsResponse", version, 0...5, flexible: 3)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.errorCode(errorCode)
        writer.array(groups, version)
        writer.noTags()
    }
}

extension ListGroupsResponse.ListedGroup: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(groupID)
        writer.string(protocolType)
        if version >= 4 { writer.string(groupState) }
        if version >= 5 { writer.string(groupType) }
        writer.noTags()
    }
}
