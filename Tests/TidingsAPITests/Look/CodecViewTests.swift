// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

/// Pages and the live tail show the events of Kafka's clients, whatever they compress with.
@Suite struct CodecViewTests {
    @Test
    func `events are seen whatever their batch is compressed with, and a batch that cannot be read hides no other`()
        throws
    {
        let harness = try DoorHarness()
        let session = harness.log.session(on: harness.loop)
        harness.publish(
            #"{"event_type":"t","event_id":"e","entity_id":"k","data":{"text":"again and again and again"}}"#)
        let topic = try #require(harness.log.topics[TopicName("events")!])
        let partition = try #require(topic.partitions.first { harness.log.bounds(of: $0)!.end > .zero })
        let body = try Array(#require(harness.log.batches(of: partition).first?.records().first).body)
        let tail = harness.open("GET /v1/events/stream?from=beginning HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for codec in RecordCodec.allCases {
            var builder = RecordBatchBuilder()
            for _ in 0..<20 {
                body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: harness.clock.wall) }
            }
            var batch = Array(builder.seal(baseOffset: .zero, codec: codec))
            #expect(batch[22] == UInt8(codec.rawValue))
            _ = try batch.withUnsafeBytes { try session.append(batch: $0, to: partition) { _ in } }
            // The same with a stream that is none, and a checksum that says nothing of it.
            if codec == RecordCodec.none { continue }
            for at in RecordBatchHeader.byteCount..<RecordBatchHeader.byteCount + 20 { batch[at] ^= 0xFF }
            batch.withUnsafeMutableBytes { RecordBatchHeader.stamp($0, appendTime: harness.clock.wall) }
            _ = try batch.withUnsafeBytes { try session.append(batch: $0, to: partition) { _ in } }
        }
        harness.clock.advance(by: .seconds(1))
        #expect(tail.take().split(separator: "\n").count { $0.hasPrefix("data:") && $0.contains("\"e\"") } == 101)
        let page = harness.send("GET", "/v1/topics/events/events?limit=1000")
        let items = page.json["items"]?.array ?? []
        #expect(items.count { $0["event"]?["id"]?.string == "e" } == 101)
        #expect(items.count { $0["unreadable"] != nil } == 4)
        let path = "/v1/topics/events/partitions/\(partition.index)/events/"
        #expect(harness.send("GET", path + "50").status == 404)
        for offset in [0, 20, 30, 70] { #expect(harness.send("GET", path + "\(offset)").status == 200) }
    }
}
