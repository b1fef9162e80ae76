// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension ConsumerProtocolSubscription: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ConsumerProtocolSubscription", version, 0...3, flexible: .max)
        writer.strings(topics)
        writer.nullableBytes(userData)
        if version >= 1 { writer.array(ownedPartitions, version) }
        if version >= 2 { writer.int32(generationID) }
        if version >= 3 { writer.nullableString(rackID) }
    }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.topics = random.strings()
        value.userData = random.bytes(where: true)
        if version >= 1 { value.ownedPartitions = random.array(version) }
        if version >= 2 { value.generationID = random.int32() }
        if version >= 3 { value.rackID = random.string(where: true) }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.topics == right.topics, left.userData?.count == right.userData?.count,
            left.ownedPartitions == right.ownedPartitions, left.generationID == right.generationID,
            left.rackID == right.rackID
         else { return false }
        return true
    }
}

extension ConsumerProtocolSubscription.TopicPartition: WritableMessage, TestableMessage {
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
