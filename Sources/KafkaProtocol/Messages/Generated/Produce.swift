// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ProduceRequest (key 0, versions 3-12): appends batches to partitions.
package struct ProduceRequest: Sendable {
    package var transactionalID: String?
    package var acks: Int16 = 0
    package var timeoutMs: Int32 = 0
    package var topicData: [TopicProduceData] = []

    package init(
        transactionalID: String? = nil, acks: Int16 = 0, timeoutMs: Int32 = 0, topicData: [TopicProduceData] = []
    ) {
        self.transactionalID = transactionalID; self.acks = acks; self.timeoutMs = timeoutMs; self.topicData = topicData
    }

    /// An element of ``topicData``.
    package struct TopicProduceData: Sendable {
        package var name: String = ""
        package var partitionData: [PartitionProduceData] = []

        package init(name: String = "", partitionData: [PartitionProduceData] = []) {
            self.name = name; self.partitionData = partitionData
        }
    }

    /// An element of ``partitionData``.
    package struct PartitionProduceData: Sendable {
        package var index: Int32 = 0
        package var records: MessageBytes?

        package init(index: Int32 = 0, records: MessageBytes? = nil) {
            self.index = index; self.records = records
        }
    }
}

extension ProduceRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ProduceRequest", version, 3...12, flexible: 9)
        transactionalID = try reader.nullableString("TransactionalId")
        acks = try reader.int16("Acks")
        timeoutMs = try reader.int32("TimeoutMs")
        topicData = try reader.array("TopicData", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension ProduceRequest.TopicProduceData: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        partitionData = try reader.array("PartitionData", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 3 : 6 }
}

extension ProduceRequest.PartitionProduceData: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        index = try reader.int32("Index")
        records = try reader.nullableBytes("Records")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 6 : 8 }
}

/// Kafka's ProduceResponse (key 0, versions 3-12): answers ``ProduceRequest``.
package struct ProduceResponse: Sendable {
    package var responses: [TopicProduceResponse] = []
    package var throttleTimeMs: Int32 = 0
    package var nodeEndpoints: [NodeEndpoint] = []

    package init(
        responses: [TopicProduceResponse] = [], throttleTimeMs: Int32 = 0, nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.responses = responses; self.throttleTimeMs = throttleTimeMs; self.nodeEndpoints = nodeEndpoints
    }

    /// An element of ``responses``.
    package struct TopicProduceResponse: Sendable {
        package var name: String = ""
        package var partitionResponses: [PartitionProduceResponse] = []

        package init(name: String = "", partitionResponses: [PartitionProduceResponse] = []) {
            self.name = name; self.partitionResponses = partitionResponses
        }
    }

    /// An element of ``partitionResponses``.
    package struct PartitionProduceResponse: Sendable {
        package var index: Int32 = 0
        package var errorCode: Int16 = 0
        package var baseOffset: Int64 = 0
        package var logAppendTimeMs: Int64 = -1
        package var logStartOffset: Int64 = -1
        package var recordErrors: [BatchIndexAndErrorMessage] = []
        package var errorMessage: String?
        package var currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch()

        package init(
            index: Int32 = 0, errorCode: Int16 = 0, baseOffset: Int64 = 0, logAppendTimeMs: Int64 = -1,
            logStartOffset: Int64 = -1, recordErrors: [BatchIndexAndErrorMessage] = [], errorMessage: String? = nil,
            currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch()
        ) {
            self.index = index; self.errorCode = errorCode; self.baseOffset = baseOffset
            self.logAppendTimeMs = logAppendTimeMs; self.logStartOffset = logStartOffset; self.recordErrors = recordErrors
            self.errorMessage = errorMessage; self.currentLeader = currentLeader
        }
    }

    /// An element of ``recordErrors``.
    package struct BatchIndexAndErrorMessage: Sendable {
        package var batchIndex: Int32 = 0
        package var batchIndexErrorMessage: String?

        package init(batchIndex: Int32 = 0, batchIndexErrorMessage: String? = nil) {
            self.batchIndex = batchIndex; self.batchIndexErrorMessage = batchIndexErrorMessage
        }
    }

    /// The value of ``currentLeader``.
    package struct LeaderIdAndEpoch: Sendable {
        package var leaderID: Int32 = -1
        package var leaderEpoch: Int32 = -1

        package init(leaderID: Int32 = -1, leaderEpoch: Int32 = -1) {
            self.leaderID = leaderID; self.leaderEpoch = leaderEpoch
        }
    }

    /// An element of ``nodeEndpoints``.
    package struct NodeEndpoint: Sendable {
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String?

        package init(nodeID: Int32 = 0, host: String = "", port: Int32 = 0, rack: String? = nil) {
            self.nodeID = nodeID; self.host = host; self.port = port; self.rack = rack
        }
    }
}

extension ProduceResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ProduceResponse", version, 3...12, flexible: 9)
        writer.array(responses, version)
        writer.int32(throttleTimeMs)
        if version >= 9 {
            var tags = writer.tags()
            if version >= 10, !nodeEndpoints.isEmpty {
                writer.begin(0, in: &tags)
                writer.array(nodeEndpoints, version)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
}

extension ProduceResponse.TopicProduceResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitionResponses, version)
        writer.noTags()
    }
}

extension ProduceResponse.PartitionProduceResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(index)
        writer.errorCode(errorCode)
        writer.int64(baseOffset)
        writer.int64(logAppendTimeMs)
        if version >= 5 { writer.int64(logStartOffset) }
        if version >= 8 {
            writer.array(recordErrors, version)
            writer.nullableString(errorMessage)
        }
        if version >= 9 {
            var tags = writer.tags()
            if version >= 10, currentLeader.leaderID != -1 || currentLeader.leaderEpoch != -1 {
                writer.begin(0, in: &tags)
                currentLeader.write(to: &writer, version: version)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
}

extension ProduceResponse.BatchIndexAndErrorMessage: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(batchIndex)
        writer.nullableString(batchIndexErrorMessage)
        writer.noTags()
    }
}

extension ProduceResponse.LeaderIdAndEpoch: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(leaderID)
        writer.int32(leaderEpoch)
        writer.noTags()
    }
}

extension ProduceResponse.NodeEndpoint: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(nodeID)
        writer.string(host)
        writer.int32(port)
        writer.nullableString(rack)
        writer.noTags()
    }
}
