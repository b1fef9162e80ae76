// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ConsumerProtocolAssignment (versions 0-3): what a consumer is told to read: the assignment of a SyncGroup response.
package struct ConsumerProtocolAssignment: Sendable {
    package var assignedPartitions: [TopicPartition] = []
    package var userData: MessageBytes?

    package init(assignedPartitions: [TopicPartition] = [], userData: MessageBytes? = nil) {
        self.assignedPartitions = assignedPartitions; self.userData = userData
    }

    /// An element of ``assignedPartitions``.
    package struct TopicPartition: Sendable {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init(topic: String = "", partitions: [Int32] = []) {
            self.topic = topic; self.partitions = partitions
        }
    }
}

extension ConsumerProtocolAssignment: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ConsumerProtocolAssignment", version, 0...3, flexible: .max)
        assignedPartitions = try reader.array("AssignedPartitions", version)
        userData = try reader.nullableBytes("UserData")
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension ConsumerProtocolAssignment.TopicPartition: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        topic = try reader.string("Topic")
        partitions = try reader.int32s("Partitions")
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
}
