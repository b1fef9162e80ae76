// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct KafkaMeterTests {
    @Test func `requests, bytes, errors and closed connections are counted`() throws {
        let bench = BrokerBench()
        let client = bench.connect()
        #expect(client.produce(BrokerBench.batch(["a"]), to: "none")?.errorCode != 0)
        client.send(HeartbeatRequest(groupID: "g", memberID: "m"), .heartbeat, 4)
        client.send(DeleteGroupsRequest(groupsNames: ["g"]), .deleteGroups, 2)
        _ = client.answers()
        // No request has so few bytes.
        client.stream.receive([0, 0, 0, 2, 1, 1])
        _ = client.answers()
        var text = ByteBuffer()
        bench.metrics.expose(into: &text)
        let lines = text.text().split(separator: "\n")
        func value(_ series: String) -> String? {
            lines.first { $0.hasPrefix(series + " ") }.map { String($0.dropFirst(series.count + 1)) }
        }
        #expect(value(#"tidings_kafka_request_seconds_count{api="Produce"}"#) == "1", "\(lines)")
        #expect(value(#"tidings_kafka_request_seconds_count{api="Heartbeat"}"#) == "1")
        #expect(value(#"tidings_kafka_errors_total{error="UNKNOWN_TOPIC_OR_PARTITION"}"#) == "1")
        #expect(value(#"tidings_kafka_errors_total{error="UNKNOWN_MEMBER_ID"}"#) == "1")
        #expect(value(#"tidings_kafka_errors_total{error="GROUP_ID_NOT_FOUND"}"#) == "1")
        #expect(value("tidings_kafka_refused_connections_total") == "1")
        #expect((Int(value("tidings_kafka_received_bytes_total") ?? "") ?? 0) > 100)
    }
}
