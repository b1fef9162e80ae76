// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

@Suite struct EventViewTests {
    static let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    static func reader() -> EventReader { EventReader(time: SystemTime(), random: SeededRandom(seed: 1)) }

    /// Stores a structured event as a record's body.
    static func stored(_ text: String, key: String? = nil) throws -> [UInt8] {
        var reader = reader()
        var draft = EventDraft()
        try withBytes(text) { try reader.readStructured($0, into: &draft) }
        var body = ByteBuffer()
        if let key {
            withBytes(key) { EventRecord.encodeBody(draft, key: $0, into: &body) }
        } else {
            EventRecord.encodeBody(draft, key: nil, into: &body)
        }
        return body.array()
    }

    static func view<Result>(_ body: [UInt8], _ look: (EventView) throws -> Result) throws -> Result {
        try body.withUnsafeBytes { bytes in
            try look(EventView(try RecordView(body: bytes, offset: Offset(7), timestamp: WallTime(millis: 5))))
        }
    }

    @Test(arguments: [nil, "o-17"], ["", #","subject":"o","n":1,"data":{"x":1}"#])
    func `which event a body is can be read without walking through it`(_ key: String?, _ more: String) throws {
        let text = #"{"specversion":"1.0","type":"order.created","id":"1","source":"/s"\#(more)}"#
        try Self.stored(text, key: key).withUnsafeBytes { body in
            let event = try EventRecord.identity(ofBody: body)
            #expect(event.id.text == "1" && event.source.text == "/s" && event.type.text == "order.created")
            for count in 0..<24 {
                #expect(throws: RecordError.self) {
                    _ = try EventRecord.identity(ofBody: UnsafeRawBufferPointer(rebasing: body[..<count]))
                }
            }
        }
    }

    @Test func `an event is stored and seen again`() throws {
        let text = """
            {"specversion":"1.0","id":"1","source":"/s","type":"order.created","subject":"o-17","time":"2026-01-01T00:00:00Z",
            "dataschema":"https://x.y/z","traceparent":"\(Self.trace)","n":-5,"b":true,"data":{"total": 42}}
            """
        let body = try Self.stored(text, key: "o-17")
        try Self.view(body) { event in
            #expect(event.isEvent)
            #expect(event.record.key?.text == "o-17")
            #expect(event.id.text == "1" && event.source.text == "/s" && event.type.text == "order.created")
            #expect(event.subject?.text == "o-17" && event.time?.text == "2026-01-01T00:00:00Z")
            #expect(event.contentType?.text == "application/json" && event.dataSchema?.text == "https://x.y/z")
            #expect(event.data?.text == "{\"total\": 42}")
            #expect(event.attribute(named: "n")?.text == "-5" && event.attribute(named: "b")?.text == "true")
            #expect(event.attribute(named: "specversion")?.text == "1.0" && event.attribute(named: "x") == nil)
            #expect(event.attribute(named: "subject")?.text == "o-17")
            #expect(event.record.header("content-type")?.text == "application/json")
            var names: [String] = []
            event.forEachExtension { name, _ in names.append(name.text) }
            #expect(names == ["traceparent", "n", "b"])
            var renderer = EventRenderer()
            var text = ByteBuffer()
            renderer.structured(event, into: &text)
            let structured = text.text()
            #expect(
                structured == """
                    {"specversion":"1.0","id":"1","source":"/s","type":"order.created","subject":"o-17",\
                    "time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","dataschema":"https://x.y/z",\
                    "traceparent":"\(Self.trace)","n":"-5","b":"true","data":{"total": 42}}
                    """)
            text.removeAll()
            renderer.plain(event, into: &text)
            let plain = text.text()
            #expect(
                plain == """
                    {"event_id":"1","event_type":"order.created","entity_id":"o-17","source":"/s",\
                    "time":"2026-01-01T00:00:00Z","dataschema":"https://x.y/z","traceparent":"\(Self.trace)",\
                    "n":"-5","b":"true","data":{"total": 42}}
                    """)
        }
    }

    /// Data as it comes in, and as the structured form gives it back.
    static let data: [(String, String)] = [
        (#""data":null"#, #""datacontenttype":"application/json","data":null"#),
        (#""data":"a\u0041""#, #""datacontenttype":"application/json","data":"a\u0041""#),
        (#""datacontenttype":"text/plain","data":"a\u0041\n""#, #""datacontenttype":"text/plain","data":"aA\n""#),
        (#""datacontenttype":"text/xml","data":"<a/>""#, #""datacontenttype":"text/xml","data":"<a/>""#),
        (
            #""datacontenttype":"application/xml","data":"<a/>""#,
            #""datacontenttype":"application/xml","data_base64":"PGEvPg==""#
        ),
        (#""datacontenttype":"application/x+json","data":[1]"#, #""datacontenttype":"application/x+json","data":[1]"#),
        (#""data_base64":"/w==""#, #""data_base64":"/w==""#), (#""data_base64":"""#, #""data_base64":"""#),
        (
            #""datacontenttype":"text/plain","data_base64":"/w==""#,
            #""datacontenttype":"text/plain","data_base64":"/w==""#
        ),
        (
            #""datacontenttype":"application/json","data_base64":"ew==""#,
            #""datacontenttype":"application/json","data_base64":"ew==""#
        ),
        (
            #""datacontenttype":"application/json","data_base64":"e30=""#,
            #""datacontenttype":"application/json","data":{}"#
        ),
        (#""datacontenttype":"application/json""#, #""datacontenttype":"application/json""#),
    ]

    @Test(arguments: data)
    func `data comes out in the form that keeps it`(_ given: String, _ expected: String) throws {
        let body = try Self.stored(#"{"specversion":"1.0","id":"1","source":"/s","type":"t",\#(given)}"#)
        try Self.view(body) { event in
            var renderer = EventRenderer()
            var text = ByteBuffer()
            renderer.structured(event, into: &text)
            let structured = text.text()
            #expect(structured == #"{"specversion":"1.0","id":"1","source":"/s","type":"t",\#(expected)}"#)
            // What is read back is stored alike.
            let again = try Self.stored(structured)
            #expect(again == body)
        }
    }

    @Test func `an event without data has a null value`() throws {
        try Self.view(try Self.stored(#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#)) { event in
            #expect(event.record.value == nil && event.data == nil && event.contentType == nil)
        }
    }

    @Test func `the binary form has safe headers and the data byte for byte`() throws {
        let body = try Self.stored(
            #"{"specversion":"1.0","id":"é \"%","source":"/s","type":"t","subject":"€","x":"","data":{"a": 1 }}"#)
        try Self.view(body) { event in
            var renderer = EventRenderer()
            var headers: [String] = []
            renderer.binaryHeaders(event) { headers.append("\($0.text): \($1.text)") }
            #expect(
                headers == [
                    "ce-specversion: 1.0", "ce-id: %C3%A9%20%22%25", "ce-source: /s", "ce-type: t",
                    "ce-subject: %E2%82%AC", "ce-x: ", "content-type: application/json",
                ])
            #expect(event.data?.text == "{\"a\": 1 }")
        }
    }

    @Test func `a record that is no event is seen as what it is`() throws {
        func headers(_ pairs: [(StaticString, StaticString)]) throws -> [UInt8] {
            var body = ByteBuffer()
            withBytes("v\u{0}") {
                EventRecord.encodeBody(
                    key: nil, value: $0, headers: pairs.map { RecordHeader($0.bytes, $1.bytes) }, into: &body)
            }
            return body.array()
        }
        try Self.view(try headers([("x", "y"), ("Content-Type", "text/plain")])) { event in
            #expect(!event.isEvent && event.id.isEmpty && event.type.isEmpty && event.subject == nil)
            #expect(event.contentType?.text == "text/plain")
            let record = JSONWriter.text { json in
                json.object { EventRenderer.recordMembers(event.record, &$0) }
            }
            #expect(
                record == """
                    {"offset":7,"timestamp":"1970-01-01T00:00:00.005Z","key":null,"headers":[{"name":"x","value":"y"},\
                    {"name":"Content-Type","value":"text/plain"}],"value":"dgA="}
                    """)
        }
        // Written by other clients: the media type in the wrong place, names that are none, attributes that are empty.
        try Self.view(
            try headers([
                ("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "t"),
                ("ce_datacontenttype", "application/json"), ("ce_a b\r\n", "x"), ("content-type2", "z"),
            ])
        ) { event in
            #expect(event.isEvent && event.contentType?.text == "application/json")
            event.forEachExtension { name, _ in Issue.record("\(name.text) is no extension") }
        }
        try Self.view(try headers([("ce_specversion", "1.0"), ("ce_id", ""), ("ce_source", "/s"), ("ce_type", "t")])) {
            #expect(!$0.isEvent)
        }
    }

    @Test func `a content type that could break a header is not sent`() throws {
        var body = ByteBuffer()
        let pairs: [(StaticString, StaticString)] = [("ce_specversion", "1.0"), ("content-type", "a/b\r\nx: y")]
        EventRecord.encodeBody(
            key: nil, value: nil, headers: pairs.map { RecordHeader($0.bytes, $1.bytes) }, into: &body)
        try Self.view(body.array()) { event in
            var renderer = EventRenderer()
            renderer.binaryHeaders(event) { name, value in
                #expect(!name.text.contains("\r") && !value.text.contains("\r") && name.text != "content-type")
            }
        }
    }

    @Test func `headers beside the event's are stored behind them`() throws {
        var reader = Self.reader()
        var draft = EventDraft()
        try withBytes(#"{"event_type":"t","source":"/s"}"#) { try reader.readPlain($0, into: &draft) }
        var body = ByteBuffer()
        let name: StaticString = "x-request"
        EventRecord.encodeBody(draft, key: nil, headers: [RecordHeader(name.bytes, nil)], into: &body)
        try Self.view(body.array()) { event in
            #expect(event.isEvent && event.id.count == 36 && event.record.headerCount == 5)
        }
    }
}
