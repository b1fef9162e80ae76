// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsAPI

@Suite struct InboundMappingTests {
    static let hub = InboundWebhook(name: Name("hub")!, kind: .github(secret: Secret("It's a Secret to Everybody")))

    /// What a call becomes: attributes by name, or the problem's code and pointer.
    private func map(
        _ webhook: InboundWebhook, _ headers: [String: String], _ body: [UInt8]
    ) -> Result<[String: String], Problem> {
        var mapping = InboundMapping(webhook)
        var draft = EventDraft()
        return body.withUnsafeBytes { bytes in
            do throws(Problem) {
                let call = InboundMapping.Call(
                    contentType: headers["content-type"], event: headers["x-github-event"],
                    delivery: headers["x-github-delivery"], body: bytes)
                try mapping.fill(&draft, from: call)
            } catch {
                return .failure(error)
            }
            var found: [String: String] = [:]
            for attribute in EventAttribute.allCases {
                if let value = draft[attribute] { found[attribute.name.bytes.text] = value.text }
            }
            if draft.data.map({ $0.isEqual(to: bytes) }) != true { found["data"] = "differs" }
            return .success(found)
        }
    }

    private func gitHub(_ event: String) -> [String: String] {
        [
            "x-github-event": event, "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "content-type": "application/json",
        ]
    }

