// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeTransactionsRequest (key 65, versions 0-0): tells the state of transactions.
package struct DescribeTransactionsRequest: Sendable {
    package var transactionalIDs: [String] = []

    package init(transactionalIDs: [String] = []) {
        self.transactionalIDs = transactionalIDs
    }
}

extension DescribeTransactionsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeTransactionsRequest", version, 0...0, flexible: 0)
        transactionalIDs = try reader.strings("TransactionalIds")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's DescribeTransactionsResponse (key 65, versions 0-0): answers ``DescribeTransactionsRequest``.
package struct DescribeTransactionsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var transactionStates: [TransactionState] = []

    package init(throttleTimeMs: Int32 = 0, transactionStates: [TransactionState] = []) {
        self.throttleTimeMs = throttleTimeMs; self.transactionStates = transactionStates
    }

    /// An element of ``transactionStates``.
    package struct TransactionState: Sendable {
        package var errorCode: Int16 = 0
        package var transactionalID: String = ""
        package var transactionState: String = ""
        package var transactionTimeoutMs: Int32 = 0
        package var transactionStartTimeMs: Int64 = 0
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var topics: [TopicData] = []

        package init(
            errorCode: Int16 = 0, transactionalID: String = "", transactionState: String = "",
            transactionTimeoutMs: Int32 = 0, transactionStartTimeMs: Int64 = 0, producerID: Int64 = 0,
            producerEpoch: Int16 = 0, topics: [TopicData] = []
        ) {
            self.errorCode = errorCode; self.transactionalID = transactionalID; self.transactionState = transactionState
            self.transactionTimeoutMs = transactionTimeoutMs; self.transactionStartTimeMs = transactionStartTimeMs
            self.producerID = producerID; self.producerEpoch = producerEpoch; self.topics = topics
        }
    }

    /// An element of ``topics``.
    package struct TopicData: Sendable {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init(topic: String = "", partitions: [Int32] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }
}

extension DescribeTransactionsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeTransactionsResponse", version, 0...0, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.array(transactionStates, version)
        writer.noTags()
    }
}

extension DescribeTransactionsResponse.TransactionState: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.string(transactionalID)
        writer.string(transactionState)
        writer.int32(transactionTimeoutMs)
        writer.int64(transactionStartTimeMs)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.array(topics, version)
        writer.noTags()
    }
}

extension DescribeTransactionsResponse.TopicData: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.int32s(partitions)
        writer.noTags()
    }
}
