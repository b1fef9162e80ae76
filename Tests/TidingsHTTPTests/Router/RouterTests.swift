// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsHTTP

@Suite struct RouterTests {
    private static func bench(_ settings: (inout HTTPServerSettings) -> Void = { _ in }) -> (ServerBench, Router) {
        let router = Router(logger: Logger("http", to: nil))
        func add(_ method: HTTPMethod, _ path: String, query: [String]? = []) {
            router.add(method, path, query: query) { request, responder throws(Problem) in
                var text = path
                for place in 0..<request.match.count { text += " [\(try request.parameter(place))]" }
                responder.respond(.ok, contentType: "text/plain", text: text)
            }
        }
        add(.get, "/")
        add(.get, "/v1/topics")
        add(.get, "/v1/topics/{name}")
        add(.put, "/v1/topics/{name}")
        add(.get, "/v1/topics/{name}/events", query: ["limit", "from"])
        add(.get, "/v1/topics/special/events")
        add(.get, "/v1/topics/{name}/partitions/{partition}/events/{offset}")
        let bench = ServerBench(settings)
        bench.answer = { request, responder in router.handle(request, responder) }
        bench.router = router
        return (bench, router)
    }

    @Test(arguments: [
        ("GET", "/", "200 /"), ("GET", "/v1/topics", "200 /v1/topics"), ("GET", "/v1/topics/", "404"),
        ("GET", "/v1/topics/a", "200 /v1/topics/{name} [a]"), ("PUT", "/v1/topics/a", "200 /v1/topics/{name} [a]"),
        ("GET", "/v1/topics/a%2Fb%20c", "200 /v1/topics/{name} [a/b c]"), ("GET", "/v1/topics/%ff", "404"),
        ("GET", "/v1/topics/special", "200 /v1/topics/{name} [special]"),
        ("GET", "/v1/topics/special/events", "200 /v1/topics/special/events"),
        ("GET", "/v1/topics/speciall/events", "200 /v1/topics/{name}/events [speciall]"),
        (
            "GET", "/v1/topics/special/partitions/3/events/4",
            "200 /v1/topics/{name}/partitions/{partition}/events/{offset} [special] [3] [4]"
        ),
        ("GET", "/%761/topics", "200 /v1/topics"), ("GET", "/v1//topics", "404"),
        ("GET", "/v1/topics/../topics", "404"),
        ("GET", "/v1/topics/..", "200 /v1/topics/{name} [..]"), ("DELETE", "/v1/topics/a", "405"), ("POST", "/", "405"),
        ("HEAD", "/v1/topics", "200"), ("OPTIONS", "/v1/topics/a", "204"), ("OPTIONS", "*", "204"),
        ("GET", "/v1/topics/a/events?limit=1&from=x", "200 /v1/topics/{name}/events [a]"),
        ("GET", "/v1/topics/a/events?limt=1", "422"), ("GET", "/v1/topics?x=1", "422"),
        ("GET", "/v1/topics?", "200 /v1/topics"),
        ("GET", "/v1/topics?a=%ff", "422"),
    ])
    func `a path leads to its route`(_ method: String, _ path: String, _ outcome: String) {
        let (bench, _) = Self.bench()
        let answer = bench.exchange("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        let status = String(answer.split(separator: " ").dropFirst().first ?? "")
        if outcome.count == 3 {
            #expect(status == outcome, "\(answer)")
        } else {
            #expect("\(status) \(answer.split(separator: "\r\n\r\n").last ?? "")" == outcome)
        }
    }

    @Test func `what is refused says what would do`() {
        let (bench, _) = Self.bench()
        #expect(
            bench.exchange("DELETE /v1/topics/a HTTP/1.1\r\nHost: a\r\n\r\n").contains(
                "Allow: GET, HEAD, PUT, OPTIONS\r\n"))
        #expect(bench.exchange(ServerBench.get("/v1/topics/a/events?limt=1")).contains("'limit'"))
        #expect(bench.exchange(ServerBench.get("/nothing")).contains("There is nothing at /nothing."))
    }

