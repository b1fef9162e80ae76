// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct RoutingWordsTests {
    @Test(arguments: [
        ("orders", true), ("0", true), ("a.b_c-d", true), (String(repeating: "a", count: 128), true), ("", false),
        (".a", false), ("-a", false), ("A", false), ("a b", false), ("a/b", false), ("é", false),
        (String(repeating: "a", count: 129), false),
    ])
    func `names`(_ text: String, _ isName: Bool) { #expect((Name(text) != nil) == isName) }

    @Test(arguments: [
        ("order.created", "order.created", true), ("order.created", "order.create", false),
        ("order.*", "order.created", true), ("order.*", "order.", true), ("order.*", "order", false),
        ("order_*", "order_x", true), ("*", "", true), ("*", "OrderPlaced", true), ("Order*", "order", false),
    ])
    func `a pattern means a type`(_ pattern: String, _ type: String, _ isMeant: Bool) throws {
        let pattern = try #require(TypePattern(pattern))
        #expect(Array(type.utf8).withUnsafeBytes { pattern.matches($0) } == isMeant)
    }

    @Test(arguments: ["", "order.*.created", "**", "a\u{7F}", "a\n", "\u{FFFE}", String(repeating: "a", count: 513)])
    func `what is no pattern`(_ text: String) { #expect(TypePattern(text) == nil) }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a*", "abc", true), ("abc", "a*", true), ("a*", "ab*", true),
        ("ab*", "a*", true), ("ab*", "ac*", false), ("a*", "b", false), ("*", "x", true),
    ])
    func `patterns overlap`(_ left: String, _ right: String, _ overlap: Bool) throws {
        #expect(try #require(TypePattern(left)).overlaps(#require(TypePattern(right))) == overlap)
    }

    @Test(arguments: [
        ("https://email.internal/events", "email.internal", UInt16(443), "/events", "email.internal"),
        ("http://Host", "host", 80, "/", "host"), ("http://h:8080?x=1", "h", 8080, "/?x=1", "h:8080"),
        ("HTTPS://h:443/a%20b", "h", 443, "/a%20b", "h"), ("http://[::1]:9/x", "::1", 9, "/x", "[::1]:9"),
        ("http://127.0.0.1:1/", "127.0.0.1", 1, "/", "127.0.0.1:1"), ("http://a_b.c./", "a_b.c.", 80, "/", "a_b.c."),
    ])
    func `an endpoint's URL`(_ text: String, _ host: String, _ port: UInt16, _ target: String, _ authority: String)
        throws
    {
        let url = try #require(EndpointURL(text))
        #expect(url.host == host && url.port == port && url.target == target && url.authority == authority)
    }

    @Test(arguments: [
        "", "ftp://h/", "http://", "http:///x", "http://u:p@h/", "http://h/#f", "http://h/ x", "http://h:0/",
        "http://h:65536/", "http://h:/", "http://h:8a/", "http://h/%4", "http://h/%zz", "http://-h/", "http://a..b/",
        "http://[::1", "http://[zz]/", "http://[::1]x/", "http://é/", "http://h/\r\nx: y", "//h/", "http://h/[",
        "http://h\\x/", "https://" + String(repeating: "a", count: 2048),
    ])
    func `what is no endpoint's URL`(_ text: String) { #expect(EndpointURL(text) == nil) }

    @Test func `a secret never prints`() {
        let secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLk3f")
        #expect("\(secret)" == "whsec_…k3f")
        var dumped = ""
        dump([secret], to: &dumped)
        debugPrint(secret, to: &dumped)
        #expect(!dumped.contains("MfKQ9r8G"))
        #expect(Secret("short").masked == "…" && Secret("whsec_short").masked == "whsec_…")
        #expect(Secret("a bearer token of some length").masked == "…gth")
    }

    @Test(arguments: [
        ("", [], ""), ("/a/b", ["a", "b"], "/a/b"), ("/", [""], "/"), ("/a~1b/~0", ["a/b", "~"], "/a~1b/~0"),
    ])
    func `a JSON pointer`(_ text: String, _ tokens: [String], _ written: String) throws {
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.tokens == tokens && pointer.description == written)
    }

    @Test(arguments: ["a", "/~", "/~2", "/a~"]) func `what is no JSON pointer`(_ text: String) {
        #expect(JSONPointer(text) == nil)
    }

    @Test(arguments: [
        ("entity", "subject"), ("none", nil), ("type", "type"), ("partitionkey", "partitionkey"),
    ])
    func `a route's key`(_ text: String, _ attribute: String?) throws {
        let key = try #require(RouteKey(text))
        #expect(key.description == text && key.attribute == attribute)
    }

    @Test(arguments: ["subject", "time", "data", "", "a-b", "A"]) func `what is no route's key`(_ text: String) {
        #expect(RouteKey(text) == nil)
    }

    @Test func `pauses grow up to the longest`() {
        let policy = RetryPolicy(first: .seconds(1), factor: 3, longest: .seconds(20))
        #expect(
            [1, 2, 3, 4, 1000].map { policy.pause(afterFailure: $0).millis } == [1000, 3000, 9000, 20_000, 20_000])
        let total = (1..<16).map { RetryPolicy().pause(afterFailure: $0).nanos / 1_000_000_000 }.reduce(0, +)
        #expect((37...39).contains(total / 3600), "the default tries for about 38 hours")
    }
}
