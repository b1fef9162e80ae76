// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsHTTP
import TidingsTesting

@testable import TidingsAPI

@Suite struct LookDoorTests {
    @Test func `a topic's events come page by page, each once`() throws {
        let harness = try DoorHarness()
        for number in 0..<50 {
            harness.publish(
                #"{"event_type":"t.\#(number % 2)","entity_id":"e-\#(number % 7)","event_id":"\#(number)"}"#)
        }
        var seen: Set<String> = []
        var cursor = ""
        var pages = 0
        repeat {
            let page = harness.send("GET", "/v1/topics/events/events?limit=7\(cursor)")
            #expect(page.status == 200)
            for item in page.json["items"]?.array ?? [] {
                let isNew = seen.insert(item["event"]?["id"]?.string ?? "").inserted
                #expect(isNew)
                #expect(item["partition"]?.integer != nil && item["timestamp"]?.string != nil)
            }
            pages += 1
            cursor = page.json["next"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(seen.count == 50 && pages >= 8)
        func ids(_ query: String) -> [String] {
            let page = harness.send("GET", "/v1/topics/events/events?\(query)")
            return (page.json["items"]?.array ?? []).compactMap { $0["event"]?["id"]?.string }
        }
        #expect(ids("type=t.1").count == 25 && ids("type=t.*&entity=e-3").count == 7)
        #expect(ids("id=17") == ["17"])
        // A comma with U+1F3FB behind it is one Character, and still a comma.
        #expect(ids("type=t.0,%F0%9F%8F%BBx").count == 25)
        let partition = ids("partition=2&limit=1000")
        #expect(ids("partition=2&offset=3&limit=1000") == Array(partition.dropFirst(3)))
        #expect(ids("type=nothing").isEmpty)
    }

    @Test(arguments: [
        ("/v1/topics/nothing/events", 404), ("/v1/topics/__tidings.routing/events", 404),
        ("/v1/topics/events/events?limit=0", 422), ("/v1/topics/events/events?partition=9", 404),
        ("/v1/topics/events/events?cursor=x", 422), ("/v1/topics/events/events?type=a*b", 422),
        ("/v1/topics/events/events?colour=x", 422), ("/v1/topics/events/partitions/0/events/99", 404),
        ("/v1/topics/events/partitions/9/events/0", 404), ("/v1/topics/events/partitions/x/events/0", 422),
        ("/v1/topics/events/partitions/0/events/-1", 422), ("/v1/events/stream?limit=x", 422),
        ("/v1/topics/events/events?since=then", 422), ("/v1/topics/events/events?until=1h", 422),
        ("/v1/events/stream?since=%2D1", 422), ("/v1/events/stream?until=2026-11-24", 422),
        ("/v1/events/stream?from=then", 422), ("/v1/events/stream?from=beginning&since=-1h", 422),
        ("/v1/events/stream?from=now&since=-1h", 422), ("/v1/events/stream?timeout=1h", 422),
    ])
    func `what cannot be looked at is refused`(_ path: String, _ status: Int) throws {
        let harness = try DoorHarness()
        harness.publish(#"{"event_type":"t"}"#)
        #expect(harness.send("GET", path).status == status)
    }

    /// Ten events, ten seconds apart; how they are asked for, and which of them come.
    static let spans: [(query: String, numbers: Range<Int>)] = [
        ("", 0..<10), ("since=-50s", 5..<10), ("until=-50s", 0..<5), ("since=-75s&until=-25s", 3..<8),
        ("since=-10s", 9..<10), ("since=-9s", 10..<10), ("until=-200s", 0..<0), ("since=-200s", 0..<10),
        ("since=-20s&until=-60s", 10..<10), ("since=1970-01-01T00:00:00Z&until=2999-01-01T00:00:00Z", 0..<10),
    ]

    private func harness() throws -> DoorHarness {
        let harness = try DoorHarness()
        harness.clock.advance(by: .seconds(1_000))
        for number in 0..<10 {
            harness.publish(#"{"event_type":"t","entity_id":"e-\#(number)","event_id":"\#(number)"}"#)
            harness.clock.advance(by: .seconds(10))
        }
        return harness
    }

    @Test(arguments: spans)
    func `a topic's events are found by when they were stored`(_ query: String, _ numbers: Range<Int>) throws {
        let harness = try harness()
        var found: [Int] = []
        var cursor = ""
        repeat {
            let page = harness.send("GET", "/v1/topics/events/events?limit=3&\(query)\(cursor)").json
            found += (page["items"]?.array ?? []).compactMap { $0["event"]?["id"]?.string.flatMap { Int($0) } }
            cursor = page["next"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(found.sorted() == Array(numbers))
    }

    @Test(arguments: spans)
    func `the live tail begins and ends by time`(_ query: String, _ numbers: Range<Int>) throws {
        let harness = try harness()
        let from = query.contains("since") ? "" : "from=beginning&"
        let tail = harness.open("GET /v1/events/stream?\(from)\(query) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        harness.clock.advance(by: .milliseconds(10))
        let text = tail.take()
        let ids = Self.fields("data", text).compactMap { try? JSONValue.parse($0)["id"]?.string.flatMap { Int($0) } }
        #expect(ids == Array(numbers), "in the order of the log")
        let ends = query.contains("until=-")
        #expect(text.hasSuffix("0\r\n\r\n") == ends, "one that has passed ends the stream")
    }

    @Test func `a live tail until a later time ends then, with everything stored before`() throws {
        let harness = try harness()
        let until = RFC3339.format(WallTime(millis: harness.clock.wall.millis + 5_000))
        let tail = harness.open(
            "GET /v1/events/stream?since=-15s&until=\(until) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        harness.publish(#"{"event_type":"t","event_id":"10"}"#)
        harness.clock.advance(by: .seconds(4))
        harness.publish(#"{"event_type":"t","event_id":"11"}"#)
        let before = tail.take()
        #expect(!before.hasSuffix("0\r\n\r\n"))
        harness.clock.advance(by: .seconds(2))
        harness.publish(#"{"event_type":"t","event_id":"12"}"#)
        let text = before + tail.take()
        #expect(Self.fields("event", text).count == 3 && text.hasSuffix("0\r\n\r\n"))
    }

    @Test func `one record is shown as an event or as it lies`() throws {
        let harness = try DoorHarness()
        let receipt = harness.publish(#"{"event_type":"t","event_id":"1","source":"/s","entity_id":"k","data":[1, 2]}"#)
            .json
        let path = "/v1/topics/events/partitions/\(receipt["partition"]!.integer!)/events/0"
        let event = harness.send("GET", path)
        #expect(event.header("content-type") == "application/cloudevents+json")
        #expect(
            event.body
                == #"{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"k","datacontenttype":"application/json","data":[1, 2]}"#
        )
        let record = harness.send("GET", path + "?as=record").json
        #expect(record["topic"]?.string == "events" && record["key"]?.string == Base64.encode(Array("k".utf8)))
        #expect(record["value"]?.string == Base64.encode(Array("[1, 2]".utf8)))
        #expect(record["headers"]?.array?.contains { $0["name"]?.string == "ce_subject" } == true)
    }

    @Test func `the live tail shows history, goes on, and comes back by its id`() throws {
        let harness = try DoorHarness()
        for number in 0..<3 {
            harness.publish(#"{"event_type":"t","event_id":"\#(number)","entity_id":"e-\#(number)"}"#)
        }
        let tail = harness.open("GET /v1/events/stream?from=beginning HTTP/1.1\r\nHost: localhost\r\n\r\n")
        harness.clock.advance(by: .milliseconds(10))
        harness.publish(#"{"event_type":"u","event_id":"3","data":"a\nb"}"#)
        harness.clock.advance(by: .milliseconds(10))
        let text = tail.take()
        let ids = Self.fields("id", text)
        #expect(text.contains("text/event-stream") && ids.count == 4)
        #expect(Self.fields("event", text) == ["t", "t", "t", "u"])
        let events = Self.fields("data", text).compactMap { try? JSONValue.parse($0)["id"]?.string }
        #expect(events == ["0", "1", "2", "3"])
        harness.clock.advance(by: .seconds(16))
        // A sign of life that says where a reader of rare events goes on.
        #expect(Self.fields("id", tail.take()).count == 1)
        let again = harness.open(
            "GET /v1/events/stream?types=t,u HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \(ids[1])\r\n\r\n")
        harness.clock.advance(by: .milliseconds(10))
        #expect(Self.fields("id", again.take()) == Array(ids[2...]))
        let few = harness.open(
            "GET /v1/events/stream?from=beginning&limit=2&entity=e-1&timeout=5s HTTP/1.1\r\nHost: localhost\r\n\r\n")
        harness.clock.advance(by: .seconds(6))
        let ended = few.take()
        #expect(Self.fields("id", ended) == [ids[1]] && ended.hasSuffix("0\r\n\r\n"))
    }

    private static func fields(_ name: String, _ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("\(name): ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
