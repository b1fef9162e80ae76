// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's TxnOffsetCommitRequest (key 28, versions 0-5): stores a group's offsets with a transaction.
package struct TxnOffsetCommitRequest: Sendable {
    package var transactionalID: String = ""
    package var groupID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var generationID: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String?
    package var topics: [TxnOffsetCommitRequestTopic] = []

    package init(
        transactionalID: String = "", groupID: String = "", producerID: Int64 = 0, producerEpoch: Int16 = 0,
        generationID: Int32 = -1, memberID: String = "", groupInstanceID: String? = nil,
        topics: [TxnOffsetCommitRequestTopic] = []
    ) {
        self.transactionalID = transactionalID; self.groupID = groupID; self.producerID = producerID
        self.producerEpoch = producerEpoch; self.generationID = generationID; self.memberID = memberID
        self.groupInstanceID = groupInstanceID; self.topics = topics
    }

    /// An element of ``topics``.
    package struct TxnOffsetCommitRequestTopic: Sendable {
        package var name: String = ""
        package var partitions: [TxnOffsetCommitRequestPartition] = []

        package init(name: String = "", partitions: [TxnOffsetCommitRequestPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct TxnOffsetCommitRequestPartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var committedOffset: Int64 = 0
        package var committedLeaderEpoch: Int32 = -1
        package var committedMetadata: String? = ""

        package init(
            partitionIndex: Int32 = 0, committedOffset: Int64 = 0, committedLeaderEpoch: Int32 = -1,
            committedMetadata: String? = ""
        ) {
            self.partitionIndex = partitionIndex; self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch; self.committedMetadata = committedMetadata
        }
    }
}

extension TxnOffsetCommitRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("TxnOffsetCommitRequest", version, 0...5, flexible: 3)
        transactionalID = try reader.string("TransactionalId")
        groupID = try reader.string("GroupId")
        producerID = try reader.int64("ProducerId")
        producerEpoch = try reader.int16("ProducerEpoch")
        if version >= 3 {
            generationID = try reader.int32("GenerationId")
            memberID = try reader.string("MemberId")
            groupInstanceID = try reader.nullableString("GroupInstanceId")
        }
        topics = try reader.array("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 3 ? 3 : 6 }
}

extension TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
        committedOffset = try reader.int64("CommittedOffset")
        if version >= 2 { committedLeaderEpoch = try reader.int32("CommittedLeaderEpoch") }
        committedMetadata = try reader.nullableString("CommittedMetadata")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 18 : 14 }
}

/// Kafka's TxnOffsetCommitResponse (key 28, versions 0-5): answers ``TxnOffsetCommitRequest``.
package struct TxnOffsetCommitResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [TxnOffsetCommitResponseTopic] = []

    package init(throttleTimeMs: Int32 = 0, topics: [TxnOffsetCommitResponseTopic] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct TxnOffsetCommitResponseTopic: Sendable {
        package var name: String = ""
        package var partitions: [TxnOffsetCommitResponsePartition] = []

        package init(name: String = "", partitions: [TxnOffsetCommitResponsePartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct TxnOffsetCommitResponsePartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0

        package init(partitionIndex: Int32 = 0, errorCode: Int16 = 0) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode
        }
    }
}

extension TxnOffsetCommitResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("TxnOffsetCommitResponse", version, 0...5, flexible: 3)
        writer.int32(throttleTimeMs)
        writer.array(topics, version)
        writer.noTags()
    }
}

extension TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
