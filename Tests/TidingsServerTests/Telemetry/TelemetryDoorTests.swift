// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

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
    }
}

extension JSONValue {
    fileprivate func at(_ first: String, _ second: String) -> String? { self[first]?[second]?.string }
}
