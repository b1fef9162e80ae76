// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ListTransactionsRequest (key 66, versions 0-2): lists transactions.
package struct ListTransactionsRequest: Sendable {
    package var stateFilters: [String] = []
    package var producerIDFilters: [Int64] = []
    package var durationFilter: Int64 = -1
    package var transactionalIDPattern: String?

    package init(
        stateFilters: [String] = [], producerIDFilters: [Int64] = [], durationFilter: Int64 = -1,
        transactionalIDPattern: String? = nil
    ) {
        self.stateFilters = stateFilters; self.producerIDFilters = producerIDFilters
        self.durationFilter = durationFilter; self.transactionalIDPattern = transactionalIDPattern
    }
}

extension ListTransactionsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ListTransactionsRequest", version, 0...2, flexible: 0)
        stateFilters = try reader.strings("StateFilters")
        producerIDFilters = try reader.int64s("ProducerIdFilters")
        if version >= 1 { durationFilter = try reader.int64("DurationFilter") }
        if version >= 2 { transactionalIDPattern = try reader.nullableString("TransactionalIdPattern") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's ListTransactionsResponse (key 66, versions 0-2): answers ``ListTransactionsRequest``.
package struct ListTransactionsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var unknownStateFilters: [String] = []
    package var transactionStates: [TransactionState] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, unknownStateFilters: [String] = [],
        transactionStates: [TransactionState] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode
        self.unknownStateFilters = unknownStateFilters; self.transactionStates = transactionStates
    }

    /// An element of ``transactionStates``.
    package struct TransactionState: Sendable {
        package var transactionalID: String = ""
        package var producerID: Int64 = 0
        package var transactionState: String = ""

        package init(transactionalID: String = "", producerID: Int64 = 0, transactionState: String = "") {
            self.transactionalID = transactionalID; self.producerID = producerID; self.transactionState = transactionState
        }
    }
}

extension ListTransactionsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ListTransactionsResponse", version, 0...2, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.strings(unknownStateFilters)
        writer.array(transactionStates, version)
        writer.noTags()
    }
}

extension ListTransactionsResponse.TransactionState: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(transactionalID)
        writer.int64(producerID)
        writer.string(transactionState)
        writer.noTags()
    }
}
