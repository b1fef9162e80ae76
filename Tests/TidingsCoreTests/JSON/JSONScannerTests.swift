// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct JSONScannerTests {
    /// Texts in the manner of JSONTestSuite that every reader must take.
    static let valid: [String] = [
        "null", "true", "false", " 1 ", "\t\r\n[]\n", "{}", "[ ]", "{ }", "0", "-0", "-1", "0.5", "1e3", "1E+3",
        "1.25e-10", "123456789012345678901234567890", "1e400", "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\"", "\"\\ud83d\\ude00\"", "\"\u{7F}\"", "\"ü€😀\"", "\"\u{2028}\u{2029}\"", "[1,2,[3,[4]]]",
        "{\"a\":1,\"b\":{\"a\":2}}", "{\"\":0}", "[{\"a\":[{\"b\":null}]}]", "\"\\u0000\"", "{\"a\":1,\"A\":2}",
        "[\"a long plain string that crosses several words of eight bytes\"]", "\"\\u0022 is a quote\"",
    ]

    @Test(arguments: valid)
    func `what RFC 8259 allows is taken`(_ text: String) throws {
        let value = try JSONValue.parse(text)
        // What it says is what it read.
        #expect(try JSONValue.parse(value.text) == value)
    }

    /// Texts that are refused, and the byte at which it shows.
    static let invalid: [(String, Int)] = [
        ("", 0), ("   ", 3), ("nul", 0), ("True", 0), ("nulll", 4), ("[", 1), ("[1", 2), ("[1,", 3), ("[1,]", 3),
        ("[,1]", 1), ("[1 2]", 3), ("[1}", 2), ("{", 1), ("{\"a\"", 4), ("{\"a\":", 5), ("{\"a\":1", 6),
        ("{\"a\":1,", 7), ("{\"a\":1,}", 7), ("{a:1}", 1), ("{'a':1}", 1), ("{\"a\" 1}", 5), ("{1:2}", 1), ("]", 0),
        ("01", 1), ("-", 1), ("-a", 1), ("+1", 0), (".5", 0), ("1.", 2), ("1.e1", 2), ("1e", 2), ("1e+", 3),
        ("0x1", 1), ("NaN", 0), ("Infinity", 0), ("-Infinity", 1), ("1_000", 1), ("\"", 1), ("\"a", 2),
        ("\"\\\"", 3), ("\"\\", 2), ("\"\\x\"", 2), ("\"\\u12\"", 5), ("\"\\u12g4\"", 5), ("\"\\u\"", 3),
        ("\"\\ud800\"", 1), ("\"\\ude00\"", 1), ("\"\\ud800\\u0041\"", 1), ("\"\\ud800\\ud800\"", 1),
        ("\"\\ud800x\"", 1), ("\"a\nb\"", 2), ("\"a\u{0}b\"", 2), ("\"a\tb\"", 2), ("1 2", 2), ("{}{}", 2), ("[] x", 3),
        ("\u{FEFF}1", 0), ("\u{A0}1", 0), ("\u{C}1", 0), ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"\\u0061\":2}", 7),
        ("{\"a\":{},\"b\":[{\"c\":1,\"c\":1}]}", 20), ("/**/1", 0), ("[1,//\n2]", 3),
    ]

    @Test(arguments: invalid)
    func `what it does not allow is refused at its byte`(_ text: String, _ position: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.position == position, "\(error?.description ?? "")")
        #expect(error?.reason.isEmpty == false)
    }

    static let badBytes: [([UInt8], Int)] = [
        ([0x22, 0xFF, 0x22], 1), ([0x22, 0x80, 0x22], 1), ([0x22, 0xC0, 0x80, 0x22], 1),
        ([0x22, 0xC1, 0xBF, 0x22], 1), ([0x22, 0xE0, 0x80, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
        ([0x22, 0xF0, 0x80, 0x80, 0x80, 0x22], 1), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1),
        ([0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], 1), ([0x22, 0xE2, 0x82, 0x22], 1), ([0x22, 0x61, 0xC3], 2),
        ([0x00], 0), ([0x5B, 0x00, 0x5D], 1), ([0xEF, 0xBB, 0xBF, 0x31], 0), ([0xFE, 0xFF], 0),
    ]

    @Test(arguments: badBytes)
    func `bytes that are not UTF-8 are refused`(_ bytes: [UInt8], _ position: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
        #expect(error?.position == position)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `a hundred thousand levels are refused, sixty-four are taken`(_ level: String) throws {
        let error = #expect(throws: JSONError.self) {
            try JSONValue.parse(String(repeating: level, count: 100_000))
        }
        #expect(error?.reason.contains("64 deep") == true)
        _ = try JSONValue.parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))
        #expect(throws: JSONError.self) {
            try JSONValue.parse(String(repeating: "[", count: 65) + String(repeating: "]", count: 65))
        }
    }

    @Test(arguments: [2, 32, 33, 34, 40, 1_000, 20_000])
    func `a name that comes twice is found among any number of names`(_ count: Int) throws {
        let names = (0..<count).map { "\"name-\($0)\":0" }
        _ = try JSONValue.parse("{\(names.joined(separator: ","))}")
        for again in [0, count / 2, count - 1] {
            let text = "{\((names + [names[again]]).joined(separator: ","))}"
            let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
            #expect(error?.reason.contains("\"name-\(again)\" comes twice") == true)
        }
        // The same names one level down are other names.
        _ = try JSONValue.parse("{\"deeper\":{\(names.joined(separator: ","))},\(names.joined(separator: ","))}")
    }

    @Test func `a text cut at any byte is refused, not trapped on`() {
        let text = Array(#"{"a":[1,-2.5e+3,true,false,null,"x\u00e9\ud83d\ude00ü"],"b":{"c":{}}, "d" : "" }"#.utf8)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(text[..<count])) }
        }
    }

    @Test func `values are found where they lie`() throws {
        let text = Array(#" {"id" : "a\"b", "n":-1.5, "list":[1,{"x":2}] , "t":true}"#.utf8)
        try text.withUnsafeBytes { bytes in
            var scanner = JSONScanner()
            scanner.begin(bytes)
            var seen: [String] = []
            try scanner.enterObject()
            while let name = try scanner.nextName() {
                let value = try scanner.value()
                seen.append("\(scanner.string(name))=\(scanner.bytes(value.range).text)")
                if value.kind == .string { #expect(scanner.string(value) == "a\"b") }
            }
            try scanner.end()
            #expect(seen == [#"id="a\"b""#, "n=-1.5", #"list=[1,{"x":2}]"#, "t=true"])
        }
    }

    @Test func `what is read is what was meant`() throws {
        let value = try JSONValue.parse(
            #"{"s":"\u0041\n\ud83d\ude00é","n":12345678901234567890,"i":-7,"l":[null,false]}"#)
        #expect(value["s"]?.string == "A\n😀é")
        #expect(value["n"]?.integer == nil)
        #expect(value["n"]?.number?.text == "12345678901234567890")
        #expect(value["i"]?.integer == -7)
        #expect(value["l"]?[0]?.isNull == true)
        #expect(value["l"]?[1]?.bool == false)
        #expect(value["l"]?[2] == nil)
        #expect(value.object?.names == ["s", "n", "i", "l"])
        #expect(value["i"]?.number?.double == -7)
    }

    @Test func `bytes chosen at random never trap it`() {
        let random = SeededRandom(seed: 20_261_124)
        let alphabet = Array(#"{}[],:"\u0d8e+-.tfn1 "#.utf8) + [0xC3, 0xED, 0xF0, 0x80, 0x00]
        for _ in 0..<20_000 {
            let bytes = (0..<Int(random.next(below: 24))).map { _ in
                alphabet[Int(random.next(below: UInt64(alphabet.count)))]
            }
            _ = try? JSONValue.parse(bytes)
        }
    }
}
