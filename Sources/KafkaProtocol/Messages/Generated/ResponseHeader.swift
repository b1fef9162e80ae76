// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ResponseHeader (versions 0-1): what comes before each response.
package struct ResponseHeader: Sendable {
    package var correlationID: Int32 = 0

    package init(correlationID: Int32 = 0) {
        self.correlationID = correlationID
    }
}

extension ResponseHeader: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ResponseHeader", version, 0...1, flexible: 1)
        writer.int32(correlationID)
        writer.noTags()
    }
}
