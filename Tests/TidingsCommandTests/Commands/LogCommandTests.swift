// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct LogCommandTests {
    @Test func `a folder is looked into and judged while its server runs and after it stopped`() throws {
        let server = try RunningServer()
        for entity in ["1", "2", "3"] {
            #expect(server.run("publish", "--type", "order.created", "-e", entity, "-d", "1").code == .ok)
        }
        try server.restart()
        let data = server.folder + "/data"
        let partitions = server.run("log", "dump", "--data", data)
        #expect(partitions.code == .ok, "\(partitions.talk)")
        #expect(partitions.out.contains("log/events-3"), "\(partitions.out)")
        let records = server.run("log", "dump", "events", "--data", data)
        #expect(records.lines.count == 3, "\(records.out)\(records.talk)")
        #expect(records.lines.allSatisfy { $0.contains("  order.created ") })
        let json = server.run("log", "dump", "events", "--data", data, "--limit", "1", "--json")
        #expect(try JSONValue.parse(json.out)["value_base64"]?.string == "MQ==")
        func dump(_ options: String...) -> [String] {
            RunningServer.run(["log", "dump", "events", "--data", data] + options, server: server.url).lines
        }
        #expect(dump("--key", "2").count == 1)
        #expect(dump("--key", "4").isEmpty)
        #expect(dump("--since", "2020-01-01T00:00:00Z").count == 3)
        #expect(dump("--until", "2020-01-01T00:00:00Z").isEmpty)
        #expect(dump("--offset", "0", "--to", "0").allSatisfy { $0.contains("/0  ") })
        let full = dump("--key", "1", "--full")
        #expect(full.contains("    ce_type: order.created") && full.last == "    1", "\(full)")
        let batches = try dump("--batches", "--json").map { try JSONValue.parse($0) }
        #expect(
            !batches.isEmpty && batches.allSatisfy { $0["codec"]?.string == "none" && $0["readable"] == .bool(true) })
        #expect(batches.reduce(0) { $0 + ($1["records"]?.integer ?? 0) } == 3)
        #expect(dump("--batches", "--key", "3").count == 1)
        #expect(server.run("log", "dump", "events", "--data", data, "--since", "noon").code == .usage)
        #expect(server.run("log", "dump", "nothing", "--data", data).code == .notFound)
        #expect(server.run("log", "dump", "--rounds", "--data", data).code == .ok)
        let verified = server.run("log", "verify", "--data", data)
        #expect(verified.code == .ok, "\(verified.out)\(verified.talk)")
    }

    @Test func `what is no data folder is named, and not made`() throws {
        #expect(RunningServer.run(["log", "verify", "--data", "/tmp/no-such-folder"], server: "").code == .notFound)
        #expect(RunningServer.run(["log", "verify", "--data", "/usr"], server: "").code == .failure)
    }
}
