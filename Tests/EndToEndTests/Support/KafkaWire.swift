// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

/// Kafka's wire protocol as a client speaks it, request after request.
final class KafkaWire {
    private let client: FrameClient
    private var lastID: Int32 = 0

    init(port: UInt16) throws { client = try #require(FrameClient(port: port)) }

    /// Sends a request and reads its answer and the bytes that its ``MessageBytes`` lie in; `records` is what the places of
    /// the request's count from.
    func ask<Response: ReadableMessage>(
        _ request: some WritableMessage, _ api: APIKey, _ version: Int16, records: [UInt8] = []
    ) throws -> (response: Response, body: [UInt8]) {
        lastID += 1
        var writer = MessageWriter()
        try writer.frame(request, of: api, version: version, correlationID: lastID, clientID: "test")
        let answer = try #require(client.ask(records.withUnsafeBytes { writer.assembled(from: $0) }))
        let body = Array(answer[(4 + Int(api.responseHeaderVersion(version)))...])
        let response = try body.withUnsafeBytes {
            var reader = MessageReader($0)
            return try Response(from: &reader, version: version)
        }
        return (response, body)
    }

    /// Makes a topic of one partition by asking for it.
    func makeTopic(_ name: String) throws {
        let request = MetadataRequest(topics: [.init(name: name)], allowAutoTopicCreation: true)
        let _: (response: MetadataResponse, body: [UInt8]) = try ask(request, .metadata, 4)
    }

    /// Produces records into partition 0 of a topic.
    func produce(
        _ records: [(key: String?, value: String?, headers: [(String, String)])], to topic: String
    ) throws {
        var builder = RecordBatchBuilder()
        for record in records {
            let arrays = record.headers.map { (Array($0.0.utf8), Array($0.1.utf8)) }
            let value = record.value.map { Array($0.utf8) }
            let key = record.key.map { Array($0.utf8) }
            var body = ByteBuffer()
            func field(_ bytes: [UInt8]?) {
                body.append(varint: Int64(bytes?.count ?? -1))
                if let bytes { body.append(bytes) }
            }
            field(key)
            field(value)
            body.append(varint: Int64(arrays.count))
            for (name, value) in arrays {
                field(name)
                field(value)
            }
            _ = builder.add(body: body.bytes, timestamp: WallTime(millis: 1_767_225_600_000))
        }
        let batch = Array(builder.seal(baseOffset: .zero))
        let request = ProduceRequest(
            acks: -1, timeoutMs: 10_000,
            topicData: [
                .init(
                    name: topic, partitionData: [.init(index: 0, records: MessageBytes(place: 0, count: batch.count))])
            ])
        let found: (response: ProduceResponse, body: [UInt8]) = try ask(request, .produce, 9, records: batch)
        let answer = found.response.responses[0].partitionResponses[0]
        try #require(answer.errorCode == 0, "\(answer.errorMessage ?? "")")
    }

    /// The records that lie in partition 0 of a topic, as key, value and headers.
    func fetch(_ topic: String) throws -> [(key: String?, value: String?, headers: [String: String])] {
        let request = FetchRequest(
            maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 1, sessionID: 0, sessionEpoch: -1,
            topics: [
                .init(topic: topic, partitions: [.init(partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20)])
            ])
        let found: (response: FetchResponse, body: [UInt8]) = try ask(request, .fetch, 12)
        let records = found.response.responses[0].partitions[0].records
        return try found.body.withUnsafeBytes { body in
            let bytes = try #require(records).bytes(in: body)
            let owner = SharedBytes(copying: bytes)
            let header = try RecordBatchHeader(verifying: bytes)
            let batch = StoredBatch(
                partition: PartitionID(TopicID(1), 0), baseOffset: Offset(header.baseOffset),
                lastOffset: Offset(header.lastOffset), round: 1, owner: owner, range: 0..<header.totalByteCount)
            return try batch.records().map { record in
                var headers: [String: String] = [:]
                record.forEachHeader { headers[$0.text] = $1?.text }
                return (record.key?.text, record.value?.text, headers)
            }
        }
    }
}
