// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct JSONWriterTests {
    @Test func `commas and nesting come out right`() throws {
        let text = JSONWriter.text { json in
            json.beginObject()
            json.key("a")
            json.array { json in
                json.number(1)
                json.object { _ in }
                json.array { $0.null() }
                json.bool(true)
            }
            json.member("b", "x")
            json.member("c", nil as String?)
            json.member("d", 7 as Int?)
            json.key("e\"" as String)
            json.number(0.5)
            json.endObject()
        }
        #expect(text == #"{"a":[1,{},[null],true],"b":"x","d":7,"e\"":0.5}"#)
    }

    @Test func `every scalar survives being written and read`() throws {
        var all = String.UnicodeScalarView()
        for value in UInt32(0)...0x3000 { if let scalar = UnicodeScalar(value) { all.append(scalar) } }
        all.append(contentsOf: "\u{FFFD}\u{FFFE}\u{10000}\u{10FFFF}".unicodeScalars)
        let text = String(all)
        #expect(try JSONValue.parse(JSONWriter.text { $0.string(text) }) == .string(text))
    }

    @Test func `bytes that are not UTF-8 become the replacement character`() throws {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62, 0xED, 0xA0, 0x80, 0xC3]
        let text = JSONWriter.text { json in bytes.withUnsafeBytes { json.string($0) } }
        #expect(text == "\"a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\"")
    }

    @Test(arguments: [Double.infinity, -Double.infinity, Double.nan])
    func `a number that JSON cannot say becomes null`(_ value: Double) {
        #expect(JSONWriter.text { $0.number(value) } == "null")
    }

    @Test func `it writes behind what the buffer has`() {
        var buffer = ByteBuffer()
        buffer.append("x=")
        JSONWriter.write(into: &buffer) { $0.value(.array([.number(JSONNumber(-3)), .string("\u{1}")])) }
        #expect(buffer.text() == "x=[-3,\"\\u0001\"]")
    }
}
