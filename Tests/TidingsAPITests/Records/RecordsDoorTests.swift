// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

@Suite struct RecordsDoorTests {
    private func harness(_ settings: (inout TopicSettings) -> Void = { _ in }) throws -> DoorHarness {
        let harness = try DoorHarness()
        var wanted = TopicSettings()
        settings(&wanted)
        harness.log.session(on: harness.loop).createTopic(TopicName("raw")!, partitions: 3, settings: wanted) { _ in }
        harness.clock.runUntilIdle()
        return harness
    }

    private let path = "/v1/topics/raw/records"

    @Test func `what is written is read as it was, text or not, and can be written again`() throws {
        let harness = try harness()
        let records = #"""
            {"records": [{"key": "a", "value": "x\u0000\n", "headers": [{"name": "h", "value": "v"}, {"name": "n"}]},
             {"key_base64": "/w==", "value_base64": "gIE=", "headers": [{"name": "b", "value_base64": "/w=="}]},
             {"key": "", "value": null}, {"value": "", "partition": 2.0, "timestamp": "2026-01-02T03:04:05.678Z"}]}
            """#
        let stored = harness.send("POST", path, records)
        #expect(stored.status == 201 && stored.json["records"]?.array?.count == 4, "\(stored.body)")
        let read = harness.send("GET", path).json
        #expect(read["at_end"]?.bool == true)
        func bare(_ items: [JSONValue]) -> Set<String> {
            Set(
                items.map { item in
                    JSONValue.object(
                        JSONObject(
                            (item.object?.members ?? []).filter {
                                $0.name != "offset" && ($0.name != "timestamp" || item["partition"]?.integer == 2)
                            }.map { ($0.name, $0.value) })
                    ).text
                })
        }
        let items = read["items"]?.array ?? []
        let texts = bare(items)
        #expect(texts.contains { $0.contains(#""key_base64":"/w==","value_base64":"gIE=""#) }, "\(texts)")
        #expect(texts.contains { $0.contains(#""value":"x\u0000\n""#) && $0.contains(#"{"name":"n","value":null}"#) })
        #expect(texts.contains { $0.contains(#""key":"","value":null"#) })
        #expect(texts.contains { $0.contains("03:04:05.678") && $0.contains(#""key":null,"value":"""#) })
        // Once more, less what the log gives.
        let again = items.map { item in
            JSONValue.object(
                JSONObject((item.object?.members ?? []).filter { $0.name != "offset" }.map { ($0.name, $0.value) })
            ).text
        }
        let copied = harness.send("POST", path, #"{"records": [\#(again.joined(separator: ","))]}"#)
        #expect(copied.status == 201, "\(copied.body)")
        let next = try #require(read["positions"]?.string)
        let copies = harness.send("GET", "\(path)?positions=\(next)").json
        #expect(bare(copies["items"]?.array ?? []) == texts)
    }

    @Test func `every partition gets its share, and positions say where to go on`() throws {
        let harness = try harness()
        let records = (0..<30).map { #"{"value": "\#($0)", "partition": \#($0 % 3)}"# }.joined(separator: ",")
        #expect(harness.send("POST", path, #"{"records": [\#(records)]}"#).status == 201)
        var (query, seen, turns) = ("limit=6", [String](), 0)
        while turns < 20 {
            turns += 1
            let page = harness.send("GET", "\(path)?\(query)").json
            let items = page["items"]?.array ?? []
            if turns == 1 { #expect(Set(items.compactMap { $0["partition"]?.integer }) == [0, 1, 2]) }
            seen += items.compactMap { $0["value"]?.string }
            query = "limit=6&positions=\(page["positions"]?.string ?? "")"
            if page["at_end"]?.bool == true { break }
        }
        #expect(Set(seen).count == 30 && seen.count == 30 && turns == 5)
        let some = harness.send("GET", "\(path)?partitions=2,0&from=9").json
        #expect(some["items"]?.array?.count == 2 && some["positions"]?.string == "2:10,0:10")
        #expect(harness.send("GET", "\(path)?from=now").json["items"]?.array?.isEmpty == true)
        #expect(harness.send("GET", "\(path)?from=-1h").json["items"]?.array?.count == 30)
    }

    @Test func `who waits is answered by the first record, or when the time is over`() throws {
        let harness = try harness()
        let request = "GET \(path)?from=now&wait=10s HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let (first, second) = (harness.open(request), harness.open(request))
        #expect(first.take().isEmpty)
        // Somebody who goes away is forgotten.
        second.finish()
        harness.clock.runUntilIdle()
        _ = harness.send("POST", path, #"{"records": [{"value": "now"}]}"#)
        #expect(first.take().contains(#""value":"now""#))
        let third = harness.open(request)
        harness.clock.advance(by: .seconds(9))
        #expect(third.take().isEmpty)
        harness.clock.advance(by: .seconds(2))
        #expect(third.take().contains(#""items":[]"#))
        let fourth = harness.open(request)
        harness.records.stop()
        #expect(fourth.take().contains(#""items":[]"#))
    }

    @Test(
        arguments: [
            ("", 400, " json"), ("[]", 422, " object"), ("{}", 422, "/records required"),
            (#"{"records": []}"#, 422, "/records required"), (#"{"records": 1}"#, 422, "/records array"),
            (#"{"recrds": []}"#, 422, "/recrds unknown-field"), (#"{"records": [1]}"#, 422, "/records/0 object"),
            (#"{"records": [{}, {"value": 1}]}"#, 422, "/records/1/value string"),
            (#"{"records": [{"value": "a", "value_base64": "YQ=="}]}"#, 422, "/records/0/value_base64 alone"),
            (#"{"records": [{"value_base64": "YQ"}]}"#, 422, "/records/0/value_base64 base64"),
            (#"{"records": [{"vale": "a"}]}"#, 422, "/records/0/vale unknown-field"),
            (#"{"records": [{"partition": 3}]}"#, 404, "/records/0/partition partition"),
            (#"{"records": [{"partition": -1}]}"#, 422, "/records/0/partition integer"),
            (#"{"records": [{"timestamp": "soon"}]}"#, 422, "/records/0/timestamp rfc3339"),
            (#"{"records": [{"headers": {}}]}"#, 422, "/records/0/headers array"),
            (#"{"records": [{"headers": [{"value": "a"}]}]}"#, 422, "/records/0/headers/0/name required"),
            (#"{"records": [{"headers": [{"name": "a", "val": ""}]}]}"#, 422, "/records/0/headers/0/val unknown-field"),
            (#"{"records": [{"value": "a"}]} x"#, 400, " json"),
        ] as [(String, Int, String)])
    func `records that break a rule are refused, and none of the request is stored`(
        _ body: String, _ status: Int, _ broken: String
    ) throws {
        let harness = try harness()
        let answer = harness.send("POST", path, body)
        #expect(answer.status == status && answer.brokenRules == [broken], "\(answer.body)")
        #expect(harness.send("GET", path).json["items"]?.array?.isEmpty == true)
    }

    @Test(
        arguments: [
            ("/v1/topics/none/records", 404, ""), ("/v1/topics/__tidings.routing/records", 404, ""),
            ("/v1/topics/raw/records?partitions=3", 404, "/partition partition"),
            ("/v1/topics/raw/records?partitions=a", 422, "query:partitions partition"),
            ("/v1/topics/raw/records?positions=0:1&from=now", 422, "query:from alone"),
            ("/v1/topics/raw/records?positions=0", 422, "query:positions positions"),
            ("/v1/topics/raw/records?positions=0:9223372036854775807", 422, "query:positions positions"),
            ("/v1/topics/raw/records?positions=0:7", 404, ""),
            ("/v1/topics/raw/records?from=soon", 422, "query:from place"),
            ("/v1/topics/raw/records?wait=31s", 422, "query:wait duration"),
        ] as [(String, Int, String)])
    func `a question that makes no sense is refused`(_ path: String, _ status: Int, _ broken: String) throws {
        let answer = try harness().send("GET", path)
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.brokenRules == (broken.isEmpty ? [] : [broken]), "\(answer.body)")
    }

    @Test func `a topic that is compacted by key takes no record without one`() throws {
        let harness = try harness { $0.cleanup = .compact }
        let answer = harness.send("POST", path, #"{"records": [{"key": "a", "value": null}, {"value": "x"}]}"#)
        #expect(answer.status == 422 && answer.brokenRules == ["/records/1/key required"])
        #expect(harness.send("POST", path, #"{"records": [{"key": "a"}]}"#).status == 201)
    }
}
