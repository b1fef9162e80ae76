// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct EventReaderTests {
    static func reader(_ limits: EventLimits = EventLimits()) -> EventReader {
        EventReader(limits: limits, time: SystemTime(), random: SeededRandom(seed: 5))
    }

    /// What a structured event of the four required attributes and `more` gives.
    static func structured(_ more: String) -> String {
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t"\#(more.isEmpty ? "" : ",")\#(more)}"#
    }

    static func refusal(_ text: String, plain: Bool = false, _ limits: EventLimits = EventLimits()) -> Problem? {
        var reader = reader(limits)
        var draft = EventDraft()
        return withBytes(text) { bytes in
            do throws(Problem) {
                if plain {
                    try reader.readPlain(bytes, into: &draft)
                } else {
                    try reader.readStructured(bytes, into: &draft)
                }
                return nil
            } catch {
                return error
            }
        }
    }

    static func rules(_ problem: Problem?) -> [String] {
        (problem?.violations ?? []).map { "\($0.pointer) \($0.rule)" }
    }

    static let valid = [
        "", #""subject":"s""#, #""time":"2026-01-01T00:00:00Z""#, #""time":"2026-01-01t00:00:00.5+14:00""#,
        #""datacontenttype":"text/plain; charset=utf-8","data":"x""#, #""dataschema":"urn:x:y""#, #""subject":null"#,
        #""data":{}"#, #""data":null"#, #""data":[1.5e3]"#, #""data_base64":"""#, #""data_base64":null,"data":1"#,
        #""data":null,"data_base64":null"#, #""ext":"x","ext2":true,"ext3":2147483647,"ext4":-2147483648"#,
        #""x":null"#,
        #""ext":"""#, #""datacontenttype":"application/json""#, #""comexampleextension1":"value""#, #""1a":"x""#,
        #""subject":"ü€😀""#, #""\u0073ubject":"escaped name""#,
    ]

    @Test(arguments: valid)
    func `a right event is taken`(_ more: String) {
        #expect(Self.refusal(Self.structured(more)) == nil)
    }

    /// One broken rule each: what is added to a right event, and what is found.
    static let invalid: [(String, String)] = [
        (#""subject":"""#, "/subject non-empty"), (#""subject":5"#, "/subject string"),
        (#""subject":"a\u0000""#, "/subject characters"), (#""subject":"\u0085""#, "/subject characters"),
        (#""subject":"\uFFFE""#, "/subject characters"), (#""time":"yesterday""#, "/time rfc3339"),
        (#""time":"2026-01-01T00:00:00""#, "/time rfc3339"), (#""time":"2026-01-01 00:00:00Z""#, "/time rfc3339"),
        (#""time":"""#, "/time non-empty"), (#""time":1700000000"#, "/time string"),
        (#""datacontenttype":"""#, "/datacontenttype non-empty"),
        (#""datacontenttype":"json""#, "/datacontenttype media-type"),
        (#""datacontenttype":true"#, "/datacontenttype string"), (#""dataschema":"""#, "/dataschema non-empty"),
        (#""dataschema":"/relative""#, "/dataschema uri"), (#""dataschema":"a b:c""#, "/dataschema uri"),
        (#""dataschema":{}"#, "/dataschema string"), (#""Ext":"x""#, "/Ext extension-name"),
        (#""my_ext":"x""#, "/my_ext extension-name"), (#""my-ext":"x""#, "/my-ext extension-name"),
        (#""a/b~":"x""#, "/a~1b~0 extension-name"), (#""":"x""#, "/ extension-name"),
        (#""ü":"x""#, "/ü extension-name"),
        (#""ext":1.5"#, "/ext extension-type"), (#""ext":1e3"#, "/ext extension-type"),
        (#""ext":2147483648"#, "/ext extension-type"), (#""ext":-2147483649"#, "/ext extension-type"),
        (#""ext":{}"#, "/ext extension-type"), (#""ext":[1]"#, "/ext extension-type"),
        (#""ext":"a\u001f""#, "/ext characters"), (#""data":1,"data_base64":"AA==""#, "/data_base64 one-data"),
        (#""data_base64":"A""#, "/data_base64 base64"), (#""data_base64":"AA""#, "/data_base64 base64"),
        (#""data_base64":5"#, "/data_base64 base64"), (#""datacontenttype":"text/plain","data":5"#, "/data text-data"),
        (#""datacontenttype":"text/xml","data":{}"#, "/data text-data"),
    ]

    @Test(arguments: invalid)
    func `each rule is kept and named`(_ more: String, _ found: String) {
        let problem = Self.refusal(Self.structured(more))
        #expect(Self.rules(problem) == [found])
        #expect(problem?.code == .invalidEvent)
        #expect(problem?.detail.isEmpty == false)
    }

    static let incomplete: [(String, [String])] = [
        ("{}", ["/specversion required", "/id required", "/source required", "/type required"]),
        (
            #"{"specversion":"0.3","id":"","source":"","type":""}"#,
            ["/specversion specversion", "/id non-empty", "/source non-empty", "/type non-empty"]
        ),
        (
            #"{"specversion":1.0,"id":7,"source":null,"type":[]}"#,
            ["/specversion specversion", "/id string", "/type string", "/source required"]
        ),
        (
            #"{"specversion":"1.0","id":"1","source":"a b","type":"t","time":"x","E":1}"#,
            ["/E extension-name", "/source uri-reference", "/time rfc3339"]
        ),
        ("[]", [" object"]), ("\"x\"", [" object"]), ("null", [" object"]),
    ]

    @Test(arguments: incomplete)
    func `all broken rules are told at once`(_ text: String, _ found: [String]) {
        #expect(Self.rules(Self.refusal(text)) == found)
    }

    @Test(arguments: [
        "", "{", #"{"id":"1","id":"2"}"#, #"{"id":"\ud800"}"#, "{} {}", String(repeating: "[", count: 100_000),
    ])
    func `what is not JSON is unreadable`(_ text: String) {
        #expect(Self.refusal(text)?.code == .unreadableBody)
        #expect(Self.refusal(text, plain: true)?.code == .unreadableBody)
    }

    @Test func `limits are kept, each by its name`() {
        var limits = EventLimits()
        limits.id = 3
        limits.extensions = 2
        limits.extensionName = 4
        limits.extensionValue = 5
        limits.data = 10
        limits.attributes = 40
        func rules(_ more: String, id: String = "1") -> [String] {
            Self.rules(Self.refusal(#"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"t",\#(more)}"#, limits))
        }
        #expect(rules(#""data":1"#, id: "1234") == ["/id too-long"])
        #expect(rules(#""a":"1","b":"2","c":"3""#) == [" too-many"])
        #expect(rules(#""abcde":"1""#) == ["/abcde too-long"])
        #expect(rules(#""a":"123456""#) == ["/a too-long"])
        #expect(rules(#""subject":"\#(String(repeating: "x", count: 50))""#) == [" too-long"])
        let large = Self.refusal(Self.structured(#""data":"123456789""#), limits)
        #expect(Self.rules(large) == ["/data too-long"] && large?.code == .tooLarge)
        #expect(Self.refusal(Self.structured(#""data":"12345678""#), limits) == nil)
        // An object of very many members is refused without a list of them.
        let many = (0..<5_000).map { #""x\#($0)":1"# }.joined(separator: ",")
        #expect(rules(many) == [" too-many"])
    }

    @Test func `the plain form becomes an event`() throws {
        var reader = Self.reader()
        var draft = EventDraft()
        let text = #"""
            {"event_type":"order.created","entity_id":"o-17","data":{"total": 42},"event_id":"e1","source":"/s","time":null,
            "traceparent":"x","retries":3}
            """#
        try withBytes(text) { try reader.readPlain($0, into: &draft) }
        func read(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes?.text }
        #expect(read(draft[.type]) == "order.created" && read(draft[.subject]) == "o-17" && read(draft[.id]) == "e1")
        #expect(
            read(draft[.source]) == "/s" && read(draft[.time]) == nil && read(draft[.contentType]) == "application/json"
        )
        #expect(read(draft.data) == "{\"total\": 42}" && read(draft.attribute(named: "retries")) == "3")
        let hasGeneratedID = draft.hasGeneratedID
        #expect(!hasGeneratedID)
        // Without id and source: the id is made, the source is the caller's to give.
        try withBytes(#"{"event_type":"t"}"#) { try reader.readPlain($0, into: &draft) }
        #expect(UUID128(read(draft[.id])!) != nil && read(draft[.source]) == nil && read(draft.data) == nil)
        // With a specversion it is a structured event.
        try withBytes(Self.structured(#""data":7"#)) { try reader.readPlain($0, into: &draft) }
        #expect(read(draft[.id]) == "1" && read(draft.data) == "7")
    }

    static let invalidPlain: [(String, String, String)] = [
        ("{}", "/event_type required", ""), (#"{"event_type":""}"#, "/event_type non-empty", ""),
        (#"{"event_type":"t","type":"x"}"#, "/type unknown-field", "event_type"),
        (#"{"event_type":"t","subject":"x"}"#, "/subject unknown-field", "entity_id"),
        (#"{"event_type":"t","id":"x"}"#, "/id unknown-field", "event_id"),
        (#"{"event_type":"t","entityid":"x"}"#, "/entityid unknown-field", "entity_id"),
        (#"{"event_type":"t","entity_Id":"x"}"#, "/entity_Id unknown-field", "entity_id"),
        (#"{"event_type":"t","evnt_id":"x"}"#, "/evnt_id unknown-field", "event_id"),
        (#"{"event_type":"t","customer_name":"x"}"#, "/customer_name unknown-field", "a-z and 0-9"),
        (#"{"event_type":"t","extensions":{"a":"b"}}"#, "/extensions extension-type", ""),
        (#"{"event_type":"t","entity_id":17}"#, "/entity_id string", ""),
        (#"{"event_type":"t","source":"a b"}"#, "/source uri-reference", ""),
        (#"{"event_type":"t","event_id":""}"#, "/event_id non-empty", ""),
    ]

    @Test(arguments: invalidPlain)
    func `the plain form refuses what it does not know, and says what was meant`(
        _ text: String, _ found: String, _ hint: String
    ) {
        let problem = Self.refusal(text, plain: true)
        #expect(Self.rules(problem) == [found])
        #expect(hint.isEmpty || problem?.detail.contains(hint) == true, "\(problem?.detail ?? "")")
    }

    @Test func `each event of a batch has its own answer`() throws {
        var reader = Self.reader()
        var draft = EventDraft()
        var answers: [String] = []
        let text = "[\(Self.structured("")),{},5,\(Self.structured(#""subject":"x""#))]"
        try withBytes(text) { bytes in
            try reader.readBatch(bytes, into: &draft) { draft, problem in
                answers.append(problem.map { Self.rules($0).first! } ?? draft[.id]!.text)
            }
        }
        #expect(answers == ["1", "/specversion required", " object", "1"])
    }

    static let badBatches: [(String, Problem.Code)] = [
        ("{}", .invalidEvent), ("5", .invalidEvent), ("[", .unreadableBody), ("", .unreadableBody),
        ("[{}] 1", .unreadableBody),
        ("[{},{},{},{}]", .tooLarge), ("[\(structured("")),{]", .unreadableBody),
    ]

    @Test(arguments: badBatches)
    func `a body that is no batch is refused as a whole`(_ text: String, _ code: Problem.Code) {
        var limits = EventLimits()
        limits.batch = 3
        var reader = Self.reader(limits)
        var draft = EventDraft()
        let problem = #expect(throws: Problem.self) {
            try withBytes(text) { try reader.readBatch($0, into: &draft) { _, _ in } }
        }
        #expect(problem?.code == code)
    }

    @Test func `lines stand for themselves`() throws {
        var limits = EventLimits()
        limits.batch = 5
        var reader = Self.reader(limits)
        var draft = EventDraft()
        var answers: [String] = []
        let text =
            "{\"event_type\":\"a\",\"event_id\":\"p\"}\r\n\n{bad\n  \n\(Self.structured(""))\n{\"event_type\":\"\"}"
        try withBytes(text) { bytes in
            try reader.readLines(bytes, into: &draft) { draft, problem in
                answers.append(problem.map { $0.code.rawValue } ?? draft[.id]!.text)
            }
        }
        #expect(answers == ["p", "unreadable-body", "1", "invalid-event"])
        let problem = #expect(throws: Problem.self) {
            try withBytes(String(repeating: "{}\n", count: 6)) { try reader.readLines($0, into: &draft) { _, _ in } }
        }
        #expect(problem?.code == .tooLarge)
    }

    static func binary(
        _ headers: [(String, String)], _ body: String, _ look: (borrowing EventDraft) -> Void = { _ in }
    ) -> Problem? {
        var reader = reader()
        var draft = EventDraft()
        return withBytes(body) { bytes in
            do throws(Problem) {
                try reader.readBinary(
                    { each in
                        for (name, value) in headers { withBytes(name) { name in withBytes(value) { each(name, $0) } } }
                    }, body: bytes, into: &draft)
                look(draft)
                return nil
            } catch {
                return error
            }
        }
    }

    static let required = [("ce-specversion", "1.0"), ("CE-ID", "1"), ("Ce-Source", "/s"), ("ce-type", "t")]

    @Test func `the binary form is read from headers of any case`() {
        let headers =
            Self.required + [
                ("Content-Type", "application/json"), ("ce-subject", "%E2%82%AC%20x"), ("ce-Ext1", "\"a b\""),
                ("host", "h"),
            ]
        let problem = Self.binary(headers, "{not json") { draft in
            let (id, subject) = (draft[.id]!.text, draft[.subject]!.text)
            let (ext, type) = (draft.attribute(named: "ext1")!.text, draft[.contentType]!.text)
            #expect(id == "1" && subject == "€ x" && ext == "a b" && type == "application/json")
            let data = draft.data!.text
            #expect(data == "{not json")
        }
        #expect(problem == nil)
        var kind = EventDataKind.binary
        #expect(Self.binary(Self.required, "", { kind = $0.dataKind }) == nil)
        #expect(kind == .none)
        #expect(Self.binary(Self.required + [("ce-datacontenttype", "text/plain")], "x") == nil)
    }

    static let badHeaders: [([(String, String)], [String])] = [
        (
            [],
            [
                "header:ce-specversion required", "header:ce-id required", "header:ce-source required",
                "header:ce-type required",
            ]
        ),
        (required + [("ce-id", "2")], ["header:ce-id duplicate"]),
        (required + [("ce-specversion", "1.0")], ["header:ce-specversion duplicate"]),
        (required + [("ce-x", "1"), ("ce-X", "2")], ["header:ce-x duplicate"]),
        (required + [("ce-subject", "%C0%A0")], ["header:ce-subject utf-8"]),
        (required + [("ce-subject", "")], ["header:ce-subject non-empty"]),
        (required + [("ce-subject", "%01")], ["header:ce-subject characters"]),
        (required + [("ce-a_b", "x")], ["header:ce-a_b extension-name"]),
        (required + [("ce-data", "x")], ["header:ce-data extension-name"]),
        (required + [("ce-", "x")], ["header:ce- extension-name"]),
        (required + [("ce-time", "noon")], ["header:ce-time rfc3339"]),
        (required + [("content-type", "nope")], ["header:content-type media-type"]),
        (
            required + [("content-type", "a/b"), ("ce-datacontenttype", "c/d")],
            ["header:ce-datacontenttype one-content-type"]
        ),
    ]

    @Test(arguments: badHeaders.indices)
    func `wrong headers are refused by name`(_ index: Int) {
        let (headers, found) = Self.badHeaders[index]
        #expect(Self.rules(Self.binary(headers, "x")) == found)
    }

    @Test func `a draft of our own is checked like any other`() throws {
        var reader = Self.reader()
        var draft = EventDraft()
        draft.set(.id, "1")
        draft.set(.source, "/s")
        draft.set(.type, "t")
        draft.setExtension("a", "1")
        draft.setExtension("a", "2")
        try reader.check(draft)
        let (count, value) = (draft.extensionCount, draft.extensionValue(0).text)
        #expect(count == 1 && value == "2")
        draft.setExtension("Bad", "1")
        draft.clear(.source)
        do {
            try reader.check(draft)
            Issue.record("it must be refused")
        } catch {
            #expect(Self.rules(error) == ["/Bad extension-name", "/source required"])
        }
    }

    @Test func `no bytes trap the reader`() {
        let random = SeededRandom(seed: 42)
        var reader = Self.reader()
        var draft = EventDraft()
        let seed = Array(
            Self.structured(#""subject":"ü\u00e9","time":"2026-01-01T00:00:00Z","x":-5,"data_base64":"AAAA","y":true"#)
                .utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...Int(random.next(below: 3)) {
                bytes[Int(random.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
            }
            bytes.withUnsafeBytes { try? reader.readPlain($0, into: &draft) }
        }
    }
}
