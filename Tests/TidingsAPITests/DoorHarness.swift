// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP
import TidingsRouting
import TidingsTesting

@testable import TidingsAPI

/// Publishing, looking and tailing, served over wires in memory with a log in memory behind them.
final class DoorHarness {
    typealias Answer = AdminHarness.Answer

    let clock = ManualClock()
    let loop: SimulatedLoop
    let log = InMemoryEventLog()
    let store: RoutingStore
    let records: RecordsDoor
    let server: HTTPServer

    init() throws {
        loop = SimulatedLoop(clock: clock)
        let logger = Logger("test", to: nil)
        let random = SeededRandom(seed: 9)
        store = RoutingStore(log: log, loop: loop, random: random, logger: logger)
        store.start { _ in }
        let router = Router(logger: logger)
        let publisher = Publisher(log: log, loop: loop, routing: store, random: random, metrics: Metrics())
        PublishDoor(publisher, time: clock, random: random).register(on: router)
        LookDoor(log: log, loop: loop).register(on: router)
        records = RecordsDoor(log: log, loop: loop, random: random, metrics: Metrics())
        records.register(on: router)
        StreamDoor(log: log, loop: loop, metrics: Metrics()).register(on: router)
        APIDescription.register(on: router, version: "1.2.3")
        server = HTTPServer(
            loop: loop, settings: HTTPServerSettings(), handler: router, random: SeededRandom(seed: 8), logger: logger)
        clock.runUntilIdle()
    }

    /// Opens another connection and sends a request on it.
    func open(_ request: String) -> MemoryStream {
        let wire = MemoryStream()
        server.serve(wire)
        wire.receive(request)
        clock.runUntilIdle()
        return wire
    }

    /// Sends one request and waits for its answer.
    func send(_ method: String, _ path: String, _ body: String? = nil, _ headers: [String: String] = [:]) -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        text += "\r\n" + (body ?? "")
        // A connection of its own: time may have passed since the last one.
        let wire = MemoryStream()
        server.serve(wire)
        wire.receive(text)
        clock.runUntilIdle()
        let answer = wire.take()
        guard let end = answer.firstRange(of: "\r\n\r\n") else { return Answer(status: 0, head: answer, body: "") }
        let head = String(answer[..<end.lowerBound])
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, head: head, body: String(answer[end.upperBound...]))
    }

    /// Publishes an event in the plain form.
    @discardableResult
    func publish(_ plain: String) -> Answer {
        send("POST", "/v1/events", plain, ["Content-Type": "application/json"])
    }
}
