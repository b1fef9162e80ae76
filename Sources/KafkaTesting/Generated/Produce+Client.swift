// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ProduceRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ProduceRequest", version, 3...12, flexible: 9)
        writer.nullableString(transactionalID)
        writer.int16(acks)
        writer.int32(timeoutMs)
        writer.array(topicData, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 3...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.transactionalID = random.string(where: true)
        value.acks = random.int16()
        value.timeoutMs = random.int32()
        value.topicData = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.transactionalID == right.transactionalID, left.acks == right.acks, left.timeoutMs == right.timeoutMs,
            left.topicData == right.topicData
         else { return false }
        return true
    }
}

extension ProduceRequest.TopicProduceData: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.array(partitionData, version)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitionData = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitionData == right.partitionData else { return false }
        return true
    }
}

extension ProduceRequest.PartitionProduceData: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(index)
        writer.nullableBytes(records)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.index = random.int32()
        value.records = random.bytes(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.index == right.index, left.records?.count == right.records?.count else { return false }
        return true
    }
}

extension ProduceResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("ProduceResponse", version, 3...12, flexible: 9)
        responses = try reader.array("Responses", version)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0 where version >= 10: nodeEndpoints = try reader.array("NodeEndpoints", version)
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 3...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.responses = random.array(version)
        value.throttleTimeMs = random.int32()
        if version >= 10, random.bool() { value.nodeEndpoints = random.array(version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.responses == right.responses, left.throttleTimeMs == right.throttleTimeMs,
            left.nodeEndpoints == right.nodeEndpoints
         else { return false }
        return true
    }
}

extension ProduceResponse.TopicProduceResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        name = try reader.string("Name")
        partitionResponses = try reader.array("PartitionResponses", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 3 : 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.partitionResponses = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.partitionResponses == right.partitionResponses else { return false }
        return true
    }
}

extension ProduceResponse.PartitionProduceResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        index = try reader.int32("Index")
        errorCode = try reader.int16("ErrorCode")
        baseOffset = try reader.int64("BaseOffset")
        logAppendTimeMs = try reader.int64("LogAppendTimeMs")
        if version >= 5 { logStartOffset = try reader.int64("LogStartOffset") }
        if version >= 8 {
            recordErrors = try reader.array("RecordErrors", version)
            errorMessage = try reader.nullableString("ErrorMessage")
        }
        var tags = try reader.tags()
        while let tag = try reader.next(&tags) {
            switch tag {
            case 0 where version >= 10: currentLeader = try .init(from: &reader, version: version)
            default: reader.skipTag()
            }
            try reader.finish(tags)
        }
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 33 : version >= 8 ? 36 : version >= 5 ? 30 : 22 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.index = random.int32()
        value.errorCode = random.int16()
        value.baseOffset = random.int64()
        value.logAppendTimeMs = random.int64()
        if version >= 5 { value.logStartOffset = random.int64() }
        if version >= 8 {
            value.recordErrors = random.array(version)
            value.errorMessage = random.string(where: true)
        }
        if version >= 10, random.bool() { value.currentLeader = .arbitrary(&random, version: version) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.index == right.index, left.errorCode == right.errorCode, left.baseOffset == right.baseOffset,
            left.logAppendTimeMs == right.logAppendTimeMs, left.logStartOffset == right.logStartOffset,
            left.recordErrors == right.recordErrors, left.errorMessage == right.errorMessage,
            left.currentLeader == right.currentLeader
         else { return false }
        return true
    }
}

extension ProduceResponse.BatchIndexAndErrorMessage: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        batchIndex = try reader.int32("BatchIndex")
        batchIndexErrorMessage = try reader.nullableString("BatchIndexErrorMessage")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.batchIndex = random.int32()
        value.batchIndexErrorMessage = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.batchIndex == right.batchIndex, left.batchIndexErrorMessage == right.batchIndexErrorMessage
         else { return false }
        return true
    }
}

extension ProduceResponse.LeaderIdAndEpoch: ReadableMessage, TestableMessage {
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

extension ProduceResponse.NodeEndpoint: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        nodeID = try reader.int32("NodeId")
        host = try reader.string("Host")
        port = try reader.int32("Port")
        rack = try reader.nullableString("Rack")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 11 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.nodeID = random.int32()
        value.host = random.string()
        value.port = random.int32()
        value.rack = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.nodeID == right.nodeID, left.host == right.host, left.port == right.port, left.rack == right.rack
         else { return false }
        return true
    }
}
