// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeClusterRequest (key 60, versions 0-1): tells the brokers of the cluster.
package struct DescribeClusterRequest: Sendable {
    package var includeClusterAuthorizedOperations: Bool = false
    package var endpointType: Int8 = 1

    package init(includeClusterAuthorizedOperations: Bool = false, endpointType: Int8 = 1) {
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations; self.endpointType = endpointType
    }
}

extension DescribeClusterRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeClusterRequest", version, 0...1, flexible: 0)
        includeClusterAuthorizedOperations = try reader.bool("IncludeClusterAuthorizedOperations")
        if version >= 1 { endpointType = try reader.int8("EndpointType") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's DescribeClusterResponse (key 60, versions 0-1): answers ``DescribeClusterRequest``.
package struct DescribeClusterResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String?
    package var endpointType: Int8 = 1
    package var clusterID: String = ""
    package var controllerID: Int32 = -1
    package var brokers: [DescribeClusterBroker] = []
    package var clusterAuthorizedOperations: Int32 = -2147483648

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = nil, endpointType: Int8 = 1,
        clusterID: String = "", controllerID: Int32 = -1, brokers: [DescribeClusterBroker] = [],
        clusterAuthorizedOperations: Int32 = -2147483648
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.errorMessage = errorMessage
        self.endpointType = endpointType; self.clusterID = clusterID; self.controllerID = controllerID
        self.brokers = brokers; self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }

    /// An element of ``brokers``.
    package struct DescribeClusterBroker: Sendable {
        package var brokerID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String?

        package init(brokerID: Int32 = 0, host: String = "", port: Int32 = 0, rack: String? = nil) {
            self.brokerID = brokerID; self.host = host; self.port = port; self.rack = rack
        }
    }
}

extension DescribeClusterResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeClusterResponse", version, 0...1, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        if version >= 1 { writer.int8(endpointType) }
        writer.string(clusterID)
        writer.int32(controllerID)
        writer.array(brokers, version)
        writer.int32(clusterAuthorizedOperations)
        writer.noTags()
    }
}

extension DescribeClusterResponse.DescribeClusterBroker: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int32(brokerID)
        writer.string(host)
        writer.int32(port)
        writer.nullableString(rack)
        writer.noTags()
    }
}
