// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsDelivery
import TidingsRouting

@testable import TidingsAPI

@Suite struct AdminAPITests {
    static let email = #"{"types": ["order.created"], "endpoint": {"url": "http://127.0.0.1:9/"}}"#

    @Test(arguments: [
        ("producers/order-service", #"{"sources": ["/o"], "types": ["order.*"]}"#, #"{"sources": ["/o", "/p"]}"#),
        ("types/order.created", #"{"shared": true}"#, #"{"shared": true, "description": "An order is there."}"#),
        ("routes/orders", #"{"types": ["order.*"], "topic": "orders"}"#, #"{"types": ["order.*"], "topic": "other"}"#),
        ("subscriptions/email", email, String(email.dropLast() + #", "concurrency": 3}"#)),
        ("inbound/hub", #"{"kind": "github", "secret": "a"}"#, #"{"kind": "github", "secret": "b"}"#),
        ("types/Caf%C3%A9%2Fopened", "{}", #"{"shared": true}"#),
    ])
    func `a resource is written, read, put back, changed and removed`(
        _ place: String, _ first: String, _ second: String
    )
        throws
    {
        let harness = try AdminHarness()
        let path = "/v1/\(place)"
        #expect(harness.send("GET", path).status == 404)
        let made = harness.send("PUT", path, first)
        #expect(made.status == 201 && made.header("Location") == path)
        let read = harness.send("GET", path)
        #expect(read.status == 200 && read.header("Content-Type") == "application/json")
        let tag = try #require(read.header("ETag"))
        #expect(tag == made.header("ETag"))
        let back = harness.send("PUT", path, read.body, ["If-Match": tag])
        #expect(back.status == 200 && back.header("ETag") == tag, "what is read can be put back")
        #expect(harness.send("GET", path, nil, ["If-None-Match": tag]).status == 304)
        #expect(harness.send("PUT", path, second, ["If-None-Match": "*"]).status == 412)
        let changed = harness.send("PUT", path, second, ["If-Match": tag])
        #expect(changed.status == 200 && changed.header("ETag") != tag)
        #expect(harness.send("DELETE", path, nil, ["If-Match": tag]).status == 412)
        #expect(harness.send("DELETE", path).status == 204)
        #expect(harness.send("DELETE", path).status == 404 && harness.send("GET", path).status == 404)
    }

    @Test(
        arguments: [
            ("PUT", "/v1/routes/a", "{", [:], 400), ("PUT", "/v1/routes/a", "{}", [:], 422),
            ("PUT", "/v1/routes/A", #"{"types": ["x"], "topic": "t"}"#, [:], 422),
            ("PUT", "/v1/routes/a", "{}", ["Content-Type": "text/xml"], 415),
            ("PUT", "/v1/routes/a", "{}", ["If-Match": "x"], 400), ("PUT", "/v1/types/order.*", "{}", [:], 422),
            ("POST", "/v1/routes/a", "{}", [:], 405), ("GET", "/v1/routes/a%00", nil, [:], 400),
            ("GET", "/v1/routes?limit=0", nil, [:], 422), ("GET", "/v1/routes?limt=1", nil, [:], 422),
            ("GET", "/v1/routes?type=a*b", nil, [:], 422), ("GET", "/v1/routing", nil, [:], 422),
            ("GET", "/v1/routing?type=a*", nil, [:], 422), ("POST", "/v1/subscriptions/none/pause", nil, [:], 404),
            ("POST", "/v1/subscriptions/none/test", nil, [:], 404), ("PUT", "/v1/topics/__x", nil, [:], 422),
            ("PUT", "/v1/topics/a%20b", nil, [:], 422), ("GET", "/v1/topics/__tidings.routing", nil, [:], 404),
            ("PUT", "/v1/producers/a", #"{"sources": ["/a"], "types": ["taken.*"]}"#, [:], 409),
        ] as [(String, String, String?, [String: String], Int)])
    func `what is refused`(
        _ method: String, _ path: String, _ body: String?, _ headers: [String: String], _ status: Int
    ) throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/producers/first", #"{"sources": ["/f"], "types": ["taken.*"]}"#)
        let answer = harness.send(method, path, body, headers)
        #expect(answer.status == status)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.json["detail"]?.string?.isEmpty == false)
    }

    @Test func `a made secret is shown once`() throws {
        let harness = try AdminHarness()
        let made = harness.send("PUT", "/v1/subscriptions/email", Self.email)
        let secret = try #require(made.json["endpoint"]?["secret"]?.string)
        #expect(secret.hasPrefix("whsec_") && !secret.contains("…"))
        let read = harness.send("GET", "/v1/subscriptions/email")
        let masked = try #require(read.json["endpoint"]?["secret"]?.string)
        #expect(masked.contains("…") && secret.hasSuffix(masked.suffix(3)))
    }

    @Test func `a subscription shows how it stands, alone and in lists`() throws {
        let harness = try AdminHarness()
        harness.delivery.status.state = .resting
        harness.delivery.status.reason = "connection refused"
        harness.delivery.status.oldestAge = .seconds(90)
        harness.delivery.status.deadLetters = 2
        harness.delivery.status.lastFailure = AttemptRecord(
            time: WallTime(millis: 0), duration: .milliseconds(12), status: 503, fault: nil, reason: "busy",
            responseHead: Array("HTTP/1.1 503\r\n".utf8), responseBody: [0xFF])
        for name in ["a", "b", "c"] { _ = harness.send("PUT", "/v1/subscriptions/\(name)", Self.email) }
        let status = try #require(harness.send("GET", "/v1/subscriptions/b").json["status"])
        #expect(status["state"]?.string == "resting" && status["oldest_age"]?.string == "1m30s")
        #expect(status["dead_letters"]?.integer == 2 && status["last_failure"]?["status"]?.integer == 503)
        #expect(status["last_failure"]?["response"]?["body_base64"]?.string == "/w==")
        let page = harness.send("GET", "/v1/subscriptions?limit=2").json
        #expect(page["items"]?.array?.compactMap { $0["name"]?.string } == ["a", "b"])
        #expect(page["items"]?[1]?["status"]?["state"]?.string == "resting")
        let cursor = try #require(page["next"]?.string)
        let rest = harness.send("GET", "/v1/subscriptions?limit=2&cursor=\(cursor)").json
        #expect(rest["items"]?.array?.compactMap { $0["name"]?.string } == ["c"] && rest["next"]?.isNull == true)
    }

    @Test(arguments: [
        ("routes", "", ["orders", "rest"]), ("routes", "?type=order.created", ["orders", "rest"]),
        ("routes", "?type=payment.*", ["rest"]), ("routes", "?topic=audit", ["orders"]),
        ("producers", "?type=order.x", ["shop"]), ("producers", "?type=z", []),
        ("subscriptions", "?consumer=growth", ["email"]), ("subscriptions", "?topic=orders", []),
        ("subscriptions", "?type=order.created&consumer=none", []), ("inbound", "", []), ("types", "?type=a*", ["ab"]),
    ])
    func `lists are filtered`(_ kind: String, _ query: String, _ names: [String]) throws {
        let harness = try AdminHarness()
        _ = harness.send(
            "PUT", "/v1/routes/orders", #"{"types": ["order.*"], "topic": "orders", "copies": [{"topic": "audit"}]}"#)
        _ = harness.send("PUT", "/v1/routes/rest", #"{"types": ["*"], "topic": "rest"}"#)
        _ = harness.send("PUT", "/v1/producers/shop", #"{"sources": ["/s"], "types": ["order.*"]}"#)
        _ = harness.send("PUT", "/v1/subscriptions/email", String(Self.email.dropLast() + #", "consumer": "growth"}"#))
        _ = harness.send("PUT", "/v1/types/ab", "{}")
        let page = harness.send("GET", "/v1/\(kind)\(query)")
        #expect(page.json["items"]?.array?.compactMap { $0["name"]?.string } == names)
    }

    @Test func `what follows for a type`() throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/producers/shop", #"{"sources": ["/s"], "types": ["order.*"]}"#)
        _ = harness.send(
            "PUT", "/v1/routes/orders", #"{"types": ["order.*"], "topic": "orders", "copies": [{"topic": "audit"}]}"#)
        _ = harness.send("PUT", "/v1/subscriptions/email", Self.email)
        _ = harness.send("PUT", "/v1/types/order.created", #"{"description": "x"}"#)
        harness.store.table.plan(forType: "order.created").noteSeen(at: WallTime(millis: 0))
        let answer = harness.send("GET", "/v1/routing?type=order.created").json
        #expect(answer["producers"]?[0]?.string == "shop" && answer["route"]?.string == "orders")
        #expect(answer["destinations"]?[0]?["topic"]?.string == "orders")
        #expect(answer["destinations"]?[1]?["copy"]?.bool == true)
        #expect(answer["subscriptions"]?[0]?["name"]?.string == "email")
        #expect(answer["last_seen"]?.string == "1970-01-01T00:00:00.000Z")
        let declared = harness.send("GET", "/v1/types/order.created").json
        #expect(declared["status"]?["route"]?.string == "orders" && declared["description"]?.string == "x")
    }

    @Test func `a subscription is paused, resumed and tried`() throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/subscriptions/email", Self.email)
        let paused = harness.send("POST", "/v1/subscriptions/email/pause")
        #expect(paused.status == 200 && paused.json["paused"]?.bool == true && harness.delivery.resumed.isEmpty)
        let resumed = harness.send("POST", "/v1/subscriptions/email/resume")
        #expect(resumed.status == 200 && resumed.json["paused"]?.bool == false && harness.delivery.resumed.count == 1)
        #expect(harness.send("POST", "/v1/subscriptions/email/test").status == 404)
        harness.delivery.attempt = .success(
            AttemptRecord(
                time: WallTime(millis: 0), duration: .milliseconds(3), status: nil, fault: .unreachable,
                reason: "refused", responseHead: [], responseBody: []))
        let tried = harness.send("POST", "/v1/subscriptions/email/test").json
        #expect(tried["fault"]?.string == "unreachable" && tried["duration"]?.string == "3ms")
    }

    @Test func `topics`() throws {
        let harness = try AdminHarness()
        #expect(harness.send("PUT", "/v1/topics/orders", #"{"partitions": 6}"#).status == 201)
        #expect(harness.send("PUT", "/v1/topics/usual").json["partitions"]?.integer == 4)
        let read = harness.send("GET", "/v1/topics/orders")
        #expect(read.json["status"]?["partitions"]?.array?.count == 6)
        let tag = try #require(read.header("ETag"))
        #expect(harness.send("PUT", "/v1/topics/orders", read.body, ["If-Match": tag]).status == 200)
        #expect(harness.send("GET", "/v1/topics/orders", nil, ["If-None-Match": tag]).status == 304)
        #expect(harness.send("PUT", "/v1/topics/orders", #"{"partitions": 5}"#).status == 409)
        let grown = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 7, "durability": "os"}"#)
        #expect(grown.status == 200 && grown.json["partitions"]?.integer == 7 && grown.header("ETag") != tag)
        #expect(grown.json["durability"]?.string == "os")
        let names = harness.send("GET", "/v1/topics").json["items"]?.array?.compactMap { $0["name"]?.string }
        #expect(names == ["orders", "usual"], "topics of the server's own are not listed")
        #expect(harness.send("DELETE", "/v1/topics/orders").status == 204)
        #expect(harness.send("GET", "/v1/topics/orders").status == 404)
    }
}
