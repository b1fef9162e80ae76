// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension RequestHeader: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("RequestHeader", version, 1...2, flexible: 2)
        writer.int16(requestAPIKey)
        writer.int16(requestAPIVersion)
        writer.int32(correlationID)
        writer.plainNullableString(clientID)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.requestAPIKey = random.int16()
        value.requestAPIVersion = random.int16()
        value.correlationID = random.int32()
        value.clientID = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.requestAPIKey == right.requestAPIKey, left.requestAPIVersion == right.requestAPIVersion,
            left.correlationID == right.correlationID, left.clientID == right.clientID
         else { return false }
        return true
    }
}
