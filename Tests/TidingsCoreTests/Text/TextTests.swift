// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

/// Lends a text's bytes.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes(body)
}

@Suite struct TimeTextTests {
    static let valid: [(String, Int64)] = [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1), ("1969-12-31T23:59:59.999Z", -1),
        ("2026-11-24T15:06:21+01:00", 1_795_529_181_000), ("2026-11-24t15:06:21.5z", 1_795_532_781_500),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2000-02-29T12:00:00-23:59", 951_911_940_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2017-01-01T00:59:60+01:00", 1_483_228_800_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999),
        ("2026-01-01T00:00:00.1234567891234567Z", 1_767_225_600_123), ("2026-01-01T00:00:00-00:00", 1_767_225_600_000),
    ]

    @Test(arguments: valid)
    func `a time of RFC 3339 is read`(_ text: String, _ millis: Int64) {
        #expect(RFC3339.wallTime(text)?.millis == millis)
    }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24T15:06Z", "2026-11-24T15:06:21", "2026-11-24 15:06:21Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z", "2026-01-01T23:59:61Z",
        "2026-01-15T23:59:60Z", "2026-12-31T22:59:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+01", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
        "26-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "2026-1-1T00:00:00Z", "20260101T000000Z", "yesterday",
        "2026-01-01T00:00:00.5", "2026-01-01T00:00:00.1٣Z", "-026-01-01T00:00:00Z",
    ])
    func `what is no time is refused`(_ text: String) {
        #expect(RFC3339.wallTime(text) == nil)
    }

    @Test func `every day of five centuries is written and read back`() {
        for day in -80_000..<110_000 {
            let time = WallTime(millis: Int64(day) * 86_400_000 + 86_399_987)
            #expect(RFC3339.wallTime(RFC3339.format(time)) == time)
        }
        #expect(RFC3339.format(WallTime(millis: 1_795_532_781_005)) == "2026-11-24T15:06:21.005Z")
        #expect(RFC3339.format(WallTime(millis: .max)) == "9999-12-31T23:59:59.999Z")
        #expect(RFC3339.format(WallTime(millis: .min)) == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        ("0s", 0), ("250ms", 250), ("10s", 10_000), ("1h30m", 5_400_000), ("7d", 604_800_000),
        ("1d2h3m4s5ms", 93_784_005),
        ("1m1ms", 60_001),
    ])
    func `a duration is read and written`(_ text: String, _ millis: Int) {
        #expect(DurationText.parse(text) == .milliseconds(millis))
        #expect(DurationText.format(.milliseconds(millis)) == text)
    }

    @Test(arguments: [
        "", "10", "s", "-1s", "1.5s", "1s1m", "1s1s", "1 s", "10S", "1h 30m", "99999999999999999999s", "10001d", "1w",
        "٣s",
    ])
    func `what is no duration is refused`(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }
}

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 has the vectors of RFC 4648`(_ plain: String, _ coded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == coded)
        #expect(Base64.decode(coded) == Array(plain.utf8))
    }

    @Test func `base64 gives all bytes back`() {
        for count in 0...260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Z===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm9_", "====", "Zg==Zg==", "Zm9v=", "=Zm9",
    ])
    func `base64 that is not strict is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["a", "0g", "zz", "0x", " 0"])
    func `what is not hexadecimal is refused`(_ text: String) {
        #expect(Hex.decode(text) == nil)
    }

    static let headers: [(String, String)] = [
        ("plain", "plain"), ("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"), ("100%", "100%25"), ("\"q\"", "%22q%22"),
        ("a\u{7F}\u{1}", "a%7F%01"), ("", ""),
    ]

    @Test(arguments: headers)
    func `attributes go through headers and back`(_ value: String, _ header: String) {
        var buffer = ByteBuffer()
        withBytes(value) { PercentCoding.encodeHeader($0, into: &buffer) }
        #expect(buffer.text() == header)
        buffer.removeAll()
        #expect(withBytes(header) { PercentCoding.decodeHeader($0, into: &buffer) })
        #expect(buffer.text() == value)
    }

    @Test(arguments: [
        ("\"quoted \\\" text\"", "quoted \" text"), ("50% off", "50% off"), ("%2", "%2"), ("%zz", "%zz"),
        ("%2525", "%25"),
        ("ü", "ü"), ("\"", "\""), ("\"\"", ""), ("%e2%82%ac", "€"),
    ])
    func `headers that are not encoded as they should be are read kindly`(_ header: String, _ value: String) {
        var buffer = ByteBuffer()
        #expect(withBytes(header) { PercentCoding.decodeHeader($0, into: &buffer) })
        #expect(buffer.text() == value)
    }

    @Test(arguments: ["%C0%A0", "%FF", "a%E2%82"])
    func `headers that hide bad UTF-8 are refused`(_ header: String) {
        var buffer = ByteBuffer()
        #expect(!withBytes(header) { PercentCoding.decodeHeader($0, into: &buffer) })
        #expect(buffer.text() == "")
    }
}

