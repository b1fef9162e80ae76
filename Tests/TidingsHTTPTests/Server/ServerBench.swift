// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsHTTP

/// A server on a simulated loop, with one connection whose other side is the test.
final class ServerBench {
    let clock = ManualClock()
    let loop: SimulatedLoop
    let stream = MemoryStream()
    private(set) var server: HTTPServer!
    var plan = HTTPBodyPlan.collect(atMost: 1000)
    /// What the handler does; by default it answers 200 with what it got.
    var answer: (borrowing HTTPRequest, HTTPResponder) -> Void = { request, responder in
        let text = "\(request.method) \(request.path.text) \(request.body.text)"
        responder.respond(.ok, contentType: "text/plain", text: text)
    }
    /// Responders that were kept, by path.
    var kept: [String: HTTPResponder] = [:]
    var reports: [String] = []
    private let sink = KeepingSink()
    /// Chooses routes and hears reports instead of this bench.
    var router: Router?

    init(_ adjust: (inout HTTPServerSettings) -> Void = { _ in }) {
        loop = SimulatedLoop(clock: clock)
        var settings = HTTPServerSettings()
        adjust(&settings)
        server = HTTPServer(
            loop: loop, settings: settings, handler: Relay(self), random: SeededRandom(seed: 1),
            logger: Logger("http", to: sink))
        server.serve(stream)
    }

    /// Asks the bench, without keeping it.
    private final class Relay: HTTPHandler {
        unowned let bench: ServerBench
        init(_ bench: ServerBench) { self.bench = bench }

        func begin(_ head: borrowing HTTPRequest) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) {
            if let router = bench.router { return try router.begin(head) }
            return (RouteMatch(), bench.plan)
        }

        func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) { bench.answer(request, responder) }

        func finished(_ report: borrowing HTTPReport) {
            bench.router?.finished(report)
            bench.reports.append("\(report.method) \(report.path) \(report.status.code) \(report.bodyCount)")
        }
    }

    /// Lets every request wait until ``kept`` answers it.
    func keepAll() {
        answer = { [unowned self] request, responder in self.kept[request.path.text] = responder }
    }

    /// A responder that was kept, and is now the caller's.
    func take(_ path: String) throws -> HTTPResponder {
        let responder = kept.removeValue(forKey: path)
        return try #require(responder)
    }

    /// Sends bytes and answers what came back, dates left out.
    func exchange(_ text: String) -> String {
        stream.receive(text)
        return turn()
    }

    /// Runs the loop and answers what came back, dates left out.
    func turn() -> String {
        clock.runUntilIdle()
        if !stream.isOpen { stream.finish() }
        return stream.take().replacing(#/Date: [^\r]*\r\n/#, with: "")
    }

    func advance(_ seconds: Double) -> String {
        clock.advance(by: .milliseconds(Int64(seconds * 1000)))
        return turn()
    }

    static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    static func ok(_ text: String, _ fields: String = "") -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n\(fields)\r\n\(text)"
    }
}

/// A log that wants every line and keeps none.
private final class KeepingSink: LogSink {
    func wants(_ level: LogLevel, from subsystem: String) -> Bool { true }
    func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]) {}
}
