// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

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
        #expect(dump("--since", "-1h").count == 3 && dump("--until", "-1h").isEmpty)
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

    @Test func `a backup is verified and restored; a folder inside the other one is refused`() throws {
        let server = try RunningServer()
        let (data, backup) = (server.folder + "/data", server.folder + "/backup")
        #expect(server.run("publish", "--type", "order.created", "-e", "1", "-d", "1").code == .ok)
        #expect(server.run("log", "backup", backup, "--data", data).code == .ok)
        let whole = server.run("log", "verify", backup)
        #expect(whole.code == .ok && whole.talk.contains("The backup is whole."), "\(whole.out)\(whole.talk)")
        for inside in [data, data + "/", data + "/b", data + "/../data/b/c", data + "/log"] {
            #expect(server.run("log", "backup", inside, "--data", data).code == .usage, "\(inside)")
        }
        for inside in [backup, backup + "/restored/data"] {
            #expect(server.run("log", "restore", backup, "--data", inside).code == .usage, "\(inside)")
        }
        #expect(server.run("log", "verify", data + "/b").code == .notFound, "nothing was made")
        _ = try server.file("backup/files/1/format", "rotten")
        let rotten = server.run("log", "verify", backup, "--json")
        #expect(rotten.code == .failure && rotten.out.contains("files/1/format"), "\(rotten.out)\(rotten.talk)")
        let restored = server.folder + "/restored"
        let refused = server.run("log", "restore", backup, "--data", restored)
        #expect(refused.code == .failure && refused.talk.contains("files/1/format"), "\(refused.talk)")
        #expect(server.run("log", "backup", backup, "--data", data, "--check").code == .ok)
        #expect(server.run("log", "restore", backup, "--data", restored).code == .ok)
        #expect(server.run("log", "verify", restored).code == .ok)
    }

    @Test func `a damaged range is shown with its first and last offset, the same wherever it is shown`() throws {
        let server = try RunningServer()
        for number in 1...3 {
            #expect(server.run("publish", "--type", "order.created", "-e", "1", "-d", "\(number)").code == .ok)
        }
        let stored = try JSONValue.parse(server.run("topics", "events", "events", "--json").out)["items"]?[0]
        let partition = try #require(stored?["partition"]?.integer)
        try server.restart {
            let path = server.folder + "/data/log/events-\(partition)/00000000000000000000.log"
            let file = try #require(fopen(path, "r+"))
            defer { fclose(file) }
            // In the first of three batches.
            fseek(file, 100, SEEK_SET)
            fputs("rot", file)
        }
        let shown = server.run("topics", "events", "events")
        #expect(shown.lines.contains { $0.contains("damaged: offsets 0 to 0 cannot be read") }, "\(shown.out)")
        #expect(shown.lines.count { $0.contains("order.created") } == 2)
        let listed = try JSONValue.parse(server.run("quarantine", "list", "--json").out)["items"]?[0]
        #expect(listed?["from"]?.integer == 0 && listed?["to"]?.integer == 0)
        #expect(server.run("publish", "--type", "order.created", "-e", "1", "-d", "4").code == .ok)
        try server.restart()
        let verified = server.run("log", "verify", "--data", server.folder + "/data")
        #expect(verified.out.contains("set aside before (offsets 0 to 0)"), "\(verified.out)")
    }

    @Test func `what is no data folder is named, and not made`() throws {
        #expect(RunningServer.run(["log", "verify", "--data", "/tmp/no-such-folder"], server: "").code == .notFound)
        #expect(RunningServer.run(["log", "verify", "--data", "/usr"], server: "").code == .failure)
    }
}
