// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ListTransactionsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListTransactionsRequest", version, 0...2, flexible: 0)
        writer.strings(stateFilters)
        writer.int64s(producerIDFilters)
        if version >= 1 { writer.int64(durationFilter) }
        if version >= 2 { writer.nullableString(transactionalIDPattern) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.stateFilters = random.strings()
        value.producerIDFilters = random.int64s()
        if version >= 1 { value.durationFilter = random.int64() }
        if version >= 2 { value.transactionalIDPattern = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.stateFilters == right.stateFilters, left.producerIDFilters == right.producerIDFilters,
            left.durationFilter == right.durationFilter, left.transactionalIDPattern == right.transactionalIDPattern
         else { return false }
        return true
    }
}

extension ListTransactionsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ListTransactionsResponse", version, 0...2, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        unknownStateFilters = try reader.strings("UnknownStateFilters")
        transactionStates = try reader.array("TransactionStates", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        value.unknownStateFilters = random.strings()
        value.transactionStates = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.unknownStateFilters == right.unknownStateFilters, left.transactionStates == right.transactionStates
         else { return false }
        return true
    }
}

extension ListTransactionsResponse.TransactionState: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        transactionalID = try reader.string("TransactionalId")
        producerID = try reader.int64("ProducerId")
        transactionState = try reader.string("TransactionState")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 11 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.transactionalID = random.string()
        value.producerID = random.int64()
        value.transactionState = random.string()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.transactionalID == right.transactionalID, left.producerID == right.producerID,
            left.transactionState == right.transactionState
         else { return false }
        return true
    }
}