    @Test(arguments: [
        (
            #"{"action":"opened","repository":{"full_name":"o/r","id":1},"organization":{"login":"o"},"sender":{"login":"s"}}"#,
            "com.github.issues.opened", "https://github.com/o/r", "o/r" as String?
        ),
        (#"{"repository":{"full_name":"o/r"}}"#, "com.github.issues", "https://github.com/o/r", "o/r"),
        (#"{"organization":{"login":"o"},"sender":{"login":"s"}}"#, "com.github.issues", "https://github.com/o", nil),
        (#"{"sender":{"login":"some[bot]"}}"#, "com.github.issues", "https://github.com/some%5Bbot%5D", nil),
        (#"{"action":"a"}"#, "com.github.issues.a", "https://github.com", nil),
        (#"{"action":null,"repository":null,"organization":null}"#, "com.github.issues", "https://github.com", nil),
        (#"{"action":{"a":1},"repository":"o/r"}"#, "com.github.issues", "https://github.com", nil),
        (#"{"\u0061ction":"\u006fpened"}"#, "com.github.issues.opened", "https://github.com", nil),
        ("[]", "com.github.issues", "https://github.com", nil),
    ])
    func `a call of GitHub becomes an event`(
        _ body: String, _ type: String, _ source: String, _ entity: String?
    ) throws {
        var expected = [
            "id": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "type": type, "source": source,
            "datacontenttype": "application/json",
        ]
        expected["subject"] = entity
        #expect(try map(Self.hub, gitHub("issues"), [UInt8](body.utf8)).get() == expected)
    }

    @Test(.enabled(if: !RealGitHubEvents.all.isEmpty, "shared/real-events is not beside the repository"))
    func `every real payload of GitHub becomes an event`() throws {
        #expect(RealGitHubEvents.all.count == 256)
        var ofOneRepository = 0
        for payload in RealGitHubEvents.all {
            let event = try map(Self.hub, gitHub(payload.event), payload.body).get()
            let tree = try JSONValue.parse(payload.body)
            let action = tree["action"]?.string
            #expect(event["type"] == "com.github.\(payload.event)" + (action.map { ".\($0)" } ?? ""))
            let name = tree["repository"]?["full_name"]?.string
            #expect(event["subject"] == name)
            let page = name ?? tree["organization"]?["login"]?.string ?? tree["sender"]?["login"]?.string
            let expected = "https://github.com" + (page.map { "/" + $0 } ?? "")
            let plain = expected.replacing("[", with: "%5B").replacing("]", with: "%5D")
            #expect(event["source"] == plain, "\(payload)")
            #expect(event["data"] == nil)
            if name == "Codertocat/Hello-World" { ofOneRepository += 1 }
        }
        #expect(ofOneRepository == 184)
    }

    @Test(arguments: [
        (["x-github-event": ""], "{}", "bad-request", "header:x-github-event"),
        (["x-github-delivery": ""], "{}", "bad-request", "header:x-github-delivery"),
        ([:], "{", "unreadable-body", ""), ([:], "", "unreadable-body", ""), ([:], "{} x", "unreadable-body", ""),
        ([:], #"{"a":1,"a":2}"#, "unreadable-body", ""),
        ([:], String(repeating: "[", count: 100_000), "unreadable-body", ""),
        (
            ["content-type": "application/x-www-form-urlencoded"], "payload=%7B%7D", "unsupported-media-type",
            "header:content-type"
        ),
    ])
    func `a call of GitHub that lacks something is refused`(
        _ headers: [String: String], _ body: String, _ code: String, _ pointer: String
    ) {
        let result = map(Self.hub, gitHub("issues").merging(headers) { $1 }, [UInt8](body.utf8))
        guard case .failure(let problem) = result else {
            Issue.record("it was taken")
            return
        }
        #expect(problem.code.rawValue == code)
        #expect(problem.violations.first?.pointer == pointer)
    }

    private static func shop(entity: String? = "/order/id", id: String? = "/event/id") -> InboundWebhook {
        let generic = GenericInbound(
            type: JSONPointer("/event/name")!, entity: entity.flatMap { JSONPointer($0) },
            id: id.flatMap { JSONPointer($0) }, verify: nil)
        return InboundWebhook(name: Name("shop")!, kind: .generic(generic))
    }

    @Test(arguments: [
        (
            #"{"event":{"name":"sold","id":"e-1"},"order":{"id":17}}"#,
            ["type": "sold", "id": "e-1", "subject": "17"]
        ),
        (#"{"order":{"id":"o"},"event":{"id":1.50,"name":"sold"}}"#, ["type": "sold", "id": "1.50", "subject": "o"]),
        (#"{"event":{"name":"sold"}}"#, ["type": "sold"]),
        (#"{"event":{"name":"sold","id":null},"order":[]}"#, ["type": "sold"]),
        (#"{"event":{"name":"sold","id":""},"order":{"id":""}}"#, ["type": "sold"]),
    ])
    func `a call of any partner becomes an event`(_ body: String, _ expected: [String: String]) throws {
        let rest = ["source": "/in/shop", "datacontenttype": "application/json"]
        #expect(try map(Self.shop(), [:], [UInt8](body.utf8)).get() == expected.merging(rest) { $1 })
    }

    @Test(arguments: [
        ("{}", "/event/name", "required"), (#"{"event":{"name":""}}"#, "/event/name", "required"),
        (#"{"event":{"name":true}}"#, "/event/name", "string-or-number"),
        (#"{"event":{"name":{}}}"#, "/event/name", "string-or-number"),
        (#"{"event":{"name":"a"},"order":{"id":[]}}"#, "/order/id", "string-or-number"),
        (#"{"event":{"name":"a","id":{}}}"#, "/event/id", "string-or-number"),
    ])
    func `a place of the wrong kind is named`(_ body: String, _ pointer: String, _ rule: String) {
        guard case .failure(let problem) = map(Self.shop(), [:], [UInt8](body.utf8)) else {
            Issue.record("it was taken")
            return
        }
        #expect(problem.code == .invalidEvent)
        #expect(problem.violations.map(\.pointer) == [pointer])
        #expect(problem.violations.map(\.rule) == [rule])
    }

    @Test(arguments: [
        ("", #""x""#, "x"), ("/0", #"["a","b"]"#, "a"), ("/1/a", #"["a",{"a":"c"}]"#, "c"), ("/01", #"["a","b"]"#, nil),
        ("/-", #"["a"]"#, nil), ("/a~1b/~0", #"{"a/b":{"~":"x"}}"#, "x"), ("/", #"{"":"e"}"#, "e"),
        ("/a/b/c", #"{"a":{"b":"x"}}"#, nil), ("/ü", #"{"\u00fc":5}"#, "5"),
    ])
    func `pointers lead where RFC 6901 says`(_ pointer: String, _ body: String, _ expected: String?) throws {
        var fields = InboundFields([JSONPointer(pointer)!, JSONPointer("/nowhere")!])
        let bytes = [UInt8](body.utf8)
        let found = try bytes.withUnsafeBytes { try fields.read($0) }
        #expect(found.map(\.text) == [expected, nil])
    }

    @Test func `places may lie inside one another`() throws {
        var fields = InboundFields(["/a", "/a/b", "/a/b", ""].map { JSONPointer($0)! })
        let bytes = [UInt8](#"{"a":{"b":"x"}}"#.utf8)
        let found = try bytes.withUnsafeBytes { try fields.read($0) }
        #expect(found == [.other("an object"), .text("x"), .text("x"), .other("an object")])
    }
}
