// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsHTTP
import TidingsTesting

@testable import TidingsAPI

@Suite struct PublishDoorTests {
    static let cloudEvent = #"{"specversion":"1.0","id":"e1","source":"/s","type":"t","data":{"a":1}}"#

    @Test func `each form is taken by its content type`() throws {
        let harness = try DoorHarness()
        let plain = harness.publish(#"{"event_type":"order.created","entity_id":"o-17","data":{"total":42}}"#)
        #expect(plain.status == 201 && plain.json["topic"]?.string == "events" && plain.json["source"]?.string == "/")
        #expect(
            plain.json.object?.names == ["id", "source", "type", "topic", "partition", "offset"])
        let structured = harness.send(
            "POST", "/v1/events", Self.cloudEvent, ["Content-Type": "application/cloudevents+json; charset=UTF-8"])
        #expect(structured.status == 201 && structured.json["id"]?.string == "e1")
        let binary = harness.send(
            "POST", "/v1/events", "<a/>",
            [
                "Content-Type": "application/xml", "ce-specversion": "1.0", "ce-id": "b1", "ce-source": "/s",
                "ce-type": "t",
            ])
        #expect(binary.status == 201 && binary.json["id"]?.string == "b1")
        let batch = harness.send(
            "POST", "/v1/events", "[\(Self.cloudEvent),{\"id\":1}]",
            ["Content-Type": "application/cloudevents-batch+json"])
        #expect(batch.status == 200 && batch.json["accepted"]?.integer == 1 && batch.json["refused"]?.integer == 1)
        #expect(batch.json["results"]?[0]?["id"]?.string == "e1")
        #expect(batch.json["results"]?[1]?["problem"]?["status"]?.integer == 422)
        let lines = harness.send(
            "POST", "/v1/events", "{\"event_type\":\"a\"}\n{bad\n{\"event_type\":\"b\"}\n",
            ["Content-Type": "application/x-ndjson"])
        #expect(
            lines.json["accepted"]?.integer == 2 && lines.json["results"]?[1]?["problem"]?["status"]?.integer == 400)
        let empty = harness.send("POST", "/v1/events", "[]", ["Content-Type": "application/cloudevents-batch+json"])
        #expect(empty.status == 200 && empty.json["results"]?.array?.isEmpty == true)
    }

    static let refusals: [(type: String?, body: String, status: Int, found: String)] = [
        ("application/json", "{", 400, " json"), ("application/json", "{}", 422, "/event_type required"),
        ("application/json", "[]", 422, " object"),
        ("application/cloudevents+json", "{}", 422, "/specversion required"),
        ("application/cloudevents-batch+json", "{}", 422, " array"),
        ("application/cloudevents-batch+json", "[{}", 400, " json"),
        ("application/cloudevents+avro", "x", 415, "header:content-type media-type"),
        ("text/plain", "x", 415, "header:content-type media-type"),
        ("application/json; charset=latin1", "{}", 415, "header:content-type media-type"),
        (nil, "{}", 415, "header:content-type media-type"),
    ]

    @Test(arguments: refusals.indices)
    func `what is wrong is refused by its place, and nothing is stored`(_ index: Int) throws {
        let harness = try DoorHarness()
        let refusal = Self.refusals[index]
        let answer = harness.send(
            "POST", "/v1/events", refusal.body, refusal.type.map { ["Content-Type": $0] } ?? [:])
        #expect(answer.status == refusal.status, "\(answer.body)")
        #expect(answer.brokenRules.first == refusal.found)
        #expect(answer.header("content-type") == "application/problem+json")
        #expect(harness.log.topics[TopicName("events")!] == nil)
    }

    @Test func `bodies over the limit, compressed ones and other methods are refused`() throws {
        let harness = try DoorHarness()
        let large = harness.send(
            "POST", "/v1/events", nil,
            ["Content-Type": "application/json", "Content-Length": "\(PublishDoor.mostBodyBytes + 1)"])
        #expect(large.status == 413)
        let other = try DoorHarness()
        let packed = other.send(
            "POST", "/v1/events", "x", ["Content-Type": "application/json", "Content-Encoding": "gzip"])
        #expect(packed.status == 415)
        #expect(other.send("GET", "/v1/events").status == 405)
        let data = #"{"event_type":"t","data":"\#(String(repeating: "x", count: 1 << 20))"}"#
        #expect(other.publish(data).status == 413)
    }
}
