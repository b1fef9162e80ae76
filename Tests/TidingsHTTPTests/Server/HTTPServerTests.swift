// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsHTTP

@Suite struct HTTPServerTests {
    private static func get(_ path: String, _ fields: String = "") -> String { ServerBench.get(path, fields) }
    private static func ok(_ text: String, _ fields: String = "") -> String { ServerBench.ok(text, fields) }

    // MARK: - Requests and answers

    static let exchanges: [(String, String)] = [
        (get("/a"), ok("GET /a ")),
        (get("/a") + get("/b"), ok("GET /a ") + ok("GET /b ")),
        ("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/b"), ok("POST /a abc") + ok("GET /b ")),
        (
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
                + get("/b"),
            ok("POST /a abc") + ok("GET /b ")
        ),
        (
            "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n"
        ),
        ("GET /a HTTP/1.0\r\n\r\n", ok("GET /a ", "Connection: close\r\n")),
        ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok("GET /a ", "Connection: keep-alive\r\n")),
        (get("/a", "Connection: close\r\n") + get("/b"), ok("GET /a ", "Connection: close\r\n")),
        (get("http://a/x"), ok("GET /x ")), (get("http://a"), ok("GET / ")),
    ]

    @Test(arguments: exchanges)
    func `requests are answered the same however they are cut`(_ sent: String, _ answered: String) {
        #expect(ServerBench().exchange(sent) == answered)
        let bytes = Array(sent.utf8)
        for place in 1..<bytes.count {
            let bench = ServerBench()
            bench.stream.receive(Array(bytes[..<place]))
            bench.clock.runUntilIdle()
            bench.stream.receive(Array(bytes[place...]))
            #expect(bench.turn() == answered, "cut at \(place)")
        }
        let bench = ServerBench()
        for byte in bytes { bench.stream.receive([byte]) }
        #expect(bench.turn() == answered)
        #expect(bench.stream.isOpen == !answered.contains("close"))
    }

    static let refusals: [(String, Int)] = [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505), ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 9000) + "\r\n\r\n", 431),
        ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n\r\n", 414),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n"
                + String(repeating: "a", count: 1001), 413
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 400),
    ]

    @Test(arguments: refusals)
    func `what is refused is answered with a problem, and the connection ends`(_ sent: String, _ status: Int) throws {
        let bench = ServerBench()
        let answer = bench.exchange(sent + Self.get("/smuggled"))
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.contains("Content-Type: application/problem+json\r\n"))
        if status != 501 || sent.contains("gzip") {
            #expect(answer.contains("Connection: close\r\n"))
            #expect(!bench.stream.isOpen && !bench.stream.wasAborted)
            #expect(bench.server.connectionCount == 0)
        }
        let body = try #require(answer.split(separator: "\r\n\r\n").dropFirst().first).prefix { $0 != "}" } + "}"
        let problem = try JSONValue.parse(String(body))
        #expect(problem["type"]?.string?.hasPrefix("https://tidings.dev/problems/") == true)
        #expect(body.contains("\"status\":\(status)"))
    }

    @Test func `a body that is not wanted but small is dropped, and the connection goes on`() {
        let bench = ServerBench()
        let body = String(repeating: "x", count: 2000)
        let answer = bench.exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n\(body)" + Self.get("/b"))
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(!answer.contains("Connection: close"))
        #expect(answer.hasSuffix(Self.ok("GET /b ")))
    }

    @Test func `bodies of all connections together have a limit, and give their room back`() {
        let bench = ServerBench { $0.collectedBodies = 1500 }
        let half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 900)
        #expect(bench.exchange(half).isEmpty)
        let other = MemoryStream()
        bench.server.serve(other)
        other.receive(half)
        _ = bench.turn()
        let refusal = other.take()
        #expect(refusal.hasPrefix("HTTP/1.1 429 "))
        #expect(refusal.contains("Retry-After: 1\r\n"))
        #expect(bench.exchange(String(repeating: "x", count: 100)).hasPrefix("HTTP/1.1 200 "))
        #expect(bench.server.collectedBytes == 0)
    }

    // MARK: - Order

    @Test func `answers leave in the order of their requests`() {
        let bench = ServerBench()
        bench.keepAll()
        #expect(bench.exchange(Self.get("/1") + Self.get("/2") + Self.get("/3")).isEmpty)
        func answer(_ path: String) -> String {
            bench.kept.removeValue(forKey: path)?.respond(.ok, contentType: "text/plain", text: path)
            return bench.turn()
        }
        #expect(answer("/3").isEmpty)
        #expect(answer("/1") == Self.ok("/1"))
        #expect(answer("/2") == Self.ok("/2") + Self.ok("/3"))
        #expect(bench.stream.isOpen)
    }

    @Test func `only so many requests are in flight, the others wait unread`() {
        let bench = ServerBench { $0.inFlight = 2 }
        bench.keepAll()
        _ = bench.exchange(Self.get("/1") + Self.get("/2") + Self.get("/3") + Self.get("/4"))
        #expect(bench.kept.keys.sorted() == ["/1", "/2"])
        #expect(bench.stream.isPaused)
        bench.kept.removeValue(forKey: "/1")?.respond(204)
        #expect(bench.turn() == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.kept.keys.sorted() == ["/2", "/3"])
        bench.kept.removeValue(forKey: "/2")?.respond(204)
        bench.kept.removeValue(forKey: "/3")?.respond(204)
        _ = bench.turn()
        #expect(bench.kept.keys.sorted() == ["/4"])
        #expect(!bench.stream.isPaused)
    }

    @Test func `a peer that takes no answers is not read any more`() {
        let bench = ServerBench()
        bench.stream.isStalled = true
        bench.stream.highWater = 100
        let requests = (0..<10).map { Self.get("/\($0)") }.joined()
        bench.stream.receive(requests)
        bench.clock.runUntilIdle()
        #expect(bench.stream.isPaused)
        #expect(bench.stream.bufferedByteCount < 300)
        var answers = ""
        for _ in 0..<20 { answers += bench.turn() }
        #expect(answers == (0..<10).map { Self.ok("GET /\($0) ") }.joined())
    }

    @Test func `a responder that is dropped answers 500`() {
        let bench = ServerBench()
        bench.answer = { _, _ in }
        #expect(bench.exchange(Self.get("/")).hasPrefix("HTTP/1.1 500 "))
        bench.keepAll()
        #expect(bench.exchange(Self.get("/a") + Self.get("/b")).isEmpty)
        bench.kept["/b"] = nil
        #expect(bench.turn().isEmpty)
        bench.kept["/a"] = nil
        let answers = bench.turn()
        #expect(answers.split(separator: "HTTP/1.1 500 ").count == 2, "\(answers)")
        #expect(bench.stream.isOpen)
    }

    // MARK: - 100-continue

    @Test func `leave to continue is given when the body is wanted and earlier answers are out`() {
        let head = "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        var bench = ServerBench()
        #expect(bench.exchange(head) == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(bench.exchange("abc") == Self.ok("POST /p abc"))
        bench = ServerBench()
        #expect(bench.exchange(head + "abc") == Self.ok("POST /p abc"), "the body came unasked")
        bench = ServerBench()
        bench.keepAll()
        #expect(bench.exchange(Self.get("/a") + head).isEmpty)
        bench.kept.removeValue(forKey: "/a")?.respond(204)
        #expect(bench.turn() == "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        bench = ServerBench()
        let refused = bench.exchange(head.replacing("Length: 3", with: "Length: 3000"))
        #expect(refused.hasPrefix("HTTP/1.1 413 ") && refused.contains("Connection: close"))
    }

    // MARK: - Time

    @Test func `headers that trickle are given ten seconds`() {
        let bench = ServerBench()
        for character in "GET / HT" {
            #expect(bench.exchange(String(character)).isEmpty)
            #expect(bench.advance(1).isEmpty)
        }
        let answer = bench.advance(4)
        #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("Connection: close"), "\(answer)")
        #expect(bench.server.connectionCount == 0)
    }

    @Test func `a connection that says nothing is closed without an answer`() {
        let bench = ServerBench()
        #expect(bench.advance(8).isEmpty && bench.stream.isOpen)
        #expect(bench.advance(4).isEmpty && !bench.stream.isOpen)
        let other = ServerBench()
        _ = other.exchange(Self.get("/"))
        #expect(other.advance(58).isEmpty && other.stream.isOpen)
        #expect(other.advance(4).isEmpty && !other.stream.isOpen)
        #expect(!other.stream.wasAborted)
    }

    @Test func `a body that trickles is refused, a slow one is not`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        let slow = ServerBench()
        slow.plan = .collect(atMost: 1 << 20)
        _ = slow.exchange(head)
        for _ in 0..<100 {
            #expect(slow.exchange(String(repeating: "a", count: 1100)).isEmpty)
            #expect(slow.advance(1).isEmpty)
        }
        #expect(slow.stream.isOpen)
        let trickle = ServerBench()
        trickle.plan = .collect(atMost: 1 << 20)
        _ = trickle.exchange(head)
        var answer = ""
        for _ in 0..<15 { answer += trickle.exchange("a") + trickle.advance(1) }
        #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
        #expect(trickle.server.connectionCount == 0)
    }

    @Test func `a request that waits for its answer has all the time`() {
        let bench = ServerBench()
        bench.keepAll()
        _ = bench.exchange(Self.get("/a"))
        #expect(bench.advance(1000).isEmpty && bench.stream.isOpen)
        bench.kept.removeAll()
        #expect(bench.turn().hasPrefix("HTTP/1.1 500"))
    }

    @Test func `a peer that takes nothing for thirty seconds is broken off`() {
        let bench = ServerBench()
        bench.stream.isStalled = true
        bench.stream.receive(Self.get("/"))
        bench.clock.advance(by: .seconds(28))
        #expect(bench.stream.isOpen)
        bench.clock.advance(by: .seconds(5))
        #expect(bench.stream.wasAborted)
    }

    // MARK: - The end

    @Test func `the peer's end ends an idle connection, and waits for answers in flight`() {
        let idle = ServerBench()
        idle.stream.receiveEnd()
        #expect(idle.turn().isEmpty && !idle.stream.isOpen)
        let busy = ServerBench()
        busy.keepAll()
        _ = busy.exchange(Self.get("/a"))
        busy.stream.receiveEnd()
        #expect(busy.turn().isEmpty && busy.stream.isOpen)
        busy.kept.removeValue(forKey: "/a")?.respond(204)
        #expect(busy.turn().hasPrefix("HTTP/1.1 204"))
        #expect(!busy.stream.isOpen && busy.server.connectionCount == 0)
        let cut = ServerBench()
        _ = cut.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        cut.stream.receiveEnd()
        #expect(cut.turn().isEmpty && cut.server.connectionCount == 0)
    }

    @Test func `a stop lets what is in flight end, and says so`() {
        let bench = ServerBench()
        let idle = MemoryStream()
        bench.server.serve(idle)
        bench.keepAll()
        _ = bench.exchange(Self.get("/1") + Self.get("/2"))
        var isStopped = false
        bench.server.stop(within: .seconds(10)) { isStopped = true }
        #expect(!idle.isOpen)
        idle.finish()
        let late = MemoryStream()
        bench.server.serve(late)
        #expect(late.wasAborted)
        bench.kept.removeValue(forKey: "/2")?.respond(204)
        bench.kept.removeValue(forKey: "/1")?.respond(204)
        #expect(
            bench.turn() == "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        #expect(isStopped && bench.server.connectionCount == 0)
    }

    @Test func `a stop that takes too long breaks off what is left`() {
        let bench = ServerBench()
        bench.keepAll()
        _ = bench.exchange(Self.get("/1"))
        var isStopped = false
        bench.server.stop(within: .seconds(10)) { isStopped = true }
        _ = bench.advance(9)
        #expect(!isStopped && bench.stream.isOpen)
        _ = bench.advance(2)
        #expect(isStopped && bench.stream.wasAborted)
        bench.kept.removeValue(forKey: "/1")?.respond(204)
    }

    @Test func `more connections than allowed are reset`() {
        let bench = ServerBench { $0.connections = 1 }
        let second = MemoryStream()
        bench.server.serve(second)
        #expect(second.wasAborted && bench.server.connectionCount == 1)
    }

    @Test func `ids are taken over when they are sane, and made otherwise`() {
        let bench = ServerBench { $0.requestIDs = true }
        #expect(bench.exchange(Self.get("/", "x-request-id: abc-1\r\n")).contains("x-request-id: abc-1\r\n"))
        let made = bench.exchange(Self.get("/", "x-request-id: a b\r\n"))
        #expect(made.contains(#/x-request-id: [0-9a-f]{24}\r\n/#), "\(made)")
        #expect(bench.exchange(Self.get("/")) != bench.exchange(Self.get("/")))
    }

    @Test func `how a request went is reported`() {
        let bench = ServerBench {
            $0.reports = true
            $0.remembersPaths = true
        }
        _ = bench.exchange(Self.get("/a?b") + "BAD\r\n")
        #expect(bench.reports == ["GET /a 200 7", "GET  400 \(bench.reports.last?.split(separator: " ").last ?? "")"])
    }

    @Test func `dates are written as the standard says`() {
        func date(_ seconds: Int64) -> String {
            var text = ByteBuffer()
            HTTPDate.append(seconds: seconds, to: &text)
            return text.text()
        }
        #expect(date(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(date(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(date(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(date(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
    }
}
