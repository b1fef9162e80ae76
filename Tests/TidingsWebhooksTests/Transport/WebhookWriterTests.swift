// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsNetwork

@testable import TidingsWebhooks

@Suite struct WebhookWriterTests {
    static let secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    static let trace = TraceContext(traceHigh: 1, traceLow: 2, span: 3, flags: 1)

    private func write(
        _ event: StoredEvent, _ mode: EndpointMode, _ headers: [Endpoint.Header] = [], bearer: Secret? = nil
    ) throws -> (fields: [String], body: [UInt8]) {
        let endpoint = Endpoint(
            url: EndpointURL("http://127.0.0.1/")!, mode: mode, headers: headers, bearer: bearer, secret: Self.secret)
        let prepared = PreparedEndpoint(endpoint, userAgent: "Tidings/1.2.3")
        var writer = WebhookWriter()
        return try event.look { view in
            let id: StaticString = "msg_1"
            let now = WallTime(millis: 1_764_000_000_999)
            return writer.write(view, to: prepared, id: id.bytes, now: now, trace: Self.trace) {
                ($0.text.split(separator: "\r\n").map(String.init), [UInt8]($1))
            }
        }
    }

    /// Fields every request has, for a body.
    private func common(_ body: [UInt8]) throws -> [String] {
        let signer = try #require(WebhookSigner(Self.secret))
        var signature = ByteBuffer()
        body.withUnsafeBytes {
            signer.appendSignature(
                id: ("msg_1" as StaticString).bytes, timestamp: 1_764_000_000, body: $0, to: &signature)
        }
        return [
            "webhook-id: msg_1", "webhook-timestamp: 1764000000", "webhook-signature: \(signature.text())",
            "traceparent: 00-00000000000000010000000000000002-0000000000000003-01",
        ]
    }

    @Test(arguments: [
        (
            EndpointMode.structured, ["content-type: application/cloudevents+json"],
            #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"order.created","subject":"o-17","datacontenttype":"application/json","data":{"total": 42}}"#
        ),
        (
            .plain, ["content-type: application/json"],
            #"{"event_id":"e-1","event_type":"order.created","entity_id":"o-17","source":"/shop","data":{"total": 42}}"#
        ),
        (
            .binary,
            [
                "ce-specversion: 1.0", "ce-id: e-1", "ce-source: /shop", "ce-type: order.created", "ce-subject: o-17",
                "content-type: application/json",
            ], #"{"total": 42}"#
        ),
    ])
    func `an event becomes a request by its mode`(_ mode: EndpointMode, _ head: [String], _ body: String) throws {
        let request = try write(StoredEvent(), mode)
        #expect(String(decoding: request.body, as: UTF8.self) == body)
        #expect(try request.fields == head + common(request.body) + ["user-agent: Tidings/1.2.3"])
    }

    @Test func `the endpoint's own headers and its bearer are sent`() throws {
        let headers = [Endpoint.Header("x-team", "growth"), .init("user-agent", "mine"), .init("x-bad", "a\r\nb: c")]
        let request = try write(StoredEvent(), .structured, headers, bearer: Secret("token"))
        #expect(request.fields.suffix(3) == ["authorization: Bearer token", "x-team: growth", "user-agent: mine"])
    }

    @Test func `binary data goes byte for byte and attributes are escaped`() throws {
        let data: [UInt8] = (0...255).map { UInt8($0) }
        let event = StoredEvent(
            id: "ü \"1\"", contentType: "application/octet-stream", data: data,
            extensions: [("shard", "a\r\nb: c"), ("bad\r\nname: x", "v")])
        let request = try write(event, .binary)
        #expect(request.body == data)
        #expect(request.fields.contains("ce-id: %C3%BC%20%221%22"))
        #expect(request.fields.contains("ce-shard: a%0D%0Ab:%20c"))
        #expect(!request.fields.contains { $0.contains("name") })
    }

    @Test func `an event without data has an empty body`() throws {
        let request = try write(StoredEvent(contentType: nil, data: nil), .binary)
        #expect(request.body.isEmpty)
        #expect(try request.fields.contains(common([])[2]))
    }

    @Test func `edited data replaces the stored event's and nothing else`() throws {
        let endpoint = Endpoint(url: EndpointURL("http://127.0.0.1/")!, mode: .plain, secret: Self.secret)
        let prepared = PreparedEndpoint(endpoint, userAgent: "Tidings/1.2.3")
        var writer = WebhookWriter()
        let id: StaticString = "msg_1"
        let body = try StoredEvent(extensions: [("shard", "7")]).look { view in
            try writer.write(
                view, withData: [UInt8](#"{"total":43}"#.utf8), to: prepared, id: id.bytes, now: WallTime(millis: 0),
                trace: nil
            ) { $1.text }
        }
        #expect(
            body
                == #"{"event_id":"e-1","event_type":"order.created","entity_id":"o-17","source":"/shop","shard":"7","data":{"total":43}}"#
        )
    }

    @Test func `a record of a Kafka client is written like an event, and edited alike`() throws {
        var writer = WebhookWriter()
        let id: StaticString = "msg_1"
        var body = ByteBuffer()
        [UInt8](#"{"total":42}"#.utf8).withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
        let record = try RecordView(body: body.bytes, offset: Offset(7), timestamp: WallTime(millis: 0))
        let lens = EventLens()
        for (mode, edit, expected) in [
            (EndpointMode.binary, nil, #"{"total":42}"#), (.binary, "[1]", "[1]"),
            (.plain, #""x""#, #""time":"1970-01-01T00:00:00.000Z","data":"x"}"#),
        ] {
            let prepared = PreparedEndpoint(
                Endpoint(url: EndpointURL("http://127.0.0.1/")!, mode: mode, secret: Self.secret), userAgent: "T")
            let event = lens.event(record, in: TopicName("orders")!, 0)
            let take = { (fields: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) in (fields.text, body.text) }
            let (fields, body) =
                if let edit {
                    try writer.write(
                        event, withData: [UInt8](edit.utf8), to: prepared, id: id.bytes, now: WallTime(millis: 0),
                        trace: nil, take)
                } else {
                    writer.write(event, to: prepared, id: id.bytes, now: WallTime(millis: 0), trace: nil, take)
                }
            #expect(body.hasSuffix(expected) && fields.contains("content-type: application/json\r\n"))
            #expect(mode != .binary || fields.contains("ce-id: orders-0-7\r\n"))
        }
    }

    @Test(arguments: [
        ("text/xml", #""<a>\n</a>""#, "<a>\n</a>"), ("text/plain", #"{"total":43}"#, #"{"total":43}"#),
        ("application/json", #""open""#, #""open""#), ("application/cloud+json", #""open""#, #""open""#),
    ])
    func `an edited string is the text itself where the data is not JSON`(
        contentType: String, edited: String, body: String
    ) throws {
        let prepared = PreparedEndpoint(
            Endpoint(url: EndpointURL("http://127.0.0.1/")!, mode: .binary, secret: Self.secret),
            userAgent: "Tidings/1.2.3")
        var writer = WebhookWriter()
        let id: StaticString = "msg_1"
        let written = try StoredEvent(contentType: contentType).look { view in
            try writer.write(
                view, withData: [UInt8](edited.utf8), to: prepared, id: id.bytes, now: WallTime(millis: 0), trace: nil
            ) { $1.text }
        }
        #expect(written == body)
    }
}
