// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeClusterRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeClusterRequest", version, 0...1, flexible: 0)
        writer.bool(includeClusterAuthorizedOperations)
        if version >= 1 { writer.int8(endpointType) }
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.includeClusterAuthorizedOperations = random.bool()
        if version >= 1 { value.endpointType = random.int8() }
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.includeClusterAuthorizedOperations == right.includeClusterAuthorizedOperations,
            left.endpointType == right.endpointType
         else { return false }
        return true
    }
}

extension DescribeClusterResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeClusterResponse", version, 0...1, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        if version >= 1 { endpointType = try reader.int8("EndpointType") }
        clusterID = try reader.string("ClusterId")
        controllerID = try reader.int32("ControllerId")
        brokers = try reader.array("Brokers", version)
        clusterAuthorizedOperations = try reader.int32("ClusterAuthorizedOperations")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        if version >= 1 { value.endpointType = random.int8() }
        value.clusterID = random.string()
        value.controllerID = random.int32()
        value.brokers = random.array(version)
        value.clusterAuthorizedOperations = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.endpointType == right.endpointType,
            left.clusterID == right.clusterID, left.controllerID == right.controllerID, left.brokers == right.brokers,
            left.clusterAuthorizedOperations == right.clusterAuthorizedOperations
         else { return false }
        return true
    }
}

extension DescribeClusterResponse.DescribeClusterBroker: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        brokerID = try reader.int32("BrokerId")
        host = try reader.string("Host")
        port = try reader.int32("Port")
        rack = try reader.nullableString("Rack")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 11 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.brokerID = random.int32()
        value.host = random.string()
        value.port = random.int32()
        value.rack = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.brokerID == right.brokerID, left.host == right.host, left.port == right.port, left.rack == right.rack
         else { return false }
        return true
    }
}
