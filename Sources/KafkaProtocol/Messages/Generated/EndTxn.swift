// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's EndTxnRequest (key 26, versions 0-5): commits or aborts a transaction.
package struct EndTxnRequest: Sendable {
    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var committed: Bool = false

    package init(
        transactionalID: String = "", producerID: Int64 = 0, producerEpoch: Int16 = 0, committed: Bool = false
    ) {
        self.transactionalID = transactionalID; self.producerID = producerID; self.producerEpoch = producerEpoch
        self.committed = committed
    }
}

extension EndTxnRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("EndTxnRequest", version, 0...5, flexible: 3)
        transactionalID = try reader.string("TransactionalId")
        producerID = try reader.int64("ProducerId")
        producerEpoch = try reader.int16("ProducerEpoch")
        committed = try reader.bool("Committed")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's EndTxnResponse (key 26, versions 0-5): answers ``EndTxnRequest``.
package struct EndTxnResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, producerID: Int64 = -1, producerEpoch: Int16 = -1) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.producerID = producerID
        self.producerEpoch = producerEpoch
    }
}

extension EndTxnResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("EndTxnResponse", version, 0...5, flexible: 3)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        if version >= 5 {
            writer.int64(producerID)
            writer.int16(producerEpoch)
        }
        writer.noTags()
    }
}
