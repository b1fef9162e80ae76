// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeLogDirsRequest (key 35, versions 1-4): tells the sizes of partitions.
package struct DescribeLogDirsRequest: Sendable {
    package var topics: [DescribableLogDirTopic]? = []

    package init(topics: [DescribableLogDirTopic]? = []) {
        self.topics = topics
    }

    /// An element of ``topics``.
    package struct DescribableLogDirTopic: Sendable {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init(topic: String = "", partitions: [Int32] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }
}

extension DescribeLogDirsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeLogDirsRequest", version, 1...4, flexible: 2)
        topics = try reader.nullableArray("Topics", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DescribeLogDirsRequest.DescribableLogDirTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 3 : 6 }
}

/// Kafka's DescribeLogDirsResponse (key 35, versions 1-4): answers ``DescribeLogDirsRequest``.
package struct DescribeLogDirsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var results: [DescribeLogDirsResult] = []

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, results: [DescribeLogDirsResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.results = results
    }

    /// An element of ``results``.
    package struct DescribeLogDirsResult: Sendable {
        package var errorCode: Int16 = 0
        package var logDir: String = ""
        package var topics: [DescribeLogDirsTopic] = []
        package var totalBytes: Int64 = -1
        package var usableBytes: Int64 = -1

        package init(
            errorCode: Int16 = 0, logDir: String = "", topics: [DescribeLogDirsTopic] = [], totalBytes: Int64 = -1,
            usableBytes: Int64 = -1
        ) {
            self.errorCode = errorCode; self.logDir = logDir; self.topics = topics; self.totalBytes = totalBytes
            self.usableBytes = usableBytes
        }
    }

    /// An element of ``topics``.
    package struct DescribeLogDirsTopic: Sendable {
        package var name: String = ""
        package var partitions: [DescribeLogDirsPartition] = []

        package init(name: String = "", partitions: [DescribeLogDirsPartition] = []) {
            self.name = name; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct DescribeLogDirsPartition: Sendable {
        package var partitionIndex: Int32 = 0
        package var partitionSize: Int64 = 0
        package var offsetLag: Int64 = 0
        package var isFutureKey: Bool = false

        package init(partitionIndex: Int32 = 0, partitionSize: Int64 = 0, offsetLag: Int64 = 0, isFutureKey: Bool = false) {
            self.partitionIndex = partitionIndex; self.partitionSize = partitionSize; self.offsetLag = offsetLag
            self.isFutureKey = isFutureKey
        }
    }
}

extension DescribeLogDirsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeLogDirsResponse", version, 1...4, flexible: 2)
        writer.int32(throttleTimeMs)
        if version >= 3 { writer.errorCode(errorCode) }
        writer.array(results, version)
        writer.noTags()
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.string(logDir)
        writer.array(topics, version)
        if version >= 4 {
            writer.int64(totalBytes)
            writer.int64(usableBytes)
        }
        writer.noTags()
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension DescribeLogDirsResponse.DescribeLogDirsPartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.int64(partitionSize)
        writer.int64(offsetLag)
        writer.bool(isFutureKey)
        writer.noTags()
    }
}
