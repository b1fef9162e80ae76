// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's InitProducerIdRequest (key 22, versions 0-5): gives a producer its id and epoch.
package struct InitProducerIdRequest: Sendable {
    package var transactionalID: String? = ""
    package var transactionTimeoutMs: Int32 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init(
        transactionalID: String? = "", transactionTimeoutMs: Int32 = 0, producerID: Int64 = -1,
        producerEpoch: Int16 = -1
    ) {
        self.transactionalID = transactionalID; self.transactionTimeoutMs = transactionTimeoutMs
        self.producerID = producerID; self.producerEpoch = producerEpoch
    }
}

extension InitProducerIdRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("InitProducerIdRequest", version, 0...5, flexible: 2)
        transactionalID = try reader.nullableString("TransactionalId")
        transactionTimeoutMs = try reader.int32("TransactionTimeoutMs")
        if version >= 3 {
            producerID = try reader.int64("ProducerId")
            producerEpoch = try reader.int16("ProducerEpoch")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's InitProducerIdResponse (key 22, versions 0-5): answers ``InitProducerIdRequest``.
package struct InitProducerIdResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = 0

    package init(throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, producerID: Int64 = -1, producerEpoch: Int16 = 0) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.producerID = producerID
        self.producerEpoch = producerEpoch
    }
}

extension InitProducerIdResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("InitProducerIdResponse", version, 0...5, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.noTags()
    }
}
