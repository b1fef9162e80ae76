// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's AddPartitionsToTxnRequest (key 24, versions 0-3): makes partitions part of a transaction.
package struct AddPartitionsToTxnRequest: Sendable {
    package var v3AndBelowTransactionalID: String = ""
    package var v3AndBelowProducerID: Int64 = 0
    package var v3AndBelowProducerEpoch: Int16 = 0
    package var v3AndBelowTopics: [AddPartitionsToTxnTopic] = []

    package init(
        v3AndBelowTransactionalID: String = "", v3AndBelowProducerID: Int64 = 0, v3AndBelowProducerEpoch: Int16 = 0,
        v3AndBelowTopics: [AddPartitionsToTxnTopic] = []
    ) {
        self.v3AndBelowTransactionalID = v3AndBelowTransactionalID; self.v3AndBelowProducerID = v3AndBelowProducerID
        self.v3AndBelowProducerEpoch = v3AndBelowProducerEpoch; self.v3AndBelowTopics = v3AndBelowTopics
    }

    /// An element of ``v3AndBelowTopics``.
    package struct AddPartitionsToTxnTopic: Sendable {
        package var name: String = ""
        package var partitions: [Int32] = []

        package init(name: String = "", partitions: [Int32] = []) {
            self.name = name; self.partitions = partitions
        }
    }
}

extension AddPartitionsToTxnRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("AddPartitionsToTxnRequest", version, 0...3, flexible: 3)
        v3AndBelowTransactionalID = try reader.string("V3AndBelowTransactionalId")
        v3AndBelowProducerID = try reader.int64("V3AndBelowProducerId")
        v3AndBelowProducerEpoch = try reader.int16("V3AndBelowProducerEpoch")
        v3AndBelowTopics = try reader.array("V3AndBelowTopics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension AddPartitionsToTxnRequest.AddPartitionsToTxnTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 3 : 6 }
}

/// Kafka's AddPartitionsToTxnResponse (key 24, versions 0-3): answers ``AddPartitionsToTxnRequest``.
package struct AddPartitionsToTxnResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var resultsByTopicV3AndBelow: [AddPartitionsToTxnTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, resultsByTopicV3AndBelow: [AddPartitionsToTxnTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.resultsByTopicV3AndBelow = resultsByTopicV3AndBelow
    }

    /// An element of ``resultsByTopicV3AndBelow``.
    package struct AddPartitionsToTxnTopicResult: Sendable {
        package var name: String = ""
        package var resultsByPartition: [AddPartitionsToTxnPartitionResult] = []

        package init(name: String = "", resultsByPartition: [AddPartitionsToTxnPartitionResult] = []) {
            self.name = name; self.resultsByPartition = resultsByPartition
        }
    }

    /// An element of ``resultsByPartition``.
    package struct AddPartitionsToTxnPartitionResult: Sendable {
        package var partitionIndex: Int32 = 0
        package var partitionErrorCode: Int16 = 0

        package init(partitionIndex: Int32 = 0, partitionErrorCode: Int16 = 0) {
            self.partitionIndex = partitionIndex; self.partitionErrorCode = partitionErrorCode
        }
    }
}

extension AddPartitionsToTxnResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AddPartitionsToTxnResponse", version, 0...3, flexible: 3)
        writer.int32(throttleTimeMs)
        writer.array(resultsByTopicV3AndBelow, version)
        writer.noTags()
    }
}

extension AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(resultsByPartition, version)
        writer.noTags()
    }
}

extension AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int16(partitionErrorCode)
        writer.noTags()
    }
}