@Suite struct SyntaxTests {
    static let uris = [
        "https://example.com/a?b=c&d#e", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "mailto:cncf@example.com",
        "http://[2001:db8::1]:8080/x", "http://user:pw@host", "a:", "tag:x,2026:y", "http://h/%41", "file:///etc",
        "x://",
        "http://[v1.fe:x]/", "http://h:/", "HTTP://H?#",
    ]
    static let references = [
        "/order-service", "", "#fragment", "?q", "1-555-123-4567", "../a:b", "./a:b", "//host/p", "a/b:c",
    ]
    static let neither = [
        "a b", "<x>", "/ü", "/%", "/%4", "/%zz", "/a|b", "/a\\b", "http://[::1/x", "http://h:8x/", "1a:b", ":x",
        "a#b#c",
        "http://[1]/", "http://h]/", "/`", "/\"", "/{x}", "http://a b/", "http://[::g]/", "/a^b",
    ]

    @Test(arguments: uris)
    func `a URI is one, and a reference too`(_ text: String) {
        #expect(withBytes(text, URIText.isURI))
        #expect(withBytes(text, URIText.isReference))
    }

    @Test(arguments: references)
    func `a relative reference is no URI`(_ text: String) {
        #expect(!withBytes(text, URIText.isURI))
        #expect(withBytes(text, URIText.isReference))
    }

    @Test(arguments: neither)
    func `what is no reference is refused`(_ text: String) {
        #expect(!withBytes(text, URIText.isURI))
        #expect(!withBytes(text, URIText.isReference))
    }

    @Test(arguments: [
        "application/json", "text/plain; charset=utf-8", "text/plain;charset=\"a \\\" b\"", "application/vnd.x+json",
        "a/b ; c=d;e=f", "multipart/form-data; boundary=x",
    ])
    func `a media type is one`(_ text: String) { #expect(withBytes(text, MediaType.isValid)) }

    @Test(arguments: [
        "", "json", "/json", "application/", "a/b;", "a/b;c", "a/b;c=", "a/b c", "a b/c", "a/b;c=\"d", "a/b\r\nx",
        "a//b",
        "ä/b", "a/b;=c", "*/*;q",
    ])
    func `what is no media type is refused`(_ text: String) { #expect(!withBytes(text, MediaType.isValid)) }

    @Test(arguments: [
        ("application/json", true), ("Application/JSON; charset=utf-8", true), ("text/json", true),
        ("application/vnd.x+json", true), ("application/jsonx", false), ("application/xml", false), ("+json", false),
    ])
    func `JSON types are known`(_ text: String, _ isJSON: Bool) { #expect(withBytes(text, MediaType.isJSON) == isJSON) }

    @Test(arguments: [
        ("subscripton", "subscriptions"), ("event-type", "event_type"), ("topcis", "topics"), ("xyz", nil), ("", nil),
        ("ROUTES", "routes"),
    ])
    func `the word that was meant is found`(_ word: String, _ meant: String?) {
        #expect(Spelling.nearest(to: word, in: ["event_type", "routes", "subscriptions", "topics"]) == meant)
    }

    @Test(
        arguments: [
            ([0x70, 0x20], nil), ([0x74, 0x61, 0x62, 0x09], 3), ([0], 0),
            ([0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x7F], 7),
            ([0x80], 0), ([0x9F], 0), ([0xA0], nil), ([0xFC, 0x20AC, 0x1F600], nil), ([0x78, 0xFDD0], 1), ([0xFDEF], 0),
            ([0xFDCF, 0xFDF0], nil), ([0xFFFE], 0), ([0xFFFF], 0), ([0x1FFFE], 0), ([0x10FFFF], 0), ([0xFFFD], nil),
            (Array(repeating: 0x7E, count: 15) + [0x0A], 15), (Array(repeating: 0x20, count: 32), nil),
        ] as [([UInt32], Int?)])
    func `characters that attributes must not have are found`(_ scalars: [UInt32], _ at: Int?) {
        let text = String(String.UnicodeScalarView(scalars.map { UnicodeScalar($0)! }))
        #expect(withBytes(text, AttributeText.firstForbidden) == at)
    }
}
