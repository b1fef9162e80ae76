// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension FetchRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("FetchRequest", version, 4...12, flexible: 12)
        writer.int32(replicaID)
        writer.int32(maxWaitMs)
        writer.int32(minBytes)
        writer.int32(maxBytes)
        writer.int8(isolationLevel)
        if version >= 7 {
            writer.int32(sessionID)
            writer.int32(sessionEpoch)
        }
        writer.array(topics, version)
        if version >= 7 { writer.array(forgottenTopicsData, version) }
        if version >= 11 { writer.string(rackID) }
        if version >= 12 {
            var tags = writer.tags()
            if clusterID != nil {
                writer.begin(0, in: &tags)
                writer.nullableString(clusterID)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
    package static var versions: ClosedRange<Int16> { 4...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.replicaID = random.int32()
        value.maxWaitMs = random.int32()
        value.minBytes = random.int32()
        value.maxBytes = random.int32()
        value.isolationLevel = random.int8()
        if version >= 7 {
            value.sessionID = random.int32()
            value.sessionEpoch = random.int32()
        }
        value.topics = random.array(version)
        if version >= 7 { value.forgottenTopicsData = random.array(version) }
        if version >= 11 { value.rackID = random.string() }
        if version >= 12, random.bool() { value.clusterID = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.clusterID == right.clusterID, left.replicaID == right.replicaID, left.maxWaitMs == right.maxWaitMs,
            left.minBytes == right.minBytes, left.maxBytes == right.maxBytes,
            left.isolationLevel == right.isolationLevel, left.sessionID == right.sessionID,
            left.sessionEpoch == right.sessionEpoch, left.topics == right.topics,
            left.forgottenTopicsData == right.forgottenTopicsData, left.rackID == right.rackID
         else { return false }
        return true
    }
}

extension FetchRequest.FetchTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.array(partitions, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension FetchRequest.FetchPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(partition)
        if version >= 9 { writer.int32(currentLeaderEpoch) }
        writer.int64(fetchOffset)
        if version >= 12 { writer.int32(lastFetchedEpoch) }
        if version >= 5 { writer.int64(logStartOffset) }
        writer.int32(partitionMaxBytes)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partition = random.int32()
        if version >= 9 { value.currentLeaderEpoch = random.int32() }
        value.fetchOffset = random.int64()
        if version >= 12 { value.lastFetchedEpoch = random.int32() }
        if version >= 5 { value.logStartOffset = random.int64() }
        value.partitionMaxBytes = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partition == right.partition, left.currentLeaderEpoch == right.currentLeaderEpoch,
            left.fetchOffset == right.fetchOffset, left.lastFetchedEpoch == right.lastFetchedEpoch,
            left.logStartOffset == right.logStartOffset, left.partitionMaxBytes == right.partitionMaxBytes
         else { return false }
        return true
    }
}

extension FetchRequest.ForgottenTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.int32s(partitions)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.int32s()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension FetchResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("FetchResponse", version, 4...12, flexible: 12)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        if version >= 7 {
            errorCode = try reader.int16("ErrorCode")
            sessionID = try reader.int32("SessionId")
        }
        responses = try reader.array("Responses", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 4...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        if version >= 7 {
            value.errorCode = random.int16()
            value.sessionID = random.int32()
        }
        value.responses = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.sessionID == right.sessionID, left.responses == right.responses
         else { return false }
        return true
    }
}

extension FetchResponse.FetchableTopicResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        topic = try reader.string("Topic")
        partitions = try reader.array("Partitions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 3 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topic = random.string()
        value.partitions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topic == right.topic, left.partitions == right.partitions else { return false }
        return true
    }
}

extension FetchResponse.PartitionData: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        partitionIndex = try reader.int32("PartitionIndex")
        errorCode = try reader.int16("ErrorCode")
        highWatermark = try reader.int64("HighWatermark")
        lastStableOffset = try reader.int64("LastStableOffset")
        if version >= 5 { logStartOffset = try reader.int64("LogStartOffset") }
        abortedTransactions = try reader.nullableArray("AbortedTransactions", version)
        if version >= 11 { preferredReadReplica = try reader.int32("PreferredReadReplica") }
        records = try reader.nullableBytes("Records")
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0: divergingEpoch = try .init(from: &reader, version: version)
            case 1: currentLeader = try .init(from: &reader, version: version)
            case 2: snapshotID = try .init(from: &reader, version: version)
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 37 : version >= 11 ? 42 : version >= 5 ? 38 : 30 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.partitionIndex = random.int32()
        value.errorCode = random.int16()
        value.highWatermark = random.int64()
        value.lastStableOffset = random.int64()
        if version >= 5 { value.logStartOffset = random.int64() }
        value.abortedTransactions = random.array(version, where: true)
        if version >= 11 { value.preferredReadReplica = random.int32() }
        value.records = random.bytes(where: true)
        if version >= 12, random.bool() { value.divergingEpoch = .arbitrary(&random, version: version) }
        if version >= 12, random.bool() { value.currentLeader = .arbitrary(&random, version: version) }
        if version >= 12, random.bool() { value.snapshotID = .arbitrary(&random, version: version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.partitionIndex == right.partitionIndex, left.errorCode == right.errorCode,
            left.highWatermark == right.highWatermark, left.lastStableOffset == right.lastStableOffset,
            left.logStartOffset == right.logStartOffset, left.divergingEpoch == right.divergingEpoch,
            left.currentLeader == right.currentLeader, left.snapshotID == right.snapshotID,
            left.abortedTransactions == right.abortedTransactions,
            left.preferredReadReplica == right.preferredReadReplica, left.records?.count == right.records?.count
         else { return false }
        return true
    }
}

extension FetchResponse.EpochEndOffset: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        epoch = try reader.int32("Epoch")
        endOffset = try reader.int64("EndOffset")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 13 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.epoch = random.int32()
        value.endOffset = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.epoch == right.epoch, left.endOffset == right.endOffset else { return false }
        return true
    }
}

extension FetchResponse.LeaderIdAndEpoch: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        leaderID = try reader.int32("LeaderId")
        leaderEpoch = try reader.int32("LeaderEpoch")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 9 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.leaderID = random.int32()
        value.leaderEpoch = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.leaderID == right.leaderID, left.leaderEpoch == right.leaderEpoch else { return false }
        return true
    }
}

extension FetchResponse.SnapshotId: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        endOffset = try reader.int64("EndOffset")
        epoch = try reader.int32("Epoch")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 13 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.endOffset = random.int64()
        value.epoch = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.endOffset == right.endOffset, left.epoch == right.epoch else { return false }
        return true
    }
}

extension FetchResponse.AbortedTransaction: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        producerID = try reader.int64("ProducerId")
        firstOffset = try reader.int64("FirstOffset")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 12 ? 17 : 16 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.producerID = random.int64()
        value.firstOffset = random.int64()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.producerID == right.producerID, left.firstOffset == right.firstOffset else { return false }
        return true
    }
}
