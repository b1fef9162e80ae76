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
