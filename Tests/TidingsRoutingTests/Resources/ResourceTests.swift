// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsRouting

@Suite struct ResourceTests {
    static let random = SeededRandom(seed: 5)

    static func read(
        _ kind: ResourceKind, _ name: String, _ json: String, existing: RoutingResource? = nil
    ) throws(Problem) -> RoutingResource {
        let bytes = SharedBytes(capacity: json.utf8.count) { room in
            room.copyBytes(from: Array(json.utf8))
            return json.utf8.count
        }
        return try ResourceReader.read(
            ResourceKey(kind, name), from: bytes.buffer, existing: existing, now: WallTime(millis: 1_000),
            random: random
        ).resource
    }

    static func shown(_ resource: RoutingResource) -> String {
        JSONWriter.text { json in json.object { ResourceWriter.writeMembers(of: resource, &$0) } }
    }

    static func record(_ resource: RoutingResource) throws -> RoutingResource {
        var buffer = ByteBuffer()
        ResourceWriter.writeRecord(resource, into: &buffer)
        return try ResourceReader.read(resource.key, record: buffer.bytes, random: random)
    }

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLk3f"
    static let full = """
        {"name": "email", "consumer": "email-service", "types": ["order.created", "order.paid"], "topics": ["orders"],
         "filters": [{"prefix": {"subject": "o-"}}, {"not": {"any": [{"exact": {"a": "b"}}, {"all": [{"suffix": {"c": "d"}}]}]}}],
         "endpoint": {"url": "https://email.internal/events", "mode": "binary", "headers": {"X-Team": "growth"},
           "bearer": "abcdefghijklmnopqrst", "secret": "\(secret)",
           "timeouts": {"connect": "1s", "headers": "2s", "answer": "1m"}},
         "order": "none", "concurrency": 4,
         "retry": {"attempts": 3, "first": "100ms", "factor": 2.5, "longest": "1h30m", "jitter": 0},
         "exhausted": "let_go", "start": "beginning", "paused": true}
        """

