// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's FindCoordinatorRequest (key 10, versions 0-4): finds the broker that coordinates a group or transactional id.
package struct FindCoordinatorRequest: Sendable {
    package var key: String = ""
    package var keyType: Int8 = 0
    package var coordinatorKeys: [String] = []

    package init(key: String = "", keyType: Int8 = 0, coordinatorKeys: [String] = []) {
        self.key = key; self.keyType = keyType; self.coordinatorKeys = coordinatorKeys
    }
}

extension FindCoordinatorRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("FindCoordinatorRequest", version, 0...4, flexible: 3)
        if version <= 3 { key = try reader.string("Key") }
        if version >= 1 { keyType = try reader.int8("KeyType") }
        if version >= 4 { coordinatorKeys = try reader.strings("CoordinatorKeys") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's FindCoordinatorResponse (key 10, versions 0-4): answers ``FindCoordinatorRequest``.
package struct FindCoordinatorResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String? = ""
    package var nodeID: Int32 = 0
    package var host: String = ""
    package var port: Int32 = 0
    package var coordinators: [Coordinator] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = "", nodeID: Int32 = 0,
        host: String = "", port: Int32 = 0, coordinators: [Coordinator] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.errorMessage = errorMessage
        self.nodeID = nodeID; self.host = host; self.port = port; self.coordinators = coordinators
    }

    /// An element of ``coordinators``.
    package struct Coordinator: Sendable {
        package var key: String = ""
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""

        package init(
            key: String = "", nodeID: Int32 = 0, host: String = "", port: Int32 = 0, errorCode: Int16 = 0,
            errorMessage: String? = ""
        ) {
            self.key = key; self.nodeID = nodeID; self.host = host; self.port = port; self.errorCode = errorCode
            self.errorMessage = errorMessage
        }
    }
}

extension FindCoordinatorResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("FindCoordinatorResponse", version, 0...4, flexible: 3)
        if version >= 1 { writer.int32(throttleTimeMs) }
        if version <= 3 { writer.errorCode(errorCode) }
        if version >= 1 && version <= 3 { writer.nullableString(errorMessage) }
        if version <= 3 {
            writer.int32(nodeID)
            writer.string(host)
            writer.int32(port)
        }
        if version >= 4 { writer.array(coordinators, version) }
        writer.noTags()
    }
}

extension FindCoordinatorResponse.Coordinator: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(key)
        writer.int32(nodeID)
        writer.string(host)
        writer.int32(port)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.noTags()
    }
}
