// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DeleteGroupsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteGroupsRequest", version, 0...2, flexible: 2)
        writer.strings(groupsNames)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupsNames = random.strings()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.groupsNames == right.groupsNames
    }
}

extension DeleteGroupsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DeleteGroupsResponse", version, 0...2, flexible: 2)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.results = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.results == right.results else { return false }
        return true
    }
}

extension DeleteGroupsResponse.DeletableGroupResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        groupID = try reader.string("GroupId")
        errorCode = try reader.int16("ErrorCode")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.groupID = random.string()
        value.errorCode = random.int16()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.groupID == right.groupID, left.errorCode == right.errorCode else { return false }
        return true
    }
}
