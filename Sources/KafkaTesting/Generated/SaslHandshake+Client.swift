// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension SaslHandshakeRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("SaslHandshakeRequest", version, 0...1, flexible: .max)
        writer.string(mechanism)
    }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.mechanism = random.string()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.mechanism == right.mechanism
    }
}

extension SaslHandshakeResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("SaslHandshakeResponse", version, 0...1, flexible: .max)
        errorCode = try reader.int16("ErrorCode")
        mechanisms = try reader.strings("Mechanisms")
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.mechanisms = random.strings()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.errorCode == right.errorCode, left.mechanisms == right.mechanisms else { return false }
        return true
    }
}
