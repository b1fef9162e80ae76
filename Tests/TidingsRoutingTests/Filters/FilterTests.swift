// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsRouting

@Suite struct FilterTests {
    static let event = ["type": "order.created", "subject": "o-17", "region": "eu", "specversion": "1.0"]

    @Test(arguments: [
        (#"[]"#, true), (#"[{"exact": {"region": "eu"}}]"#, true), (#"[{"exact": {"region": "EU"}}]"#, false),
        (#"[{"exact": {"region": "e"}}]"#, false), (#"[{"exact": {"region": "eu", "subject": "o-17"}}]"#, true),
        (#"[{"exact": {"region": "eu", "subject": "o-18"}}]"#, false), (#"[{"exact": {"absent": "x"}}]"#, false),
        (#"[{"prefix": {"subject": "o-"}}]"#, true), (#"[{"prefix": {"subject": "o-17x"}}]"#, false),
        (#"[{"suffix": {"subject": "17"}}]"#, true), (#"[{"suffix": {"subject": "xo-17"}}]"#, false),
        (#"[{"prefix": {"subject": "o-"}}, {"exact": {"region": "us"}}]"#, false),
        (#"[{"any": [{"exact": {"region": "us"}}, {"exact": {"region": "eu"}}]}]"#, true),
        (#"[{"all": [{"exact": {"region": "us"}}, {"exact": {"region": "eu"}}]}]"#, false),
        (#"[{"not": {"exact": {"absent": "x"}}}]"#, true),
        (#"[{"not": {"any": [{"suffix": {"type": "created"}}]}}]"#, false),
        (#"[{"exact": {"specversion": "1.0"}}]"#, true),
    ])
    func `filters hold or not`(_ json: String, _ holds: Bool) throws {
        let faults = ResourceFaults()
        var reader = ObjectReader(try JSONValue.parse("{\"filters\": \(json)}"), at: "", faults)
        let filters = FilterReader(faults).filters(&reader)
        #expect(faults.isEmpty)
        let values = Self.event.mapValues { SharedBytes(copying: $0) }
        let matcher = FilterMatcher(filters)
        #expect(matcher.holds { values[String(decoding: $0, as: UTF8.self)]?.buffer } == holds)
    }

    @Test(arguments: [
        (#"[{}]"#, "/filters/0 dialect"), (#"[{"exact": {}}]"#, "/filters/0/exact object"),
        (#"[{"exact": {"a": ""}}]"#, "/filters/0/exact/a size"),
        (#"[{"exact": {"a": 1}}]"#, "/filters/0/exact/a string"),
        (#"[{"exact": {"A": "x"}}]"#, "/filters/0/exact/A attribute"), (#"[{"sql": "1=1"}]"#, "/filters/0/sql dialect"),
        (#"[{"exact": {"a": "x"}, "not": {}}]"#, "/filters/0 dialect"), (#"[{"all": []}]"#, "/filters/0/all array"),
        (#"[{"any": [7]}]"#, "/filters/0/any/0 object"), (#"[{"not": []}]"#, "/filters/0/not object"),
        (#"{"exact": {"a": "x"}}"#, "/filters array"),
        (#"[{"exact": {"data": "x"}}]"#, "/filters/0/exact/data attribute"),
    ])
    func `what is no filter`(_ json: String, _ broken: String) throws {
        let faults = ResourceFaults()
        var reader = ObjectReader(try JSONValue.parse("{\"filters\": \(json)}"), at: "", faults)
        _ = FilterReader(faults).filters(&reader)
        #expect(faults.problem?.brokenRules == [broken])
    }

    @Test func `filters have a depth and a number`() throws {
        func problem(_ filters: String) throws -> Problem? {
            let faults = ResourceFaults()
            var reader = ObjectReader(try JSONValue.parse("{\"filters\": \(filters)}"), at: "", faults)
            _ = FilterReader(faults).filters(&reader)
            return faults.problem
        }
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"not": "#, count: depth - 1) + #"{"exact": {"a": "x"}}"#
                + String(repeating: "}", count: depth - 1)
        }
        #expect(try problem("[\(nested(16))]") == nil)
        #expect(try problem("[\(nested(17))]")?.violations.first?.rule == "depth")
        let many = Array(repeating: #"{"exact": {"a": "x"}}"#, count: 256).joined(separator: ",")
        #expect(try problem("[\(many)]") == nil)
        #expect(try problem("[\(many), {\"exact\": {\"a\": \"x\"}}]")?.violations.first?.rule == "size")
    }
}

extension SharedBytes {
    fileprivate convenience init(copying text: String) {
        let bytes = Array(text.utf8)
        self.init(capacity: bytes.count) { room in
            room.copyBytes(from: bytes)
            return bytes.count
        }
    }
}
