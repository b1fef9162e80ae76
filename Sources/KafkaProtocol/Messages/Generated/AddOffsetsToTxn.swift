// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's AddOffsetsToTxnRequest (key 25, versions 0-4): makes a group's offsets part of a transaction.
package struct AddOffsetsToTxnRequest: Sendable {
    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var groupID: String = ""

    package init(transactionalID: String = "", producerID: Int64 = 0, producerEpoch: Int16 = 0, groupID: String = "") {
        self.transactionalID = transactionalID; self.producerID = producerID; self.producerEpoch = producerEpoch
        self.groupID = groupID
    }
}

extension AddOffsetsToTxnRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("AddOffsetsToTxnRequest", version, 0...4, flexible: 3)
        transactionalID = try reader.string("TransactionalId")
        producerID = try reader.int64("ProducerId")
        producerEpoch = try reader.int16("ProducerEpoch")
        groupID = try reader.string("GroupId")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's AddOffsetsToTxnResponse (key 25, versions 0-4): answers ``AddOffsetsToTxnRequest``.
package struct AddOffsetsToTxnResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode
    }
}

extension AddOffsetsToTxnResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AddOffsetsToTxnResponse", version, 0...4, flexible: 3)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.noTags()
    }
}
