// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DeleteGroupsRequest (key 42, versions 0-2): deletes groups.
package struct DeleteGroupsRequest: Sendable {
    package var groupsNames: [String] = []

    package init(groupsNames: [String] = []) {
        self.groupsNames = groupsNames
    }
}

extension DeleteGroupsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DeleteGroupsRequest", version, 0...2, flexible: 2)
        groupsNames = try reader.strings("GroupsNames")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's DeleteGroupsResponse (key 42, versions 0-2): answers ``DeleteGroupsRequest``.
package struct DeleteGroupsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var results: [DeletableGroupResult] = []

    package init(throttleTimeMs: Int32 = 0, results: [DeletableGroupResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.results = results
    }

    /// An element of ``results``.
    package struct DeletableGroupResult: Sendable {
        package var groupID: String = ""
        package var errorCode: Int16 = 0

        package init(groupID: String = "", errorCode: Int16 = 0) {
            self.groupID = groupID; self.errorCode = errorCode
        }
    }
}

extension DeleteGroupsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteGroupsResponse", version, 0...2, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(results, version)
        writer.noTags()
    }
}

extension DeleteGroupsResponse.DeletableGroupResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(groupID)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
