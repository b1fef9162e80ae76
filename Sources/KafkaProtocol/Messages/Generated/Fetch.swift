// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's FetchRequest (key 1, versions 4-12): reads batches of partitions, waiting for some if asked.
package struct FetchRequest: Sendable {
    package var clusterID: String?
    package var replicaID: Int32 = -1
    package var maxWaitMs: Int32 = 0
    package var minBytes: Int32 = 0
    package var maxBytes: Int32 = 0x7fffffff
    package var isolationLevel: Int8 = 0
    package var sessionID: Int32 = 0
    package var sessionEpoch: Int32 = -1
    package var topics: [FetchTopic] = []
    package var forgottenTopicsData: [ForgottenTopic] = []
    package var rackID: String = ""

    package init(
        clusterID: String? = nil, replicaID: Int32 = -1, maxWaitMs: Int32 = 0, minBytes: Int32 = 0,
        maxBytes: Int32 = 0x7fffffff, isolationLevel: Int8 = 0, sessionID: Int32 = 0, sessionEpoch: Int32 = -1,
        topics: [FetchTopic] = [], forgottenTopicsData: [ForgottenTopic] = [], rackID: String = ""
    ) {
        self.clusterID = clusterID; self.replicaID = replicaID; self.maxWaitMs = maxWaitMs; self.minBytes = minBytes
        self.maxBytes = maxBytes; self.isolationLevel = isolationLevel; self.sessionID = sessionID
        self.sessionEpoch = sessionEpoch; self.topics = topics; self.forgottenTopicsData = forgottenTopicsData
        self.rackID = rackID
    }

    /// An element of ``topics``.
    package struct FetchTopic: Sendable {
        package var topic: String = ""
        package var partitions: [FetchPartition] = []

        package init(topic: String = "", partitions: [FetchPartition] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct FetchPartition: Sendable {
        package var partition: Int32 = 0
        package var currentLeaderEpoch: Int32 = -1
        package var fetchOffset: Int64 = 0
        package var lastFetchedEpoch: Int32 = -1
        package var logStartOffset: Int64 = -1
        package var partitionMaxBytes: Int32 = 0

        package init(
            partition: Int32 = 0, currentLeaderEpoch: Int32 = -1, fetchOffset: Int64 = 0, lastFetchedEpoch: Int32 = -1,
            logStartOffset: Int64 = -1, partitionMaxBytes: Int32 = 0
        ) {
            self.partition = partition; self.currentLeaderEpoch = currentLeaderEpoch; self.fetchOffset = fetchOffset
            self.lastFetchedEpoch = lastFetchedEpoch; self.logStartOffset = logStartOffset
            self.partitionMaxBytes = partitionMaxBytes
        }
    }

    /// An element of ``forgottenTopicsData``.
    package struct ForgottenTopic: Sendable {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init(topic: String = "", partitions: [Int32] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }
}

extension FetchRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("FetchRequest", version, 4...12, flexible: 12)
        replicaID = try reader.int32("ReplicaId")
        maxWaitMs = try reader.int32("MaxWaitMs")
        minBytes = try reader.int32("MinBytes")
        maxBytes = try reader.int32("MaxBytes")
        isolationLevel = try reader.int8("IsolationLevel")
        if version >= 7 {
            sessionID = try reader.int32("SessionId")
            sessionEpoch = try reader.int32("SessionEpoch")
        }
        topics = try reader.array("Topics", version)
        if version >= 7 { forgottenTopicsData = try reader.array("ForgottenTopicsData", version) }
        if version >= 11 { rackID = try reader.string("RackId") }
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0: clusterID = try reader.nullableString("ClusterId")
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension FetchRequest.FetchTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 3 : 6 }
}

extension FetchRequest.FetchPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partition = try reader.int32("Partition")
        if version >= 9 { currentLeaderEpoch = try reader.int32("CurrentLeaderEpoch") }
        fetchOffset = try reader.int64("FetchOffset")
        if version >= 12 { lastFetchedEpoch = try reader.int32("LastFetchedEpoch") }
        if version >= 5 { logStartOffset = try reader.int64("LogStartOffset") }
        partitionMaxBytes = try reader.int32("PartitionMaxBytes")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 33 : version >= 9 ? 28 : version >= 5 ? 24 : 16 }
}

extension FetchRequest.ForgottenTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.int32s("Partitions")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 3 : 6 }
}

