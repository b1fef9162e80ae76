// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DeleteRecordsRequest (key 21, versions 0-2): moves the start of partitions.
package struct DeleteRecordsRequest: Sendable {
    package var topics: [DeleteRecordsTopic] = []
    package var timeoutMs: Int32 = 0

    package init(topics: [DeleteRecordsTopic] = [], timeoutMs: Int32 = 0) {
        self.topics = topics; self.timeoutMs = timeoutMs
    }

    /// An element of ``topics``.
    package struct DeleteRecordsTopic: Sendable {
        package var name: String = ""
        package var partitions: [DeleteRecordsPartition] = []

        package init(name: String = "", partitions: [DeleteRecordsPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct DeleteRecordsPartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var offset: Int64 = 0

        package init(partitionIndex: Int32 = 0, offset: Int64 = 0) {
            self.partitionIndex = partitionIndex; self.offset = offset
        }
    }
}

extension DeleteRecordsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DeleteRecordsRequest", version, 0...2, flexible: 2)
        topics = try reader.array("Topics", version)
        timeoutMs = try reader.int32("TimeoutMs")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DeleteRecordsRequest.DeleteRecordsTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 3 : 6 }
}

extension DeleteRecordsRequest.DeleteRecordsPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
        offset = try reader.int64("Offset")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 13 : 12 }
}

/// Kafka's DeleteRecordsResponse (key 21, versions 0-2): answers ``DeleteRecordsRequest``.
package struct DeleteRecordsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [DeleteRecordsTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, topics: [DeleteRecordsTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct DeleteRecordsTopicResult: Sendable {
        package var name: String = ""
        package var partitions: [DeleteRecordsPartitionResult] = []

        package init(name: String = "", partitions: [DeleteRecordsPartitionResult] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct DeleteRecordsPartitionResult: Sendable {
        package var partitionIndex: Int32 = 0
        package var lowWatermark: Int64 = 0
        package var errorCode: Int16 = 0

        package init(partitionIndex: Int32 = 0, lowWatermark: Int64 = 0, errorCode: Int16 = 0) {
            self.partitionIndex = partitionIndex; self.lowWatermark = lowWatermark; self.errorCode = errorCode
        }
    }
}

extension DeleteRecordsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteRecordsResponse", version, 0...2, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(topics, version)
        writer.noTags()
    }
}

extension DeleteRecordsResponse.DeleteRecordsTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension DeleteRecordsResponse.DeleteRecordsPartitionResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(lowWatermark)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
