// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct StatusCommandTests {
    @Test func `a full disk degrades the server, and nothing but publishing`() throws {
        let server = try RunningServer(["storage.disk_reserve_bytes": "1TiB"])
        let status = server.run("status")
        #expect(status.code == .ok && status.lines.contains { $0.hasPrefix("server") && $0.hasSuffix("degraded") })
        #expect(status.lines.contains { $0.hasPrefix("log ") && $0.hasSuffix("ok") }, "\(status.out)")
        #expect(status.lines.contains { $0.hasPrefix("disk") && $0.contains("less than the reserve") })
        #expect(server.run("publish", "--type", "a").talk.contains("less than the reserve"))
        #expect(server.run("topics", "put", "orders").code == .ok)
    }

    @Test func `what the start after an unclean end did is shown`() throws {
        let first = try RunningServer()
        #expect(first.run("publish", "--type", "a").code == .ok)
        #expect(try JSONValue.parse(first.run("status", "--json").out)["recovery"] == .null)
        let (backup, restored) = (first.folder + "/backup", first.folder + "/restored")
        #expect(first.run("log", "backup", backup, "--data", first.folder + "/data").code == .ok)
        #expect(first.run("log", "restore", backup, "--data", restored).code == .ok)

        let second = try RunningServer(["data": restored])
        let found = try JSONValue.parse(second.run("status", "--json").out)
        #expect(found["status"]?.string == "ok" && found["checks"]?["disk"]?.string == "ok")
        let recovery = try #require(found["recovery"]?.object)
        #expect((recovery["rounds"]?.integer ?? 0) > 0 && recovery["damaged_rounds"]?.integer == 0)
        #expect(second.run("status").out.contains("after an unclean end"))
    }
}
