// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

@testable import TidingsServer

@Suite struct TelemetryDoorTests {
    @Test func `those who watch see that it lives, is ready, and what it counts`() throws {
        let folder = try ServerFolder()
        let server = try folder.start()
        defer { server.stop() }
        let client = PlainClient(port: server.address.port)
        #expect(client.send("GET", "/livez")?.status == 200)
        let ready = try #require(client.send("GET", "/readyz"))
        #expect(ready.status == 200)
        #expect(try JSONValue.parse(ready.body).at("checks", "log") == "ok")
        #expect(try JSONValue.parse(ready.body)["recovery"] == .null)
        #expect(client.send("POST", "/v1/events", json: #"{"event_type": "a"}"#)?.status == 201)
        let metrics = try #require(client.send("GET", "/metrics"))
        #expect(metrics[header: "content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        for sample in [
            "tidings_build_info{version=\"\(TidingsVersion.text)\"} 1", "tidings_published_events_total 1",
            "# TYPE process_cpu_seconds_total counter", "process_start_time_seconds ", "tidings_log_",
        ] {
            #expect(metrics.text.contains(sample), "\(sample)")
        }
        let names = metrics.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
            $0.split(separator: " ")[2]
        }
        #expect(Set(names).count == names.count)
        // Routes nobody asked for and histograms of nothing are not shown.
        #expect(metrics.text.utf8.count < 32_768, "\(metrics.text.utf8.count)")
        #expect(metrics.text.contains("tidings_partition_end_offset{topic=\"events\",partition="))
    }

    @Test func `what is relaxed is shown wherever the server is looked at`() throws {
        let folder = try ServerFolder()
        let server = try folder.start()
        defer { server.stop() }
        let client = PlainClient(port: server.address.port)
        let ready = try #require(client.send("GET", "/readyz"))
        #expect(try JSONValue.parse(ready.body)["warnings"]?.array == [])
        #expect(client.send("PUT", "/v1/topics/fast", json: #"{"durability": "os"}"#)?.status == 201)
        let warned = try JSONValue.parse(try #require(client.send("GET", "/readyz")).body)
        #expect(warned["status"]?.string == "ok" && warned["warnings"]?[0]?.string?.contains("fast (os)") == true)
        let metrics = try #require(client.send("GET", "/metrics")).text
        #expect(
            metrics.contains(
                #"tidings_topic_info{topic="fast",partitions="4",durability="os",relaxed="true"} 1"#))
    }

    @Test func `partitions beyond the limit are counted, not shown`() throws {
        let clock = ManualClock()
        let loop = SimulatedLoop(clock: clock)
        let log = InMemoryEventLog()
        let topic = log.makeTopic(TopicName("a")!, partitions: 3)
        let gauges = PartitionGauges(log, most: 2)
        gauges.start(on: loop)
        clock.runUntilIdle()
        var buffer = AppendBuffer()
        for partition in topic.partitions {
            buffer.add(to: partition, at: clock.wall) { EventRecord.encodeBody(key: nil, value: nil, into: &$0) }
        }
        try log.session(on: loop).append(&buffer) { _ in }
        clock.advance(by: .seconds(60))
        var text = ByteBuffer()
        gauges.expose(into: &text)
        let lines = text.text().split(separator: "\n")
        #expect(lines.contains(#"tidings_partition_end_offset{topic="a",partition="1"} 1"#))
        #expect(!lines.contains { $0.contains(#"partition="2""#) })
        #expect(lines.contains("tidings_partitions_not_shown 1"))
        #expect(lines.contains { $0.hasPrefix(#"tidings_topic_bytes{topic="a"} "#) })
        #expect(lines.contains(#"tidings_partition_oldest_record_age_seconds{topic="a",partition="0"} 60"#))
    }
}

extension JSONValue {
    fileprivate func at(_ first: String, _ second: String) -> String? { self[first]?[second]?.string }
}
