// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ResponseHeader: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ResponseHeader", version, 0...1, flexible: 1)
        correlationID = try reader.int32("CorrelationId")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.correlationID = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.correlationID == right.correlationID
    }
}
