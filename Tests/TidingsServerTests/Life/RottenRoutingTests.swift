// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

@testable import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct RottenRoutingTests {
    /// Flips a byte in the middle of the file's first batch that holds `text`.
    private func rot(_ path: String, near text: String) throws {
        let file = open(path, O_RDWR)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(file, &bytes, bytes.count, 0)
        let found = try #require(bytes[..<max(0, count)].firstRange(of: Array(text.utf8)))
        let byte = [bytes[found.lowerBound] ^ 0x20]
        #expect(pwrite(file, byte, 1, off_t(found.lowerBound)) == 1)
    }

    @Test func `a rotten record does not stop the start: it is told, seen in quarantine, and can be mended`() throws {
        let folder = try ServerFolder()
        var server = try folder.start()
        var client = PlainClient(port: server.address.port)
        let orders = #"{"types": ["order.*"], "topic": "orders"}"#
        #expect(client.send("PUT", "/v1/routes/orders", json: orders)?.status == 201)
        #expect(
            client.send("PUT", "/v1/routes/bills", json: #"{"types": ["bill.*"], "topic": "bills"}"#)?.status == 201)
        #expect(
            client.send("POST", "/v1/events", json: #"{"event_type": "order.a", "entity_id": "o-1"}"#)?.status == 201)
        server.stop()
        let path = folder.path + "/log/__tidings.routing-0/00000000000000000000.log"
        try rot(path, near: "order.*")

        server = try folder.start()
        defer { server.stop() }
        client = PlainClient(port: server.address.port)
        func json(_ path: String) throws -> JSONValue {
            try JSONValue.parse(try #require(client.send("GET", path)).body)
        }
        #expect(try json("/v1/routes")["items"]?.array?.count == 1, "what can be read is in force")
        let losses = try json("/v1/routing/losses")["items"]?.array ?? []
        #expect(losses.count == 1)
        let ready = try json("/readyz")
        #expect(ready["status"]?.string == "ok" && ready["warnings"]?.array?.count == 2)
        let quarantine = try json("/v1/quarantine")["items"]?[0]
        #expect(quarantine?["topic"]?.string == "__tidings.routing" && quarantine?["partition"]?.integer == 0)
        #expect(quarantine?["entities"]?.array?.contains { $0.string == "routes/orders" } == true)
        #expect(
            client.send("POST", "/v1/events", json: #"{"event_type": "order.a", "entity_id": "o-1"}"#)?.status == 201)

        #expect(client.send("PUT", "/v1/routes/orders", json: orders)?.status == 201)
        #expect(client.send("POST", "/v1/routing/losses/accept", json: "{}")?.status == 200)
        #expect(try json("/v1/routing/losses")["items"]?.array?.isEmpty == true)
        #expect(try json("/readyz")["warnings"]?.array?.count == 1, "the quarantine stays")
        let id = try #require(quarantine?["id"]?.string)
        #expect(client.send("POST", "/v1/quarantine/accept", json: #"{"ids": ["\#(id)"]}"#)?.status == 200)
        #expect(try json("/readyz")["warnings"]?.array == [] && json("/v1/quarantine")["items"]?.array?.count == 1)
        let metrics = try #require(client.send("GET", "/metrics")).text
        #expect(metrics.contains("tidings_log_quarantines 0") && metrics.contains("tidings_log_accepted_quarantines 1"))
    }
}
