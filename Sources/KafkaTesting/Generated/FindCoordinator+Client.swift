// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension FindCoordinatorRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("FindCoordinatorRequest", version, 0...4, flexible: 3)
        if version <= 3 { writer.string(key) }
        if version >= 1 { writer.int8(keyType) }
        if version >= 4 { writer.strings(coordinatorKeys) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version <= 3 { value.key = random.string() }
        if version >= 1 { value.keyType = random.int8() }
        if version >= 4 { value.coordinatorKeys = random.strings() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.key == right.key, left.keyType == right.keyType, left.coordinatorKeys == right.coordinatorKeys
         else { return false }
        return true
    }
}

extension FindCoordinatorResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("FindCoordinatorResponse", version, 0...4, flexible: 3)
        if version >= 1 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        if version <= 3 { errorCode = try reader.int16("ErrorCode") }
        if version >= 1 && version <= 3 { errorMessage = try reader.nullableString("ErrorMessage") }
        if version <= 3 {
            nodeID = try reader.int32("NodeId")
            host = try reader.string("Host")
            port = try reader.int32("Port")
        }
        if version >= 4 { coordinators = try reader.array("Coordinators", version) }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 1 { value.throttleTimeMs = random.int32() }
        if version <= 3 { value.errorCode = random.int16() }
        if version >= 1 && version <= 3 { value.errorMessage = random.string(where: true) }
        if version <= 3 {
            value.nodeID = random.int32()
            value.host = random.string()
            value.port = random.int32()
        }
        if version >= 4 { value.coordinators = random.array(version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.nodeID == right.nodeID, left.host == right.host,
            left.port == right.port, left.coordinators == right.coordinators
         else { return false }
        return true
    }
}

extension FindCoordinatorResponse.Coordinator: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        key = try reader.string("Key")
        nodeID = try reader.int32("NodeId")
        host = try reader.string("Host")
        port = try reader.int32("Port")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 14 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.key = random.string()
        value.nodeID = random.int32()
        value.host = random.string()
        value.port = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.key == right.key, left.nodeID == right.nodeID, left.host == right.host, left.port == right.port,
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage
         else { return false }
        return true
    }
}
