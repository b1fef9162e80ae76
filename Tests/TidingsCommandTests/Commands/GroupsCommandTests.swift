// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct GroupsCommandTests {
    @Test func `a group is placed, watched, moved and deleted, before any client came`() throws {
        let server = try RunningServer(["kafka.listen": "127.0.0.1:0"])
        #expect(server.run("groups").talk.contains("There are none"))
        #expect(server.run("topics", "put", "orders", "--partitions", "2").code == .ok)
        for _ in 0..<4 { _ = server.run("publish", "--type", "order.created", "--entity", "o-1") }
        #expect(server.run("routes").code == .ok)
        #expect(server.run("groups", "reset", "billing", "--to-earliest").code == .notFound)

        let dry = server.run("groups", "reset", "billing", "--to-earliest", "--topic", "events")
        #expect(dry.code == .ok && dry.talk.contains("--execute"), "\(dry.talk)")
        #expect(server.run("groups", "get", "billing").code == .notFound)
        #expect(server.run("groups", "reset", "billing", "--to-earliest", "--topic", "events", "--execute").code == .ok)
        let listed = server.run("groups", "list", "--json")
        let group = try #require(try JSONValue.parse(listed.out)["items"]?.array?.first)
        #expect(group["name"]?.string == "billing" && group["state"]?.string == "empty")
        #expect(group["lag"]?.integer == 4 && group["topics"]?.array?.count == 1, "\(listed.out)")
        let shown = server.run("groups", "describe", "billing")
        #expect(shown.lines.contains { $0.hasPrefix("events") && $0.contains(" 4 ") }, "\(shown.out)")
        #expect(server.run("readers").lines.contains { $0.hasPrefix("group") && $0.contains("billing") })
        #expect(server.run("topics", "get", "events").out.contains("billing"))

        #expect(server.run("groups", "reset", "billing", "--shift=2", "--topic", "events:0,x").code == .usage)
        #expect(server.run("groups", "reset", "billing", "--to-latest", "--shift=2").code == .usage)
        #expect(server.run("groups", "reset", "billing", "--to-latest", "--execute").code == .ok)
        let metrics = String(
            decoding: try HTTPAPIClient(server.url).call(APIRequest(["metrics"])).body, as: UTF8.self)
        #expect(metrics.contains(#"tidings_group_lag_records{group="billing",topic="events"} 0"#), "\(metrics)")
        #expect(metrics.contains("tidings_kafka_connections 0"))
        // What was committed survives a restart.
        try server.restart()
        let after = try JSONValue.parse(server.run("groups", "get", "billing", "--json").out)
        #expect(after["lag"]?.integer == 0 && after["oldest_age"] == .null, "\(after.text)")
        #expect(server.run("groups", "delete-offsets", "billing", "events", "--yes").code == .ok)
        #expect(server.run("groups", "reset", "billing", "--to-latest", "--topic", "orders:1", "--execute").code == .ok)
        #expect(server.run("groups", "delete", "billing", "--yes").code == .ok)
        #expect(server.run("groups", "get", "billing").code == .notFound)
    }

    @Test func `without a Kafka listener it is said how to get one`() throws {
        let server = try RunningServer()
        let listed = server.run("groups")
        #expect(listed.code == .conflict && listed.talk.contains("--kafka"))
        #expect(server.run("readers").talk.contains("There are none"))
    }
}
