// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ConsumerProtocolSubscription (versions 0-3): what a consumer tells its group: the metadata of a JoinGroup request.
package struct ConsumerProtocolSubscription: Sendable {
    package var topics: [String] = []
    package var userData: MessageBytes?
    package var ownedPartitions: [TopicPartition] = []
    package var generationID: Int32 = -1
    package var rackID: String?

    package init(
        topics: [String] = [], userData: MessageBytes? = nil, ownedPartitions: [TopicPartition] = [],
        generationID: Int32 = -1, rackID: String? = nil
    ) {
        self.topics = topics; self.userData = userData; self.ownedPartitions = ownedPartitions
        self.generationID = generationID; self.rackID = rackID
    }

    /// An element of ``ownedPartitions``.
    package struct TopicPartition: Sendable {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init(topic: String = "", partitions: [Int32] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }
}

extension ConsumerProtocolSubscription: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ConsumerProtocolSubscription", version, 0...3, flexible: .max)
        topics = try reader.strings("Topics")
        userData = try reader.nullableBytes("UserData")
        if version >= 1 { ownedPartitions = try reader.array("OwnedPartitions", version) }
        if version >= 2 { generationID = try reader.int32("GenerationId") }
        if version >= 3 { rackID = try reader.nullableString("RackId") }
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension ConsumerProtocolSubscription.TopicPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.int32s("Partitions")
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
}
