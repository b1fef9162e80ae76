// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import TidingsCore

/// Kafka's DeleteTopicsRequest (key 20, versions 0-6): deletes topics.
package struct DeleteTopicsRequest: Sendable {
    package var topics: [DeleteTopicState] = []
    package var topicNames: [String] = []
    package var timeoutMs: Int32 = 0

    package init(topics: [DeleteTopicState] = [], topicNames: [String] = [], timeoutMs: Int32 = 0) {
        self.topics = topics; self.topicNames = topicNames; self.timeoutMs = timeoutMs
    }

    /// An element of ``topics``.
    package struct DeleteTopicState: Sendable {
        package var name: String?
        package var topicID: UUID128 = UUID128(high: 0, low: 0)

        package init(name: String? = nil, topicID: UUID128 = UUID128(high: 0, low: 0)) {
            self.name = name; self.topicID = topicID
        }
    }
}

extension DeleteTopicsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DeleteTopicsRequest", version, 0...6, flexible: 4)
        if version >= 6 { topics = try reader.array("Topics", version) }
        if version <= 5 { topicNames = try reader.strings("TopicNames") }
        timeoutMs = try reader.int32("TimeoutMs")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DeleteTopicsRequest.DeleteTopicState: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.nullableString("Name")
        topicID = try reader.uuid("TopicId")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 18 }
}

/// Kafka's DeleteTopicsResponse (key 20, versions 0-6): answers ``DeleteTopicsRequest``.
package struct DeleteTopicsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var responses: [DeletableTopicResult] = []

    package init(throttleTimeMs: Int32 = 0, responses: [DeletableTopicResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.responses = responses
    }

    /// An element of ``responses``.
    package struct DeletableTopicResult: Sendable {
        package var name: String? = ""
        package var topicID: UUID128 = UUID128(high: 0, low: 0)
        package var errorCode: Int16 = 0
        package var errorMessage: String?

        package init(
            name: String? = "", topicID: UUID128 = UUID128(high: 0, low: 0), errorCode: Int16 = 0,
            errorMessage: String? = nil
        ) {
            self.name = name; self.topicID = topicID; self.errorCode = errorCode; self.errorMessage = errorMessage
        }
    }
}

extension DeleteTopicsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteTopicsResponse", version, 0...6, flexible: 4)
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.array(responses, version)
        writer.noTags()
    }
}

extension DeleteTopicsResponse.DeletableTopicResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.nullableString(name, where: version >= 6)
        if version >= 6 { writer.uuid(topicID) }
        writer.errorCode(errorCode)
        if version >= 5 { writer.nullableString(errorMessage) }
        writer.noTags()
    }
}
