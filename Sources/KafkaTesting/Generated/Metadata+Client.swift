// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension MetadataRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("MetadataRequest", version, 0...12, flexible: 9)
        writer.nullableArray(topics, version, where: version >= 1)
        if version >= 4 { writer.bool(allowAutoTopicCreation) }
        if version >= 8 && version <= 10 { writer.bool(includeClusterAuthorizedOperations) }
        if version >= 8 { writer.bool(includeTopicAuthorizedOperations) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.array(version, where: version >= 1)
        if version >= 4 { value.allowAutoTopicCreation = random.bool() }
        if version >= 8 && version <= 10 { value.includeClusterAuthorizedOperations = random.bool() }
        if version >= 8 { value.includeTopicAuthorizedOperations = random.bool() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topics == right.topics, left.allowAutoTopicCreation == right.allowAutoTopicCreation,
            left.includeClusterAuthorizedOperations == right.includeClusterAuthorizedOperations,
            left.includeTopicAuthorizedOperations == right.includeTopicAuthorizedOperations
         else { return false }
        return true
    }
}

extension MetadataRequest.MetadataRequestTopic: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        if version >= 10 { writer.uuid(topicID) }
        writer.nullableString(name, where: version >= 10)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 10 { value.topicID = random.uuid() }
        value.name = random.string(where: version >= 10)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.topicID == right.topicID, left.name == right.name else { return false }
        return true
    }
}

extension MetadataResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("MetadataResponse", version, 0...12, flexible: 9)
        if version >= 3 { throttleTimeMs = try reader.int32("ThrottleTimeMs") }
        brokers = try reader.array("Brokers", version)
        if version >= 2 { clusterID = try reader.nullableString("ClusterId") }
        if version >= 1 { controllerID = try reader.int32("ControllerId") }
        topics = try reader.array("Topics", version)
        if version >= 8 && version <= 10 {
            clusterAuthorizedOperations = try reader.int32("ClusterAuthorizedOperations")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...12 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        if version >= 3 { value.throttleTimeMs = random.int32() }
        value.brokers = random.array(version)
        if version >= 2 { value.clusterID = random.string(where: true) }
        if version >= 1 { value.controllerID = random.int32() }
        value.topics = random.array(version)
        if version >= 8 && version <= 10 { value.clusterAuthorizedOperations = random.int32() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.brokers == right.brokers,
            left.clusterID == right.clusterID, left.controllerID == right.controllerID, left.topics == right.topics,
            left.clusterAuthorizedOperations == right.clusterAuthorizedOperations
         else { return false }
        return true
    }
}

extension MetadataResponse.MetadataResponseBroker: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        nodeID = try reader.int32("NodeId")
        host = try reader.string("Host")
        port = try reader.int32("Port")
        if version >= 1 { rack = try reader.nullableString("Rack") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 11 : version >= 1 ? 12 : 10 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.nodeID = random.int32()
        value.host = random.string()
        value.port = random.int32()
        if version >= 1 { value.rack = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.nodeID == right.nodeID, left.host == right.host, left.port == right.port, left.rack == right.rack
         else { return false }
        return true
    }
}

extension MetadataResponse.MetadataResponseTopic: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        name = try reader.nullableString("Name", where: version >= 12)
        if version >= 10 { topicID = try reader.uuid("TopicId") }
        if version >= 1 { isInternal = try reader.bool("IsInternal") }
        partitions = try reader.array("Partitions", version)
        if version >= 8 { topicAuthorizedOperations = try reader.int32("TopicAuthorizedOperations") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 10 ? 26 : version >= 9 ? 10 : version >= 8 ? 13 : version >= 1 ? 9 : 8 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.name = random.string(where: version >= 12)
        if version >= 10 { value.topicID = random.uuid() }
        if version >= 1 { value.isInternal = random.bool() }
        value.partitions = random.array(version)
        if version >= 8 { value.topicAuthorizedOperations = random.int32() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.name == right.name, left.topicID == right.topicID,
            left.isInternal == right.isInternal, left.partitions == right.partitions,
            left.topicAuthorizedOperations == right.topicAuthorizedOperations
         else { return false }
        return true
    }
}

extension MetadataResponse.MetadataResponsePartition: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        errorCode = try reader.int16("ErrorCode")
        partitionIndex = try reader.int32("PartitionIndex")
        leaderID = try reader.int32("LeaderId")
        if version >= 7 { leaderEpoch = try reader.int32("LeaderEpoch") }
        replicaNodes = try reader.int32s("ReplicaNodes")
        isrNodes = try reader.int32s("IsrNodes")
        if version >= 5 { offlineReplicas = try reader.int32s("OfflineReplicas") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 9 ? 18 : version >= 7 ? 26 : version >= 5 ? 22 : 18 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.errorCode = random.int16()
        value.partitionIndex = random.int32()
        value.leaderID = random.int32()
        if version >= 7 { value.leaderEpoch = random.int32() }
        value.replicaNodes = random.int32s()
        value.isrNodes = random.int32s()
        if version >= 5 { value.offlineReplicas = random.int32s() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.errorCode == right.errorCode, left.partitionIndex == right.partitionIndex,
            left.leaderID == right.leaderID, left.leaderEpoch == right.leaderEpoch,
            left.replicaNodes == right.replicaNodes, left.isrNodes == right.isrNodes,
            left.offlineReplicas == right.offlineReplicas
         else { return false }
        return true
    }
}
