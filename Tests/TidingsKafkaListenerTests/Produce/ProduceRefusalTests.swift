// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct ProduceRefusalTests {
    private static func batch(_ records: [(key: String?, millis: Int64)], codec: RecordCodec = .none) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for record in records {
            var body = ByteBuffer()
            Array("value".utf8).withUnsafeBytes { value in
                guard let key = record.key else { return EventRecord.encodeBody(key: nil, value: value, into: &body) }
                Array(key.utf8).withUnsafeBytes { EventRecord.encodeBody(key: $0, value: value, into: &body) }
            }
            _ = builder.add(body: body.bytes, timestamp: WallTime(millis: record.millis))
        }
        return Array(builder.seal(baseOffset: .zero, codec: codec))
    }

    private static func refusal(
        _ batch: [UInt8], _ code: LogError.Code, _ change: (inout TopicSettings) -> Void
    ) -> ProduceRefusal {
        var topic = TopicSettings()
        change(&topic)
        return batch.withUnsafeBytes {
            ProduceRefusal(of: $0, LogError(code, "no"), topic, at: WallTime(millis: 10_000))
        }
    }

    @Test(arguments: [RecordCodec.none, .gzip])
    func `records to blame are named`(_ codec: RecordCodec) {
        let keyless = Self.refusal(
            Self.batch([("a", 1), (nil, 1), ("b", 1), (nil, 1)], codec: codec), .invalidSetting
        ) { $0.cleanup = [.compact, .delete] }
        #expect(keyless.code == .invalidRecord && keyless.records.map(\.batchIndex) == [1, 3])
        let early = Self.refusal(
            Self.batch([(nil, 9_000), (nil, 8_999), (nil, 11_500), (nil, 11_501), (nil, -1)], codec: codec),
            .invalidTimestamp
        ) {
            $0.timestampPast = .milliseconds(1_000)
            $0.timestampFuture = .milliseconds(1_500)
        }
        #expect(early.code == .invalidTimestamp && early.records.map(\.batchIndex) == [1, 3])
        let many = Self.refusal(
            Self.batch(Array(repeating: (nil, 1), count: 1_500), codec: codec), .invalidSetting
        ) { $0.cleanup = .compact }
        #expect(many.records.count == ProduceRefusal.namedRecords)
        let other = Self.refusal(Self.batch([(nil, 1)]), .recordTooLarge) { $0.cleanup = .compact }
        #expect(other.code == .messageTooLarge && other.records.isEmpty)
    }

    @Test func `a client is told which records are to blame, from version 8 on`() throws {
        let bench = BrokerBench()
        var topic = TopicSettings()
        topic.cleanup = .compact
        bench.log.makeTopic(TopicName("a")!, partitions: 1, settings: topic)
        let client = bench.connect()
        bench.log.refusal = LogError(.invalidSetting, "a record without a key")
        for version in [Int16(7), 8, 12] {
            let answer = client.produce(Self.batch([("k", 1), (nil, 1)]), to: "a", version: version)
            #expect(answer?.errorCode == ErrorCode.invalidRecord.rawValue && answer?.baseOffset == -1)
            #expect(answer?.recordErrors.map(\.batchIndex) == (version >= 8 ? [1] : []))
        }
        bench.log.refusal = nil
        #expect(client.produce(Self.batch([("k", 1)]), to: "a")?.baseOffset == 0)
    }
}
