// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's RequestHeader (versions 1-2): what comes before each request.
package struct RequestHeader: Sendable {
    package var requestAPIKey: Int16 = 0
    package var requestAPIVersion: Int16 = 0
    package var correlationID: Int32 = 0
    package var clientID: String? = ""

    package init(
        requestAPIKey: Int16 = 0, requestAPIVersion: Int16 = 0, correlationID: Int32 = 0, clientID: String? = ""
    ) {
        self.requestAPIKey = requestAPIKey; self.requestAPIVersion = requestAPIVersion
        self.correlationID = correlationID; self.clientID = clientID
    }
}

extension RequestHeader: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("RequestHeader", version, 1...2, flexible: 2)
        requestAPIKey = try reader.int16("RequestApiKey")
        requestAPIVersion = try reader.int16("RequestApiVersion")
        correlationID = try reader.int32("CorrelationId")
        clientID = try reader.plainNullableString("ClientId")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}
