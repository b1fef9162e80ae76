// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension SaslAuthenticateRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SaslAuthenticateRequest", version, 0...2, flexible: 2)
        writer.bytes(authBytes)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.authBytes = random.bytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.authBytes.count == right.authBytes.count
    }
}

extension SaslAuthenticateResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("SaslAuthenticateResponse", version, 0...2, flexible: 2)
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        authBytes = try reader.copiedBytes("AuthBytes")
        if version >= 1 { sessionLifetimeMs = try reader.int64("SessionLifetimeMs") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.authBytes = random.copiedBytes()
        if version >= 1 { value.sessionLifetimeMs = random.int64() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.authBytes == right.authBytes, left.sessionLifetimeMs == right.sessionLifetimeMs
         else { return false }
        return true
    }
}
