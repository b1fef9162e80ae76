// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct PublishCommandTests {
    @Test func `one event is published by flags`() throws {
        let server = try RunningServer()
        let stored = server.run("publish", "--type", "order.created", "-e", "o-17", "--data", #"{"total": 42}"#)
        #expect(stored.code == .ok, "\(stored.talk)")
        #expect(stored.out.hasPrefix("order.created "))
        #expect(stored.out.contains(" is stored in events/"))
        #expect(server.run("publish", "order.created", "--entity", "o-18").code == .ok)
        let json = server.run("publish", "--type=order.paid", "--id", "p-1", "-x", "region=eu", "--json")
        #expect(try JSONValue.parse(json.out)["id"]?.string == "p-1")
    }

    @Test func `lines, files and folders are published, and what is refused is named with its place`() throws {
        let server = try RunningServer()
        let lines = try server.file(
            "in/a.ndjson",
            """
            {"event_type": "a", "entity_id": "1"}

            {"specversion": "1.0", "type": "b", "source": "/b", "id": "b-1"}
            {"entity_id": "no type"}
            not json
            {"event_type": "c"}
            """)
        _ = try server.file("in/b.json", "[\n {\"event_type\": \"d\",\n \"data\": [1,\n2]}, {\"event_type\": \"e\"}\n]")
        _ = try server.file("in/c.json", "{\n  \"event_type\": \"f\"\n}")
        _ = try server.file("in/.hidden.json", "{}")
        _ = try server.file("in/readme.txt", "no events")
        let one = server.run("publish", lines, "--json")
        #expect(one.code == .failure)
        #expect(one.talk.contains("a.ndjson:4: refused: "))
        #expect(one.talk.contains("a.ndjson:5: refused: "))
        #expect(
            one.talk.hasSuffix("published 3 events, 2 refused")
                || one.talk.contains("published 3 events, 2 refused, in"))
        let results = try one.lines.map { try JSONValue.parse($0) }
        #expect(results.count == 5)
        #expect(results[1]["id"]?.string == "b-1")
        let all = server.run("publish", server.folder + "/in")
        #expect(all.talk.contains("published 6 events, 2 refused"))
    }

    @Test func `files may be the data of events of one type`() throws {
        let server = try RunningServer()
        let path = try server.file("in/body.json", "{\n \"action\": \"opened\"\n}")
        let outcome = server.run("publish", "--type", "com.github.issues", "--entity", "octo/repo", path)
        #expect(outcome.code == .ok, "\(outcome.talk)")
        #expect(outcome.talk == "published 1 event\n")
        // Not JSON alone, but JSON with members of its own inside the envelope.
        let sly = try server.file("sly.json", #"1, "entity_id": "another""#)
        let refused = server.run("publish", "--type", "com.github.issues", sly, path)
        #expect(refused.code == .failure)
        #expect(refused.talk.contains("sly.json: refused: the file is not JSON: "))
        #expect(refused.talk.contains("published 1 event, 1 refused"))
    }

    @Test func `many events go in batches and keep their order`() throws {
        let server = try RunningServer()
        let lines = (0..<1_234).map { #"{"event_type": "n", "entity_id": "same", "event_id": "\#($0)"}"# }
        let path = try server.file("many.jsonl", lines.joined(separator: "\n"))
        let outcome = server.run("publish", path, "--json")
        #expect(outcome.code == .ok, "\(outcome.talk)")
        let offsets = try outcome.lines.map { try JSONValue.parse($0)["offset"]?.integer }
        #expect(offsets == (0..<1_234).map { $0 })
    }

    @Test(arguments: [
        (["publish"], ExitCode.usage), (["publish", "--entity", "x"], .usage),
        (["publish", "/no/such/file"], .notFound), (["publish", "order.created"], .notFound),
        (["publish", "--type", "x", "--data", "{total: 42}"], .usage),
        (["publish", "--type", "x", "--extension", "bad"], .usage),
        (["publish", "--type", "x", "--id", "1", "file"], .usage),
        (["publish", "--type", "x", "--server", "http://127.0.0.1:1"], .unreachable),
        (["publish", "--type", "x", "--server", "https://127.0.0.1:1"], .usage),
        (["publish", "--type", "x", "--server", "not a server"], .usage),
    ])
    func `what cannot be published has its exit code`(_ words: [String], _ code: ExitCode) {
        let outcome = RunningServer.run(words, server: "http://127.0.0.1:1")
        #expect(outcome.code == code, "\(outcome.talk)")
        #expect(outcome.talk.hasPrefix("tidings: "))
    }

    @Test func `a refusal names field and rule`() throws {
        let server = try RunningServer()
        let outcome = server.run("publish", "--type", "x", "--time", "yesterday")
        #expect(outcome.code == .failure)
        #expect(outcome.talk.contains("/time: rfc3339, found \"yesterday\""), "\(outcome.talk)")
    }

    @Test func `events are still there after a restart`() throws {
        let server = try RunningServer()
        #expect(server.run("publish", "--type", "a", "-e", "1").code == .ok)
        try server.restart()
        let again = server.run("publish", "--type", "a", "-e", "1", "--json")
        #expect(try JSONValue.parse(again.out)["offset"]?.integer == 1)
    }
}
