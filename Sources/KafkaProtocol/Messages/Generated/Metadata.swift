// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import TidingsCore

/// Kafka's MetadataRequest (key 3, versions 0-12): tells brokers, topics and partitions.
package struct MetadataRequest: Sendable {
    package var topics: [MetadataRequestTopic]? = []
    package var allowAutoTopicCreation: Bool = true
    package var includeClusterAuthorizedOperations: Bool = false
    package var includeTopicAuthorizedOperations: Bool = false

    package init(
        topics: [MetadataRequestTopic]? = [], allowAutoTopicCreation: Bool = true,
        includeClusterAuthorizedOperations: Bool = false, includeTopicAuthorizedOperations: Bool = false
    ) {
        self.topics = topics; self.allowAutoTopicCreation = allowAutoTopicCreation
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.includeTopicAuthorizedOperations = includeTopicAuthorizedOperations
    }

    /// An element of ``topics``.
    package struct MetadataRequestTopic: Sendable {
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var name: String? = ""

        package init(topicID: UUID128 = UUID128(high: 0, low: 0), name: String? = "") {
            self.topicID = topicID; self.name = name
        }
    }
}

extension MetadataRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("MetadataRequest", version, 0...12, flexible: 9)
        topics = try reader.nullableArray("Topics", version, where: version >= 1)
        if version >= 4 { allowAutoTopicCreation = try reader.bool("AllowAutoTopicCreation") }
        if version >= 8 && version <= 10 {
            includeClusterAuthorizedOperations = try reader.bool("IncludeClusterAuthorizedOperations")
        }
        if version >= 8 {
            includeTopicAuthorizedOperations = try reader.bool("IncludeTopicAuthorizedOperations")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension MetadataRequest.MetadataRequestTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        if version >= 10 { topicID = try reader.uuid("TopicId") }
        name = try reader.nullableString("Name", where: version >= 10)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 10 ? 18 : 2 }
}

/// Kafka's MetadataResponse (key 3, versions 0-12): answers ``MetadataRequest``.
package struct MetadataResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var brokers: [MetadataResponseBroker] = []
    package var clusterID: String?
    package var controllerID: Int32 = -1
    package var topics: [MetadataResponseTopic] = []
    package var clusterAuthorizedOperations: Int32 = -2147483648

    package init(
        throttleTimeMs: Int32 = 0, brokers: [MetadataResponseBroker] = [], clusterID: String? = nil,
        controllerID: Int32 = -1, topics: [MetadataResponseTopic] = [], clusterAuthorizedOperations: Int32 = -2147483648
    ) {
        self.throttleTimeMs = throttleTimeMs; self.brokers = brokers; self.clusterID = clusterID
        self.controllerID = controllerID; self.topics = topics
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }

    /// An element of ``brokers``.
    package struct MetadataResponseBroker: Sendable {
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String?

        package init(nodeID: Int32 = 0, host: String = "", port: Int32 = 0, rack: String? = nil) {
            self.nodeID = nodeID; self.host = host; self.port = port; self.rack = rack
        }
    }

    /// An element of ``topics``.
    package struct MetadataResponseTopic: Sendable {
        package var errorCode: Int16 = 0
        package var name: String? = ""
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var isInternal: Bool = false
        package var partitions: [MetadataResponsePartition] = []
        package var topicAuthorizedOperations: Int32 = -2147483648

        package init(
            errorCode: Int16 = 0, name: String? = "", topicID: UUID128 = UUID128(high: 0, low: 0), isInternal: Bool = false,
            partitions: [MetadataResponsePartition] = [], topicAuthorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode; self.name = name; self.topicID = topicID; self.isInternal = isInternal
            self.partitions = partitions; self.topicAuthorizedOperations = topicAuthorizedOperations
        }
    }

    /// An element of ``partitions``.
    package struct MetadataResponsePartition: Sendable {
        package var errorCode: Int16 = 0
        package var partitionIndex: Int32 = 0
        package var leaderID: Int32 = 0
        package var leaderEpoch: Int32 = -1
        package var replicaNodes: [Int32] = []
        package var isrNodes: [Int32] = []
        package var offlineReplicas: [Int32] = []

        package init(
            errorCode: Int16 = 0, partitionIndex: Int32 = 0, leaderID: Int32 = 0, leaderEpoch: Int32 = -1,
            replicaNodes: [Int32] = [], isrNodes: [Int32] = [], offlineReplicas: [Int32] = []
        ) {
            self.errorCode = errorCode; self.partitionIndex = partitionIndex; self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch; self.replicaNodes = replicaNodes; self.isrNodes = isrNodes
            self.offlineReplicas = offlineReplicas
        }
    }
}

extension MetadataResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("MetadataResponse", version, 0...12, flexible: 9)
        if version >= 3 { writer.int32(throttleTimeMs) }
        writer.array(brokers, version)
        if version >= 2 { writer.nullableString(clusterID) }
        if version >= 1 { writer.int32(controllerID) }
        writer.array(topics, version)
        if version >= 8 && version <= 10 { writer.int32(clusterAuthorizedOperations) }
        writer.noTags()
    }
}

extension MetadataResponse.MetadataResponseBroker: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(nodeID)
        writer.string(host)
        writer.int32(port)
        if version >= 1 { writer.nullableString(rack) }
        writer.noTags()
    }
}

extension MetadataResponse.MetadataResponseTopic: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(name, where: version >= 12)
        if version >= 10 { writer.uuid(topicID) }
        if version >= 1 { writer.bool(isInternal) }
        writer.array(partitions, version)
        if version >= 8 { writer.int32(topicAuthorizedOperations) }
        writer.noTags()
    }
}

extension MetadataResponse.MetadataResponsePartition: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.int32(partitionIndex)
        writer.int32(leaderID)
        if version >= 7 { writer.int32(leaderEpoch) }
        writer.int32s(replicaNodes)
        writer.int32s(isrNodes)
        if version >= 5 { writer.int32s(offlineReplicas) }
        writer.noTags()
    }
}
