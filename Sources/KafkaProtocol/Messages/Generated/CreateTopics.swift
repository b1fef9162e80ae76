// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import TidingsCore

/// Kafka's CreateTopicsRequest (key 19, versions 0-7): creates topics.
package struct CreateTopicsRequest: Sendable {
    package var topics: [CreatableTopic] = []
    package var timeoutMs: Int32 = 60000
    package var validateOnly: Bool = false

    package init(topics: [CreatableTopic] = [], timeoutMs: Int32 = 60000, validateOnly: Bool = false) {
        self.topics = topics; self.timeoutMs = timeoutMs; self.validateOnly = validateOnly
    }

    /// An element of ``topics``.
    package struct CreatableTopic: Sendable {
        package var name: String = ""
        package var numPartitions: Int32 = 0
        package var replicationFactor: Int16 = 0
        package var assignments: [CreatableReplicaAssignment] = []
        package var configs: [CreatableTopicConfig] = []

        package init(
            name: String = "", numPartitions: Int32 = 0, replicationFactor: Int16 = 0,
            assignments: [CreatableReplicaAssignment] = [], configs: [CreatableTopicConfig] = []
        ) {
            self.name = name; self.numPartitions = numPartitions; self.replicationFactor = replicationFactor
            self.assignments = assignments; self.configs = configs
        }
    }

    /// An element of ``assignments``.
    package struct CreatableReplicaAssignment: Sendable {
        package var partitionIndex: Int32 = 0
        package var brokerIDs: [Int32] = []

        package init(partitionIndex: Int32 = 0, brokerIDs: [Int32] = []) {
            self.partitionIndex = partitionIndex; self.brokerIDs = brokerIDs
        }
    }

    /// An element of ``configs``.
    package struct CreatableTopicConfig: Sendable {
        package var name: String = ""
        package var value: String? = ""

        package init(name: String = "", value: String? = "") {
            self.name = name; self.value = value
        }
    }
}

extension CreateTopicsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("CreateTopicsRequest", version, 0...7, flexible: 5)
        topics = try reader.array("Topics", version)
        timeoutMs = try reader.int32("timeoutMs")
        if version >= 1 { validateOnly = try reader.bool("validateOnly") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension CreateTopicsRequest.CreatableTopic: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        numPartitions = try reader.int32("NumPartitions")
        replicationFactor = try reader.int16("ReplicationFactor")
        assignments = try reader.array("Assignments", version)
        configs = try reader.array("Configs", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 10 : 16 }
}

extension CreateTopicsRequest.CreatableReplicaAssignment: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        partitionIndex = try reader.int32("PartitionIndex")
        brokerIDs = try reader.int32s("BrokerIds")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 6 : 8 }
}

extension CreateTopicsRequest.CreatableTopicConfig: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        value = try reader.nullableString("Value")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 5 ? 3 : 4 }
}

/// Kafka's CreateTopicsResponse (key 19, versions 0-7): answers ``CreateTopicsRequest``.
package struct CreateTopicsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var topics: [CreatableTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, topics: [CreatableTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.topics = topics
    }

    /// An element of ``topics``.
    package struct CreatableTopicResult: Sendable {
        package var name: String = ""
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var topicConfigErrorCode: Int16 = 0
        package var numPartitions: Int32 = -1
        package var replicationFactor: Int16 = -1
        package var configs: [CreatableTopicConfigs]? = []

        package init(
            name: String = "", topicID: UUID128 = UUID128(high: 0, low: 0), errorCode: Int16 = 0,
            errorMessage: String? = "", topicConfigErrorCode: Int16 = 0, numPartitions: Int32 = -1,
            replicationFactor: Int16 = -1, configs: [CreatableTopicConfigs]? = []
        ) {
            self.name = name; self.topicID = topicID; self.errorCode = errorCode; self.errorMessage = errorMessage
            self.topicConfigErrorCode = topicConfigErrorCode; self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor; self.configs = configs
        }
    }

    /// An element of ``configs``.
    package struct CreatableTopicConfigs: Sendable {
        package var name: String = ""
        package var value: String? = ""
        package var readOnly: Bool = false
        package var configSource: Int8 = -1
        package var isSensitive: Bool = false

        package init(
            name: String = "", value: String? = "", readOnly: Bool = false, configSource: Int8 = -1,
            isSensitive: Bool = false
        ) {
            self.name = name; self.value = value; self.readOnly = readOnly; self.configSource = configSource
            self.isSensitive = isSensitive
        }
    }
}

extension CreateTopicsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreateTopicsResponse", version, 0...7, flexible: 5)
        if version >= 2 { writer.int32(throttleTimeMs) }
        writer.array(topics, version)
        writer.noTags()
    }
}

extension CreateTopicsResponse.CreatableTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        if version >= 7 { writer.uuid(topicID) }
        writer.errorCode(errorCode)
        if version >= 1 { writer.nullableString(errorMessage) }
        if version >= 5 {
            writer.int32(numPartitions)
            writer.int16(replicationFactor)
            writer.nullableArray(configs, version)
        }
        if version >= 5 {
            var tags = writer.tags()
            if topicConfigErrorCode != 0 {
                writer.begin(0, in: &tags)
                writer.int16(topicConfigErrorCode)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
}

extension CreateTopicsResponse.CreatableTopicConfigs: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.nullableString(value)
        writer.bool(readOnly)
        writer.int8(configSource)
        writer.bool(isSensitive)
        writer.noTags()
    }
}
