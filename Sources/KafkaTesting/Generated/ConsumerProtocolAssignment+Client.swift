// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ConsumerProtocolAssignment: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerProtocolAssignment", version, 0...3, flexible: .max)
        writer.array(assignedPartitions, version)
        writer.nullableBytes(userData)
    }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.assignedPartitions = random.array(version)
        value.userData = random.bytes(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.assignedPartitions == right.assignedPartitions, left.userData?.count == right.userData?.count
         else { return false }
        return true
    }
}

extension ConsumerProtocolAssignment.TopicPartition: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(topic)
        writer.int32s(partitions)
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
