// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting
import TidingsTesting

@testable import TidingsAPI

/// The mending routes over a real delivery engine, whose endpoint refuses everything that nobody edited.
final class MendHarness {
    typealias Answer = AdminHarness.Answer

    let clock = ManualClock()
    let log = InMemoryEventLog()
    let loop: SimulatedLoop
    let store: RoutingStore
    let engine: DeliveryEngine
    let endpoint = RefusingTransport()
    private let server: HTTPServer
    private let wire = MemoryStream()

    init() throws {
        loop = SimulatedLoop(clock: clock)
        endpoint.loop = loop
        let logger = Logger("test", to: nil)
        let random = SeededRandom(seed: 9)
        let store = RoutingStore(log: log, loop: loop, random: random, logger: logger)
        self.store = store
        store.start { _ in }
        clock.runUntilIdle()
        engine = DeliveryEngine(
            DeliveryParts(
                log: log, interest: { EverybodyWants(store.table) }, random: random, logger: logger,
                metrics: Metrics()),
            on: [DeliveryPlace(loop: loop, transport: endpoint)])
        engine.start { _ in }
        clock.runUntilIdle()
        let router = Router(logger: logger)
        AdminAPI(store: store, log: log, delivery: engine, loop: loop).register(on: router)
        MendDoor(store: store, log: log, delivery: engine, loop: loop).register(on: router)
        server = HTTPServer(
            loop: loop, settings: HTTPServerSettings(), handler: router, random: SeededRandom(seed: 8), logger: logger)
        server.serve(wire)
        clock.runUntilIdle()
    }

    /// Makes the subscription `email` with one attempt per event, and lets it give up on one event per key.
    func giveUp(on keys: [String]) {
        log.makeTopic(TopicName("events")!, partitions: 1)
        _ = send(
            "PUT", "/v1/subscriptions/email",
            #"{"types": ["*"], "endpoint": {"url": "http://email.test/"}, "retry": {"attempts": 1}}"#)
        let routed = store.table.subscription(Name("email")!)!
        engine.put(routed.subscription, slot: routed.slot, on: loop)
        clock.runUntilIdle()
        let session = log.session(on: loop)
        var buffer = AppendBuffer()
        for key in keys {
            let bytes = Array(key.utf8)
            let type: StaticString = "order.created"
            buffer.add(to: PartitionID(log.topics[TopicName("events")!]!.id, 0), at: clock.wall) { body in
                bytes.withUnsafeBytes { key in
                    EventRecord.encodeBody(
                        key: key, value: ("{}" as StaticString).bytes,
                        headers: [
                            RecordHeader(("ce_specversion" as StaticString).bytes, ("1.0" as StaticString).bytes),
                            RecordHeader(("ce_id" as StaticString).bytes, key),
                            RecordHeader(("ce_source" as StaticString).bytes, ("/" as StaticString).bytes),
                            RecordHeader(("ce_type" as StaticString).bytes, type.bytes),
                        ], into: &body)
                }
            }
        }
        try? session.append(&buffer) { _ in }
        clock.advance(by: .seconds(5))
    }

    /// Sends one request and waits for its answer.
    func send(_ method: String, _ path: String, _ body: String? = nil) -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        _ = wire.take()
        wire.receive(text + "\r\n" + (body ?? ""))
        clock.advance(by: .milliseconds(100))
        let answer = wire.take()
        guard let end = answer.firstRange(of: "\r\n\r\n") else { return Answer(status: 0, head: answer, body: "") }
        let head = String(answer[..<end.lowerBound])
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, head: head, body: String(answer[end.upperBound...]))
    }
}

/// Refuses what nobody edited.
final class RefusingTransport: PushTransport {
    private final class Handle: AttemptHandle {
        func cancel() {}
    }

    var loop: SimulatedLoop!
    private(set) var delivered: [String] = []

    func send(_ attempt: DeliveryAttempt, then: @escaping (AttemptResult) -> Void) -> any AttemptHandle {
        let data = attempt.editedData.map { String(decoding: $0, as: UTF8.self) }
        _ = loop.schedule(after: .milliseconds(1)) { [self] in
            if let data { delivered.append(data) }
            then(
                data == nil
                    ? AttemptResult(
                        .answered(status: 422), reason: "the endpoint answered 422",
                        responseHead: Array("HTTP/1.1 422".utf8), responseBody: Array("no".utf8))
                    : .answered(204))
        }
        return Handle()
    }
}

/// Every subscription wants every event.
final class EverybodyWants: InterestTable {
    private let table: RoutingTable

    init(_ table: RoutingTable) { self.table = table }

    func forEachSubscription(wanting event: borrowing EventView, in topic: TopicName, _ body: (Int, UUID128) -> Void) {
        for routed in table.subscriptions { body(routed.slot, routed.subscription.uuid) }
    }

    func wants(_ uuid: UUID128, _ event: borrowing EventView, in topic: TopicName) -> Bool { true }
    func topics(of uuid: UUID128) -> TopicChoice { [TopicName("events")!] }
    var allSubscriptions: [(slot: Int, subscription: Subscription)] {
        table.subscriptions.map { ($0.slot, $0.subscription) }
    }
}