/// Kafka's FetchResponse (key 1, versions 4-12): answers ``FetchRequest``.
package struct FetchResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var sessionID: Int32 = 0
    package var responses: [FetchableTopicResponse] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, sessionID: Int32 = 0, responses: [FetchableTopicResponse] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.sessionID = sessionID
        self.responses = responses
    }

    /// An element of ``responses``.
    package struct FetchableTopicResponse: Sendable {
        package var topic: String = ""
        package var partitions: [PartitionData] = []

        package init(topic: String = "", partitions: [PartitionData] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }

    /// An element of ``partitions``.
    package struct PartitionData: Sendable {
        package var partitionIndex: Int32 = 0
        package var errorCode: Int16 = 0
        package var highWatermark: Int64 = 0
        package var lastStableOffset: Int64 = -1
        package var logStartOffset: Int64 = -1
        package var divergingEpoch: EpochEndOffset = EpochEndOffset()
        package var currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch()
        package var snapshotID: SnapshotId = SnapshotId()
        package var abortedTransactions: [AbortedTransaction]? = []
        package var preferredReadReplica: Int32 = -1
        package var records: MessageBytes?

        package init(
            partitionIndex: Int32 = 0, errorCode: Int16 = 0, highWatermark: Int64 = 0, lastStableOffset: Int64 = -1,
            logStartOffset: Int64 = -1, divergingEpoch: EpochEndOffset = EpochEndOffset(),
            currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch(), snapshotID: SnapshotId = SnapshotId(),
            abortedTransactions: [AbortedTransaction]? = [], preferredReadReplica: Int32 = -1, records: MessageBytes? = nil
        ) {
            self.partitionIndex = partitionIndex; self.errorCode = errorCode; self.highWatermark = highWatermark
            self.lastStableOffset = lastStableOffset; self.logStartOffset = logStartOffset
            self.divergingEpoch = divergingEpoch; self.currentLeader = currentLeader; self.snapshotID = snapshotID
            self.abortedTransactions = abortedTransactions; self.preferredReadReplica = preferredReadReplica
            self.records = records
        }
    }

    /// The value of ``divergingEpoch``.
    package struct EpochEndOffset: Sendable {
        package var epoch: Int32 = -1
        package var endOffset: Int64 = -1

        package init(epoch: Int32 = -1, endOffset: Int64 = -1) {
            self.epoch = epoch; self.endOffset = endOffset
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

    /// The value of ``snapshotID``.
    package struct SnapshotId: Sendable {
        package var endOffset: Int64 = -1
        package var epoch: Int32 = -1

        package init(endOffset: Int64 = -1, epoch: Int32 = -1) {
            self.endOffset = endOffset; self.epoch = epoch
        }
    }

    /// An element of ``abortedTransactions``.
    package struct AbortedTransaction: Sendable {
        package var producerID: Int64 = 0
        package var firstOffset: Int64 = 0

        package init(producerID: Int64 = 0, firstOffset: Int64 = 0) {
            self.producerID = producerID; self.firstOffset = firstOffset
        }
    }
}

extension FetchResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("FetchResponse", version, 4...12, flexible: 12)
        writer.int32(throttleTimeMs)
        if version >= 7 {
            writer.errorCode(errorCode)
            writer.int32(sessionID)
        }
        writer.array(responses, version)
        writer.noTags()
    }
}

extension FetchResponse.FetchableTopicResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.array(partitions, version)
        writer.noTags()
    }
}

extension FetchResponse.PartitionData: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partitionIndex)
        writer.errorCode(errorCode)
        writer.int64(highWatermark)
        writer.int64(lastStableOffset)
        if version >= 5 { writer.int64(logStartOffset) }
        writer.nullableArray(abortedTransactions, version)
        if version >= 11 { writer.int32(preferredReadReplica) }
        writer.nullableBytes(records)
        if version >= 12 {
            var tags = writer.tags()
            if divergingEpoch.epoch != -1 || divergingEpoch.endOffset != -1 {
                writer.begin(0, in: &tags)
                divergingEpoch.write(to: &writer, version: version)
                writer.finish(tags)
            }
            if currentLeader.leaderID != -1 || currentLeader.leaderEpoch != -1 {
                writer.begin(1, in: &tags)
                currentLeader.write(to: &writer, version: version)
                writer.finish(tags)
            }
            if snapshotID.endOffset != -1 || snapshotID.epoch != -1 {
                writer.begin(2, in: &tags)
                snapshotID.write(to: &writer, version: version)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
}

extension FetchResponse.EpochEndOffset: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(epoch)
        writer.int64(endOffset)
        writer.noTags()
    }
}

extension FetchResponse.LeaderIdAndEpoch: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(leaderID)
        writer.int32(leaderEpoch)
        writer.noTags()
    }
}

extension FetchResponse.SnapshotId: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int64(endOffset)
        writer.int32(epoch)
        writer.noTags()
    }
}

extension FetchResponse.AbortedTransaction: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int64(producerID)
        writer.int64(firstOffset)
        writer.noTags()
    }
}
