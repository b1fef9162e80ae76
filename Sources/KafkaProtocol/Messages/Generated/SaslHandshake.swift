// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's SaslHandshakeRequest (key 17, versions 0-1): chooses a SASL mechanism.
package struct SaslHandshakeRequest: Sendable {
    package var mechanism: String = ""

    package init(mechanism: String = "") {
        self.mechanism = mechanism
    }
}

extension SaslHandshakeRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("SaslHandshakeRequest", version, 0...1, flexible: .max)
        mechanism = try reader.string("Mechanism")
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's SaslHandshakeResponse (key 17, versions 0-1): answers ``SaslHandshakeRequest``.
package struct SaslHandshakeResponse: Sendable {
    package var errorCode: Int16 = 0
    package var mechanisms: [String] = []

    package init(errorCode: Int16 = 0, mechanisms: [String] = []) {
        self.errorCode = errorCode; self.mechanisms = mechanisms
    }
}

extension SaslHandshakeResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SaslHandshakeResponse", version, 0...1, flexible: .max)
        writer.errorCode(errorCode)
        writer.strings(mechanisms)
    }
}
