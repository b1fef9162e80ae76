// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

@Suite struct EventLensTests {
    /// A record as a Kafka client writes it.
    struct Given: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [(name: String, value: String?)] = []

        init(_ value: String?, key: String? = nil, _ headers: [(String, String?)] = []) {
            self.value = value.map { [UInt8]($0.utf8) }
            self.key = key.map { [UInt8]($0.utf8) }
            self.headers = headers
        }

        init(bytes: [UInt8], key: [UInt8]) {
            value = bytes
            self.key = key
        }

        var body: [UInt8] {
            var body = ByteBuffer()
            func field(_ bytes: [UInt8]?) {
                guard let bytes else { return body.append(varint: -1) }
                body.append(varint: Int64(bytes.count))
                body.append(bytes)
            }
            field(key)
            field(value)
            body.append(varint: Int64(headers.count))
            for (name, value) in headers {
                field([UInt8](name.utf8))
                field(value.map { [UInt8]($0.utf8) })
            }
            return body.array()
        }
    }

    static func look<Answer>(_ given: Given, through lens: EventLens = EventLens(), _ use: (EventView) -> Answer) throws
        -> Answer
    {
        try given.body.withUnsafeBytes { body in
            let record = try RecordView(body: body, offset: Offset(7), timestamp: WallTime(millis: 1_767_225_600_123))
            return use(lens.event(record, in: TopicName("orders")!, 3))
        }
    }

    static func structured(_ given: Given, through lens: EventLens = EventLens()) throws -> String {
        try look(given, through: lens) { event in
            var renderer = EventRenderer()
            var text = ByteBuffer()
            renderer.structured(event, into: &text)
            return text.text()
        }
    }

    static let made = #""id":"orders-3-7","source":"/topics/orders","type":"orders""#
    static let time = #""time":"2026-01-01T00:00:00.123Z""#
    static let binary = [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "t")]

    /// Records, and the events they are.
    static let cases: [(Given, String)] = [
        // Nothing is said.
        (
            Given(#"{"a":1}"#, key: "o-17"),
            #"\#(made),"subject":"o-17",\#(time),"datacontenttype":"application/json","data":{"a":1}"#
        ),
        (Given(" [1]\n"), #"\#(made),\#(time),"datacontenttype":"application/json","data": [1]\#n"#),
        (Given("[info] up"), #"\#(made),\#(time),"datacontenttype":"text/plain; charset=utf-8","data":"[info] up""#),
        (Given("42"), #"\#(made),\#(time),"datacontenttype":"text/plain; charset=utf-8","data":"42""#),
        (Given(""), #"\#(made),\#(time),"datacontenttype":"text/plain; charset=utf-8","data":"""#),
        (Given(nil, key: "gone"), #"\#(made),"subject":"gone",\#(time)"#),
        (Given("a\u{0}"), #"\#(made),\#(time),"datacontenttype":"application/octet-stream","data_base64":"YQA=""#),
        // Keys that no attribute may hold are no subject.
        (
            Given(bytes: [0xFF], key: [0, 0, 0, 1]),
            #"\#(made),\#(time),"datacontenttype":"application/octet-stream","data_base64":"/w==""#
        ),
        (Given(nil, key: ""), #"\#(made),\#(time)"#), (Given(nil, key: "a\u{7}"), #"\#(made),\#(time)"#),
        (Given(nil, key: String(repeating: "k", count: 2_049)), #"\#(made),\#(time)"#),
        // Headers of Kafka clients: the content type counts, others are no attributes.
        (
            Given("<a/>", [("Content-Type", "text/xml"), ("traceparent", EventViewTests.trace)]),
            #"\#(made),\#(time),"datacontenttype":"text/xml","data":"<a/>""#
        ),
        (
            Given("{}", [("content-type", "no type")]),
            #"\#(made),\#(time),"datacontenttype":"application/json","data":{}"#
        ),
        // Some attributes are missing, empty or null: the others count.
        (
            Given("x", key: "k", [("ce_type", "order.paid"), ("ce_n", "1"), ("ce_subject", ""), ("ce_id", nil)]),
            #""id":"orders-3-7","source":"/topics/orders","type":"order.paid","subject":"k",\#(time),"#
                + #""datacontenttype":"text/plain; charset=utf-8","n":"1","data":"x""#
        ),
        (
            Given(
                "{}", key: "k",
                [
                    ("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", ""), ("ce_type", "t"), ("ce_time", "now"),
                    ("ce_subject", "s"), ("ce_dataschema", "x:y"), ("ce_Bad name", "1"),
                ]),
            #""id":"1","source":"/topics/orders","type":"t","subject":"s","time":"now","#
                + #""datacontenttype":"application/json","dataschema":"x:y","data":{}"#
        ),
        // Binary mode: nothing is made up.
        (Given("{}", key: "k", binary), #""id":"1","source":"/s","type":"t","data":{}"#),
        (
            Given("{}", binary + [("content-type", "application/cloudevents+json")]),
            #""id":"1","source":"/s","type":"t","datacontenttype":"application/cloudevents+json","data":{}"#
        ),
        // Structured mode.
        (
            Given(
                #"{"specversion":"1.0","id":"\u0031","source":"/s","type":"t","subject":"s","time":"2026-01-01T00:00:00Z","n":-5,"data":{"a": "b"}}"#,
                key: "k", [("content-type", "Application/CloudEvents+JSON ; charset=UTF-8"), ("ce_type", "other")]),
            #""id":"1","source":"/s","type":"t","subject":"s","time":"2026-01-01T00:00:00Z","#
                + #""datacontenttype":"application/json","n":"-5","data":{"a": "b"}"#
        ),
        (
            Given(
                #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"/w==","dataschema":"x:y"}"#,
                [("content-type", "application/cloudevents+json")]),
            #""id":"1","source":"/s","type":"t","dataschema":"x:y","data_base64":"/w==""#
        ),
        (
            Given(
                #"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#,
                [("content-type", "application/cloudevents+json")]),
            #""id":"1","source":"/s","type":"t""#
        ),
        // What only looks like it is an event by default.
        (
            Given(#"{"specversion":"1.0","id":"1"}"#, [("content-type", "application/cloudevents+json")]),
            #"\#(made),\#(time),"datacontenttype":"application/cloudevents+json","data":{"specversion":"1.0","id":"1"}"#
        ),
        (
            Given("[", [("content-type", "application/cloudevents+json")]),
            #"\#(made),\#(time),"datacontenttype":"application/cloudevents+json","data_base64":"Ww==""#
        ),
        (
            Given("[]", [("content-type", "application/cloudevents-batch+json")]),
            #"\#(made),\#(time),"datacontenttype":"application/cloudevents-batch+json","data":[]"#
        ),
        (
            Given(nil, [("content-type", "application/cloudevents+json")]),
            #"\#(made),\#(time),"datacontenttype":"application/cloudevents+json""#
        ),
    ]

    @Test(arguments: cases)
    func `a record is this event`(_ given: Given, _ expected: String) throws {
        let text = try Self.structured(given)
        #expect(text == #"{"specversion":"1.0",\#(expected)}"#)
    }

    @Test func `one lens shows any number of events, and each as it lies`() throws {
        let lens = EventLens()
        for _ in 0..<2 {
            for (given, expected) in Self.cases {
                let text = try Self.structured(given, through: lens)
                #expect(text == #"{"specversion":"1.0",\#(expected)}"#)
            }
        }
        try Self.look(Given("x", key: "k", [("tidings-copy", ""), ("traceparent", "p"), ("tracestate", "s")])) {
            event in
            #expect(event.isEvent && event.isCopy && event.data?.text == "x" && event.record.headerCount == 3)
            #expect(event.traceParent?.text == "p" && event.traceState?.text == "s")
            #expect(event.attribute(named: "traceparent") == nil && event.attribute(named: "id")?.text == "orders-3-7")
            #expect(event.attribute(named: "datacontenttype")?.text == "text/plain; charset=utf-8")
            var renderer = EventRenderer()
            var headers: [String] = []
            renderer.binaryHeaders(event) { headers.append("\($0.text): \($1.text)") }
            #expect(headers.first == "ce-specversion: 1.0" && headers.last == "content-type: text/plain; charset=utf-8")
        }
        try Self.look(Given("x", Self.binary + [("ce_tracestate", "own"), ("traceparent", "p"), ("tracestate", "s")])) {
            #expect($0.traceParent?.text == "p" && $0.traceState?.text == "own")
        }
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func `any timestamp is some time`(_ millis: Int64) throws {
        try Given("x").body.withUnsafeBytes { body in
            let record = try RecordView(body: body, offset: Offset(.max - 1), timestamp: WallTime(millis: millis))
            let event = EventLens().event(record, in: TopicName("t")!, .max)
            #expect(event.time?.count == 24 && event.id.text == "t-2147483647-9223372036854775806")
        }
    }
}
