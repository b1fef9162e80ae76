// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ListGroupsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListGroupsRequest", version, 0...5, flexible: 3)
        if version >= 4 { writer.strings(statesFilter) }
        if version >= 5 { writer.strings(typesFilter) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 4 { value.statesFilter = random.strings() }
        if version >= 5 { value.typesFilter = random.strings() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.statesFilter == right.statesFilter, left.typesFilter == right.typesFilter else { return false }
        return true
    }
}

extension ListGroupsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ListGroupsResponse", version, 0...5, flexible: 3)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        errorCode = try reader.int16("ErrorCode")
        groups = try reader.array("Groups", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        value.errorCode = random.int16()
        value.groups = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode, left.groups == right.groups
         else { return false }
        return true
    }
}

extension ListGroupsResponse.ListedGroup: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        groupID = try reader.string("GroupId")
        protocolType = try reader.string("ProtocolType")
        if version >= 4 { groupState = try reader.string("GroupState") }
        if version >= 5 { groupType = try reader.string("GroupType") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 5 : version >= 4 ? 4 : version >= 3 ? 3 : 4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.protocolType = random.string()
        if version >= 4 { value.groupState = random.string() }
        if version >= 5 { value.groupType = random.string() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.groupID == right.groupID, left.protocolType == right.protocolType, left.groupState == right.groupState,
            left.groupType == right.groupType
         else { return false }
        return true
    }
}
