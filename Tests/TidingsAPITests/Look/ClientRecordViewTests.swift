// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

/// Pages and the live tail show the records of Kafka's clients as events.
@Suite struct ClientRecordViewTests {
    @Test func `records without an event's headers are seen as events, and as they lie`() throws {
        let harness = try DoorHarness()
        let topic = harness.log.makeTopic(TopicName("orders")!, partitions: 1)
        let session = harness.log.session(on: harness.loop)
        let tail = harness.open(
            "GET /v1/events/stream?from=beginning&types=orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for (key, value) in [("o-17", #"{"total":42}"#), ("o-18", "hello"), ("o-17", nil)] {
            var builder = RecordBatchBuilder()
            var body = ByteBuffer()
            [UInt8](key.utf8).withUnsafeBytes { key in
                guard let value else { return EventRecord.encodeBody(key: key, value: nil, into: &body) }
                [UInt8](value.utf8).withUnsafeBytes { EventRecord.encodeBody(key: key, value: $0, into: &body) }
            }
            _ = builder.add(body: body.bytes, timestamp: WallTime(millis: 1_767_225_600_000))
            let batch = Array(builder.seal(baseOffset: .zero))
            _ = try batch.withUnsafeBytes { try session.append(batch: $0, to: topic.partitions[0]) { _ in } }
        }
        harness.clock.advance(by: .seconds(1))

        func events(_ query: String = "") -> [String] {
            let page = harness.send("GET", "/v1/topics/orders/events\(query)")
            return (page.json["items"]?.array ?? []).compactMap { $0["event"]?["id"]?.string }
        }
        #expect(events() == ["orders-0-0", "orders-0-1", "orders-0-2"])
        #expect(
            events("?entity=o-17&type=ord*") == ["orders-0-0", "orders-0-2"] && events("?id=orders-0-1").count == 1)
        #expect(events("?until=2026-01-01T00:00:00Z").isEmpty && events("?since=2026-01-01T00:00:00Z").count == 3)
        let sent = tail.take()
        #expect(sent.contains("event: orders\n") && sent.contains(#""data":"hello"}"#))
        #expect(sent.split(separator: "\n").count { $0.hasPrefix("data:") } == 3)

        let path = "/v1/topics/orders/partitions/0/events/0"
        let event = harness.send("GET", path).json
        #expect(event["subject"]?.string == "o-17" && event["source"]?.string == "/topics/orders")
        let record = harness.send("GET", path + "?as=record").json
        #expect(record["headers"]?.array?.isEmpty == true && record["key"]?.string == "by0xNw==")
    }
}
