// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeTransactionsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeTransactionsRequest", version, 0...0, flexible: 0)
        writer.strings(transactionalIDs)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.transactionalIDs = random.strings()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.transactionalIDs == right.transactionalIDs
    }
}

extension DescribeTransactionsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeTransactionsResponse", version, 0...0, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        transactionStates = try reader.array("TransactionStates", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.transactionStates = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.transactionStates == right.transactionStates
         else { return false }
        return true
    }
}

extension DescribeTransactionsResponse.TransactionState: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        transactionalID = try reader.string("TransactionalId")
        transactionState = try reader.string("TransactionState")
        transactionTimeoutMs = try reader.int32("TransactionTimeoutMs")
        transactionStartTimeMs = try reader.int64("TransactionStartTimeMs")
        producerID = try reader.int64("ProducerId")
        producerEpoch = try reader.int16("ProducerEpoch")
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 28 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.transactionalID = random.string()
        value.transactionState = random.string()
        value.transactionTimeoutMs = random.int32()
        value.transactionStartTimeMs = random.int64()
        value.producerID = random.int64()
        value.producerEpoch = random.int16()
        value.topics = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.transactionalID == right.transactionalID,
            left.transactionState == right.transactionState, left.transactionTimeoutMs == right.transactionTimeoutMs,
            left.transactionStartTimeMs == right.transactionStartTimeMs, left.producerID == right.producerID,
            left.producerEpoch == right.producerEpoch, left.topics == right.topics
         else { return false }
        return true
    }
}

extension DescribeTransactionsResponse.TopicData: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topic = try reader.string("Topic")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}