    private static func parameters(_ query: String) throws(Problem) -> QueryParameters {
        let bytes = Array(query.utf8)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(Problem) -> QueryParameters in try QueryParameters(bytes) }
        }
        return try result.get()
    }

    private enum Choice: String, CaseIterable { case record, cloudevent }

    @Test func `query parameters are read strictly`() throws {
        let query = try Self.parameters("a=1&b=x+y%2B&c&d=&a2=%C3%A9&a2=2&n=-5&t=true&as=record")
        #expect(try query.integer("a", in: 0...9) == 1)
        #expect(try query.text("b") == "x y+" && query.text("c") == "" && query.text("d") == "")
        #expect(query.all("a2") == ["é", "2"] && query.all("none").isEmpty)
        #expect(try query.integer("n", in: -9...0) == -5 && query.integer("none", in: 0...1) == nil)
        #expect(try query.flag("t") == true && query.choice("as", Choice.self) == .record)
        func rule(_ work: () throws(Problem) -> Void) -> String {
            do throws(Problem) {
                try work()
                return "none"
            } catch {
                return
                    "\(error.code.rawValue) \(error.violations.first?.pointer ?? "") \(error.violations.first?.rule ?? "")"
            }
        }
        #expect(rule { () throws(Problem) in _ = try query.text("a2") } == "invalid-parameter query:a2 once")
        #expect(
            rule { () throws(Problem) in _ = try query.integer("a", in: 2...3) }
                == "invalid-parameter query:a integer 2..3")
        for text in ["a=+1", "a=1.0", "a=", "a=0x1", "a=99999999999999999999"] {
            let bad = try Self.parameters(text)
            #expect(
                rule { () throws(Problem) in _ = try bad.integer("a", in: 0...100) }.hasPrefix("invalid"), "\(text)")
        }
        #expect(rule { () throws(Problem) in _ = try query.flag("a") } == "invalid-parameter query:a boolean")
        #expect(
            rule { () throws(Problem) in _ = try query.choice("b", Choice.self) }.contains("one of: record, cloudevent")
        )
        #expect(rule { () throws(Problem) in _ = try Self.parameters("a=%zz") } == "invalid-parameter query:a utf-8")
        #expect(
            rule { () throws(Problem) in _ = try Self.parameters(String(repeating: "a&", count: 101)) }.contains("most")
        )
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.0.0.1:7400", true), ("127.255.3.4", true), ("localhost", true),
        ("LocalHost:1", true),
        ("localhost.", true), ("x.localhost:80", true), ("[::1]", true), ("[::1]:80", true),
        ("127.0.0.1.evil.test", false), ("127.0.0", false), ("127.0.0.256", false), ("0127.0.0.1", false),
        ("128.0.0.1", false), ("evil.test", false), ("localhost.evil.test", false), ("notlocalhost", false),
        ("[::2]", false), ("[::1", false), ("0.0.0.0", false), ("", false), ("127.0.0.1.", false), ("127.1", false),
    ])
    func `loopback is told from what looks like it`(_ host: String, _ isLoopback: Bool) {
        #expect(Array(host.utf8).withUnsafeBytes { LoopbackGuard.isLoopback($0) } == isLoopback)
    }

    @Test func `requests are counted per route`() {
        let metrics = Metrics()
        let router = Router(logger: Logger("http", to: nil), metrics: metrics)
        router.add(.get, "/a/{b}") { _, responder throws(Problem) in responder.respond(204) }
        let bench = ServerBench { $0.reports = true }
        bench.answer = { request, responder in router.handle(request, responder) }
        bench.router = router
        for path in ["/a/1", "/a/2", "/b"] { _ = bench.exchange(ServerBench.get(path)) }
        var text = ByteBuffer()
        metrics.expose(into: &text)
        #expect(text.text().contains("tidings_http_requests_total{method=\"GET\",route=\"/a/{b}\",status=\"2xx\"} 2\n"))
        #expect(text.text().contains("tidings_http_requests_total{method=\"other\",route=\"none\",status=\"4xx\"} 1\n"))
        #expect(text.text().contains("tidings_http_request_seconds_count{method=\"GET\",route=\"/a/{b}\"} 2\n"))
    }
}
