// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's SaslAuthenticateRequest (key 36, versions 0-2): carries one step of a SASL exchange.
package struct SaslAuthenticateRequest: Sendable {
    package var authBytes: MessageBytes = MessageBytes()

    package init(authBytes: MessageBytes = MessageBytes()) {
        self.authBytes = authBytes
    }
}

extension SaslAuthenticateRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("SaslAuthenticateRequest", version, 0...2, flexible: 2)
        authBytes = try reader.bytes("AuthBytes")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's SaslAuthenticateResponse (key 36, versions 0-2): answers ``SaslAuthenticateRequest``.
package struct SaslAuthenticateResponse: Sendable {
    package var errorCode: Int16 = 0
    package var errorMessage: String? = ""
    package var authBytes: [UInt8] = []
    package var sessionLifetimeMs: Int64 = 0

    package init(
        errorCode: Int16 = 0, errorMessage: String? = "", authBytes: [UInt8] = [], sessionLifetimeMs: Int64 = 0
    ) {
        self.errorCode = errorCode; self.errorMessage = errorMessage; self.authBytes = authBytes
        self.sessionLifetimeMs = sessionLifetimeMs
    }
}

extension SaslAuthenticateResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SaslAuthenticateResponse", version, 0...2, flexible: 2)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.copiedBytes(authBytes)
        if version >= 1 { writer.int64(sessionLifetimeMs) }
        writer.noTags()
    }
}
