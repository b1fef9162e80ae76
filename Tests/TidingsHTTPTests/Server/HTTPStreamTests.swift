// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsHTTP

@Suite struct HTTPStreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `an answer is written bit by bit`() {
        let bench = ServerBench()
        bench.keepAll()
        #expect(bench.exchange(ServerBench.get("/1") + ServerBench.get("/2")).isEmpty)
        let second = bench.kept.removeValue(forKey: "/2")?.stream(.ok, contentType: "text/plain")
        second?.write("early")
        #expect(bench.turn().isEmpty)
        let first = bench.kept.removeValue(forKey: "/1")?.stream(.ok, contentType: "text/plain")
        #expect(bench.turn() == Self.head)
        first?.write("0123456789abcdef")
        first?.write("")
        #expect(bench.turn() == "10\r\n0123456789abcdef\r\n")
        first?.end()
        #expect(bench.turn() == "0\r\n\r\n" + Self.head + "5\r\nearly\r\n")
        second?.write(String(repeating: "x", count: 20_000))
        #expect(bench.turn() == "4e20\r\n" + String(repeating: "x", count: 20_000) + "\r\n")
        second?.end()
        #expect(bench.turn() == "0\r\n\r\n")
        #expect(bench.stream.isOpen)
    }

    @Test func `an old peer gets the body until the end, HEAD gets none`() {
        let old = ServerBench()
        old.answer = { _, responder in
            let stream = responder.stream(.ok, contentType: "text/plain")
            stream.write("abc")
            stream.end()
        }
        #expect(
            old.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nabc")
        #expect(!old.stream.isOpen && !old.stream.wasAborted)
        let bench = ServerBench()
        bench.answer = old.answer
        #expect(bench.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") == Self.head)
        #expect(bench.stream.isOpen)
    }

    @Test func `a stream that is dropped breaks the connection off`() {
        let bench = ServerBench()
        bench.answer = { _, responder in responder.stream(.ok, contentType: "text/plain").write("half") }
        _ = bench.exchange(ServerBench.get("/"))
        #expect(bench.stream.wasAborted && bench.server.connectionCount == 0)
    }

    @Test func `a writer hears when to wait, when to go on, and when the peer has gone`() throws {
        let bench = ServerBench()
        bench.keepAll()
        _ = bench.exchange(ServerBench.get("/"))
        let stream = try bench.take("/").stream(.ok, contentType: "text/plain")
        var drains = 0
        var closes = 0
        stream.onDrain = { drains += 1 }
        stream.onClose = { closes += 1 }
        bench.stream.isStalled = true
        bench.stream.highWater = 1000
        while stream.wantsMore { stream.write(String(repeating: "x", count: 100)) }
        #expect((1000..<1300).contains(stream.unsentCount) && drains == 0)
        _ = bench.turn()
        #expect(drains == 1 && stream.wantsMore)
        bench.stream.finish()
        #expect(closes == 1 && !stream.isOpen && !stream.wantsMore)
        stream.write("late")
        stream.end()
        #expect(closes == 1 && bench.server.connectionCount == 0)
    }

    @Test func `a writer hears that the server stops, and ends`() throws {
        let bench = ServerBench()
        bench.keepAll()
        _ = bench.exchange(ServerBench.get("/"))
        let stream = try bench.take("/").stream(.ok, contentType: "text/plain")
        stream.onStop = { [weak stream] in stream?.end() }
        #expect(bench.turn() == Self.head)
        var isStopped = false
        bench.server.stop(within: .seconds(10)) { isStopped = true }
        #expect(bench.turn() == "0\r\n\r\n")
        #expect(isStopped && !bench.stream.wasAborted)
    }

    @Test func `a writer that does not wait loses the connection`() throws {
        let bench = ServerBench { $0.mostUnsent = 5000 }
        bench.keepAll()
        _ = bench.exchange(ServerBench.get("/"))
        let stream = try bench.take("/").stream(.ok, contentType: "text/plain")
        bench.stream.isStalled = true
        for _ in 0..<60 { stream.write(String(repeating: "x", count: 100)) }
        #expect(bench.stream.wasAborted && !stream.isOpen)
    }

    @Test func `who waits for an answer hears that the peer has gone`() throws {
        let bench = ServerBench()
        bench.keepAll()
        _ = bench.exchange(ServerBench.get("/"))
        var gone = 0
        let responder = try #require(bench.kept["/"])
        responder.onPeerGone { gone += 1 }
        bench.stream.receiveEnd()
        _ = bench.turn()
        #expect(gone == 1 && responder.isPeerGone)
        responder.respond(204)
    }

    @Test func `nothing of a connection that is gone is kept`() throws {
        let bench = ServerBench()
        let log = Log()
        weak var connection: HTTPServerConnection?
        do {
            bench.keepAll()
            connection = bench.server.connections.first
            #expect(connection != nil)
            _ = bench.exchange(ServerBench.get("/1") + ServerBench.get("/2") + ServerBench.get("/3"))
            let stream = try bench.take("/2").stream(.ok, contentType: "text/plain")
            stream.write("x")
            stream.onClose = { log.lines.append("closed") }
            try bench.take("/1").respond(204)
            Self.reading(bench, log)
            _ = bench.exchange(Self.post + "Content-Length: 6\r\n\r\nab")
            bench.stream.finish()
            bench.kept.removeAll()
        }
        log.reader = nil
        bench.clock.runUntilIdle()
        #expect(log.lines.contains("closed") && log.lines.contains { $0.contains("brokenOff") })
        #expect(connection == nil)
    }

    // MARK: - Bodies in

    private static func reading(_ bench: ServerBench, _ log: Log) {
        bench.plan = .stream
        bench.answer = { _, responder in
            guard let reader = responder.readBody(atMost: 10) else { return }
            log.reader = reader
            reader.onBytes = { log.lines.append($0.text) }
            reader.onEnd = { result in
                log.lines.append("\(result)")
                responder.respond(204)
            }
        }
    }

    private final class Log {
        var lines: [String] = []
        var reader: HTTPBodyReader?
    }

    private static let post = "POST / HTTP/1.1\r\nHost: a\r\n"

    @Test func `a body is read bit by bit, and held back`() {
        let bench = ServerBench()
        let log = Log()
        Self.reading(bench, log)
        #expect(bench.exchange(Self.post + "Content-Length: 6\r\n\r\nab").isEmpty)
        #expect(log.lines == ["ab"])
        log.reader?.pause()
        #expect(bench.exchange("cd").isEmpty)
        #expect(log.lines == ["ab"] && bench.stream.isPaused)
        log.reader?.resume()
        #expect(bench.turn().isEmpty)
        #expect(log.lines == ["ab", "cd"] && !bench.stream.isPaused)
        #expect(
            bench.exchange("ef" + "POST /2 HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204"))
        #expect(log.lines == ["ab", "cd", "ef", "success()", "success()"])
    }

    @Test(arguments: [
        ("Content-Length: 6\r\n\r\nab", ["ab", "failure(TidingsHTTP.HTTPBodyFailure.brokenOff)"], true),
        ("Content-Length: 11\r\n\r\nabcdefghijk", ["failure(TidingsHTTP.HTTPBodyFailure.tooLarge)"], false),
        (
            "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nx", ["a", "failure(TidingsHTTP.HTTPBodyFailure.brokenOff)"],
            false
        ),
        ("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ["a", "success()"], false),
        ("\r\n", ["success()"], false),
    ])
    func `a body's end is told`(_ rest: String, _ lines: [String], _ peerEnds: Bool) {
        let bench = ServerBench()
        let log = Log()
        Self.reading(bench, log)
        _ = bench.exchange(Self.post + rest)
        if peerEnds { bench.stream.receiveEnd() }
        let answer = bench.turn()
        #expect(log.lines == lines)
        if !lines.contains("success()"), !peerEnds { #expect(answer.isEmpty && !bench.stream.isOpen) }
    }

    @Test func `an answer before the body has come ends the connection`() {
        let bench = ServerBench()
        bench.plan = .stream
        bench.answer = { _, responder in responder.respond(409) }
        let answer = bench.exchange(Self.post + "Content-Length: 6\r\n\r\nab")
        #expect(answer == "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(!bench.stream.isOpen && !bench.stream.wasAborted)
    }
}
