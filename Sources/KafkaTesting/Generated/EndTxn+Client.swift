// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension EndTxnRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("EndTxnRequest", version, 0...5, flexible: 3)
        writer.string(transactionalID)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.bool(committed)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.transactionalID = random.string()
        value.producerID = random.int64()
        value.producerEpoch = random.int16()
        value.committed = random.bool()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.transactionalID == right.transactionalID, left.producerID == right.producerID,
            left.producerEpoch == right.producerEpoch, left.committed == right.committed
         else { return false }
        return true
    }
}

extension EndTxnResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("EndTxnResponse", version, 0...5, flexible: 3)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        if version >= 5 {
            producerID = try reader.int64("ProducerId")
            producerEpoch = try reader.int16("ProducerEpoch")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        if version >= 5 {
            value.producerID = random.int64()
            value.producerEpoch = random.int16()
        }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.producerID == right.producerID, left.producerEpoch == right.producerEpoch
         else { return false }
        return true
    }
}