    @Test(arguments: [
        (ResourceKind.producers, #"{"sources": ["/a", "https://x/y?z#f"], "types": ["a.*", "b"]}"#),
        (.producers, #"{"sources": ["/a"]}"#), (.types, #"{"shared": true, "description": "What \"happens\"."}"#),
        (.types, "{}"), (.routes, #"{"types": ["order.*"], "topic": "orders"}"#),
        (
            .routes,
            #"{"types": ["*", "a"], "channel": "log", "topic": "T_1", "key": "none", "copies": [{"topic": "x", "key": "tenant"}]}"#
        ),
        (.subscriptions, #"{"types": ["*"], "endpoint": {"url": "http://127.0.0.1:1"}}"#), (.subscriptions, full),
        (.inbound, #"{"kind": "github", "secret": "s3cr3t"}"#),
        (.inbound, #"{"kind": "generic", "type": "/event/name", "verify": null}"#),
        (
            .inbound,
            #"{"kind": "generic", "type": "/t", "entity": "/a~1b", "id": "", "verify": {"header": "X-Sig", "algorithm": "hmac-sha512", "encoding": "base64", "prefix": "v=", "secret": "0123456789abcdefghijklmn"}}"#
        ),
    ])
    func `a resource survives its record, and what is shown can be put back`(_ kind: ResourceKind, _ json: String)
        throws
    {
        let resource = try Self.read(kind, "email", json)
        #expect(try Self.record(resource) == resource)
        let shown = Self.shown(resource)
        #expect(try Self.read(kind, "email", shown, existing: resource) == resource)
        let withStatus = shown.dropLast() + #", "status": {"state": "delivering"}}"#
        #expect(try Self.read(kind, "email", String(withStatus), existing: resource) == resource)
        #expect(try Self.read(kind, "email", json, existing: resource) == resource, "putting it again changes nothing")
        #expect(!shown.contains("MfKQ9r8G") && !shown.contains("abcdefgh") && !shown.contains("s3cr3t"))
    }

    @Test func `a subscription has the defaults of the documentation`() throws {
        let json = #"{"types": ["order.created"], "endpoint": {"url": "https://h/e"}}"#
        guard case .subscription(let made) = try Self.read(.subscriptions, "email", json) else { return }
        #expect(made.consumer == made.name && made.topics == nil && made.filters.isEmpty && !made.isPaused)
        #expect(made.order == .entity && made.exhausted == .park && made.start == .now && made.concurrency == 16)
        #expect(made.retry == RetryPolicy() && made.endpoint.timeouts == EndpointTimeouts())
        #expect(made.endpoint.mode == .structured && made.endpoint.headers.isEmpty && made.endpoint.bearer == nil)
        let key = Base64.decode(String(made.endpoint.secret.reveal().dropFirst(6)))
        #expect(made.endpoint.secret.reveal().hasPrefix("whsec_") && key?.count == 32)
        guard case .subscription(let other) = try Self.read(.subscriptions, "email", json) else { return }
        #expect(other.uuid != made.uuid && other.endpoint.secret != made.endpoint.secret)
    }

    @Test func `secrets stay when they are left out or come back masked`() throws {
        func endpoint(_ json: String) throws -> Endpoint {
            let first = try Self.read(.subscriptions, "email", Self.full)
            let body = "{\"types\": [\"x\"], \"endpoint\": {\"url\": \"http://h\"\(json)}}"
            guard case .subscription(let made) = try Self.read(.subscriptions, "email", body, existing: first) else {
                preconditionFailure("a subscription was read")
            }
            return made.endpoint
        }
        #expect(try endpoint("").secret.reveal() == Self.secret)
        #expect(try endpoint("").bearer?.reveal() == "abcdefghijklmnopqrst")
        #expect(try endpoint(#", "secret": "whsec_…k3f", "bearer": "…rst""#).bearer?.reveal() == "abcdefghijklmnopqrst")
        #expect(try endpoint(#", "bearer": null"#).bearer == nil)
        let wrong = refusal { () throws(Problem) in
            _ = try Self.read(
                .subscriptions, "n", #"{"types": ["x"], "endpoint": {"url": "http://h", "secret": "whsec_…abc"}}"#)
        }
        #expect(wrong?.brokenRules == ["/endpoint/secret masked"])
    }

    static let endpoint = #""types": ["x"], "endpoint": {"url": "http://h""#

    @Test(
        arguments: [
            (ResourceKind.producers, "{}", ["/sources required"]),
            (.producers, #"{"sources": [], "types": "x"}"#, ["/sources size", "/types array"]),
            (
                .producers, #"{"sources": ["a b", ""], "types": ["a", "a", "*x"]}"#,
                ["/sources/0 uri-reference", "/sources/1 uri-reference", "/types/1 unique", "/types/2 pattern"]
            ),
            (.types, #"{"shared": "yes", "descripton": 1}"#, ["/shared boolean", "/descripton unknown-field"]),
            (.routes, "[]", [" object", "/types required", "/topic required"]),
            (
                .routes, #"{"types": ["a"], "topic": "__x", "key": "subject", "channel": "kafka"}"#,
                ["/channel channel", "/topic topic", "/key key"]
            ),
            (
                .routes, #"{"types": ["a"], "topic": "t", "copies": [{"topic": "t"}, {"topic": "u", "kye": 1}]}"#,
                ["/copies/0/topic unique", "/copies/1/kye unknown-field"]
            ),
            (.subscriptions, "{}", ["/types required", "/endpoint required"]),
            (
                .subscriptions, "{\(endpoint)}, \"nmae\": 1, \"name\": \"other\"}",
                ["/name name", "/nmae unknown-field"]
            ),
            (
                .subscriptions,
                "{\(endpoint), \"headers\": {\"a\\r\\nb\": \"x\", \"a\": \"x\\ny\", \"Host\": \"x\", \"B\": \"1\", \"b\": \"2\"}}}",
                [
                    "/endpoint/headers/a\r\nb header-name", "/endpoint/headers/a header-value",
                    "/endpoint/headers/Host header-reserved", "/endpoint/headers/b unique",
                ]
            ),
            (
                .subscriptions, "{\(endpoint), \"bearer\": \"a b\", \"secret\": \"whsec_AAAA\", \"mode\": \"xml\"}}",
                ["/endpoint/mode word", "/endpoint/bearer bearer", "/endpoint/secret secret"]
            ),
            (
                .subscriptions,
                "{\(endpoint)}, \"retry\": {\"attempts\": 0, \"first\": \"2s\", \"factor\": 0.5, \"longest\": \"9d\", \"jitter\": 2}}",
                [
                    "/retry/attempts range", "/retry/factor range", "/retry/jitter range", "/retry/longest range",
                ]
            ),
            (
                .subscriptions,
                "{\(endpoint), \"timeouts\": {\"connect\": \"3\", \"answer\": \"1h\"}}, \"concurrency\": 1.5, \"topics\": []}",
                [
                    "/endpoint/timeouts/connect duration", "/endpoint/timeouts/answer range", "/concurrency integer",
                    "/topics size",
                ]
            ),
            (
                .subscriptions, #"{"types": ["x"], "endpoint": {"url": "ftp://h"}, "start": "end", "paused": 1}"#,
                ["/endpoint/url url", "/start start", "/paused boolean"]
            ),
            (.inbound, #"{"kind": "github", "secret": null}"#, ["/secret required"]),
            (.inbound, #"{"kind": "stripe", "secret": "x"}"#, ["/kind word"]),
            (.inbound, #"{"kind": "generic", "type": "x"}"#, ["/type json-pointer", "/verify required"]),
            (
                .inbound, #"{"kind": "generic", "type": "/x", "verify": {"header": "a b", "secret": ""}}"#,
                ["/verify/header header-name", "/verify/secret secret"]
            ),
        ] as [(ResourceKind, String, [String])])
    func `every broken rule is told at once`(_ kind: ResourceKind, _ json: String, _ broken: [String]) throws {
        let problem = try #require(refusal { () throws(Problem) in _ = try Self.read(kind, "email", json) })
        #expect(problem.code == .invalidResource)
        #expect(problem.brokenRules.sorted() == broken.sorted())
    }

    @Test func `an unknown field is answered with the nearest known one`() throws {
        let problem = try #require(
            refusal { () throws(Problem) in
                _ = try Self.read(.producers, "a", #"{"sources": ["/a"], "typs": []}"#)
            })
        #expect(problem.detail.contains("types"))
    }

    @Test(arguments: [
        ("", 400), ("{", 400), (#"{"a": 1, "a": 2}"#, 400), ("{}", 422), (String(repeating: "[", count: 100_000), 400),
    ])
    func `what is no JSON is unreadable`(_ body: String, _ status: Int) {
        let problem = refusal { () throws(Problem) in _ = try Self.read(.producers, "a", body) }
        #expect(problem?.code.status == status)
    }

    @Test(arguments: ["", "A", "a/b", "-"]) func `what is no name`(_ name: String) {
        let problem = refusal { () throws(Problem) in _ = try Self.read(.producers, name, #"{"sources": ["/a"]}"#) }
        #expect(problem?.brokenRules == ["path:name name"])
    }

    @Test(arguments: [
        ("", 0, ""), (#"{"partitions": 6, "status": {}}"#, 6, ""), (#"{"partitions": 0}"#, 0, "/partitions range"),
        (#"{"partitons": 6}"#, 0, "/partitons unknown-field"), (#"{"name": "x"}"#, 0, "/name name"),
    ])
    func `a topic`(_ body: String, _ partitions: Int32, _ broken: String) {
        var found: Int32 = 0
        let problem = Array(body.utf8).withUnsafeBytes { bytes in
            refusal { () throws(Problem) in
                found = try ResourceReader.readTopic(Fixture.topic("orders"), from: bytes).partitions ?? 0
            }
        }
        #expect(found == partitions && (problem?.brokenRules ?? [""]) == [broken])
    }
}
