// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeProducersRequest (key 61, versions 0-0): tells the producers of partitions.
package struct DescribeProducersRequest: Sendable {
    package var topics: [TopicRequest] = []

    package init(topics: [TopicRequest] = []) {
        self.topics = topics
    }

    /// An element of ``topics``.
    package struct TopicRequest: Sendable {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init(name: String = "", partitionIndexes: [Int32] = []) {
            self.name = name; self.partitionIndexes = partitionIndexes
        }
    }
}

extension DescribeProducersRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeProducersRequest", version, 0...0, flexible: 0)
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DescribeProducersRequest.TopicRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitionIndexes = try reader.int32s("PartitionIndexes")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 3 }
}

/// Kafka's DescribeProducersResponse (key 61, versions 0-0): answers ``DescribeProducersRequest``.
package struct DescribeProducersResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [TopicResponse] = []

    package init(throttleTimeMs: Int32 = 0, topics: [TopicResponse] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct TopicResponse: Sendable {
        package var name: String = ""
        package var partitions: [PartitionResponse] = []

        package init(name: String = "", partitions: [PartitionResponse] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct PartitionResponse: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0
        package var errorMessage: String?
        package var activeProducers: [ProducerState] = []

        package init(
            partitionIndex: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = nil,
            activeProducers: [ProducerState] = []
        ) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode; self.errorMessage = errorMessage
            self.activeProducers = activeProducers
        }
    }

    /// An element of ``activeProducers``.
    package struct ProducerState: Sendable {
        package var producerID: Int64 = 0
        package var producerEpoch: Int32 = 0
        package var lastSequence: Int32 = -1
        package var lastTimestamp: Int64 = -1
        package var coordinatorEpoch: Int32 = 0
        package var currentTxnStartOffset: Int64 = -1

        package init(
            producerID: Int64 = 0, producerEpoch: Int32 = 0, lastSequence: Int32 = -1, lastTimestamp: Int64 = -1,
            coordinatorEpoch: Int32 = 0, currentTxnStartOffset: Int64 = -1
        ) {
            self.producerID = producerID; self.producerEpoch = producerEpoch; self.lastSequence = lastSequence
            self.lastTimestamp = lastTimestamp; self.coordinatorEpoch = coordinatorEpoch
            self.currentTxnStartOffset = currentTxnStartOffset
        }
    }
}

extension DescribeProducersResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeProducersResponse", version, 0...0, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.array(topics, version)
        writer.noTags()
    }
}

extension DescribeProducersResponse.TopicResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension DescribeProducersResponse.PartitionResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(activeProducers, version)
        writer.noTags()
    }
}

extension DescribeProducersResponse.ProducerState: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int64(producerID)
        writer.int32(producerEpoch)
        writer.int32(lastSequence)
        writer.int64(lastTimestamp)
        writer.int32(coordinatorEpoch)
        writer.int64(currentTxnStartOffset)
        writer.noTags()
    }
}
