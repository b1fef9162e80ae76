// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsRouting
import TidingsTesting

@testable import TidingsAPI

/// A publisher over a log in memory and a routing table.
final class PublisherHarness {
    let clock = ManualClock()
    let loop: SimulatedLoop
    let log = InMemoryEventLog()
    let store: RoutingStore
    let publisher: Publisher

    init() {
        loop = SimulatedLoop(clock: clock)
        store = RoutingStore(log: log, loop: loop, random: SeededRandom(seed: 1), logger: Logger("routing", to: nil))
        store.start { _ in }
        publisher = Publisher(
            log: log, loop: loop, routing: store, random: SeededRandom(seed: 2), metrics: Metrics())
        clock.runUntilIdle()
    }

    func put(_ kind: ResourceKind, _ name: String, _ json: String) {
        store.put(ResourceKey(kind, name), body: Array(json.utf8), answerOn: loop) { result in
            if case .failure(let problem) = result { Issue.record("\(problem)") }
        }
        clock.runUntilIdle()
    }

    func publish(_ plain: String, trace: String? = nil) throws -> Result<PublishedEvent, Problem> {
        var reader = EventReader(time: clock, random: SeededRandom(seed: 3))
        var draft = EventDraft()
        try Array(plain.utf8).withUnsafeBytes { try reader.readPlain($0, into: &draft) }
        var answer: Result<PublishedEvent, Problem>?
        publisher.publish(&draft, trace: trace.flatMap { TraceContext($0) }) { answer = $0 }
        clock.runUntilIdle()
        return try #require(answer)
    }

    /// Every record of a topic: partition, key and headers as text.
    func records(_ topic: String) throws -> [(partition: Int32, key: String?, headers: [String])] {
        let description = try #require(log.topics[TopicName(topic)!])
        var found: [(partition: Int32, key: String?, headers: [String])] = []
        let session = log.session(on: loop)
        for partition in description.partitions {
            session.read(partition, from: .zero, maxBytes: 1 << 20) { result in
                for batch in (try? result.get()) ?? [] {
                    for record in (try? Array(batch.records())) ?? [] {
                        var headers: [String] = []
                        record.forEachHeader { headers.append("\($0.text)=\($1?.text ?? "null")") }
                        found.append((partition.index, record.key?.text, headers))
                    }
                }
            }
        }
        clock.runUntilIdle()
        return found
    }
}

@Suite struct PublisherTests {
    static let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `the first event works with nothing registered`() throws {
        let harness = PublisherHarness()
        let stored = try harness.publish(#"{"event_type":"order.created","entity_id":"o-17","data":1}"#).get()
        #expect(stored.topic.text == "events" && stored.source == "/" && stored.type == "order.created")
        #expect(stored.offset == .zero && UUID128(stored.id) != nil)
        // hash("o-17") & 0x7fffffff = 783299987
        #expect(stored.partition == 783_299_987 % 4)
        let records = try harness.records("events")
        #expect(records.count == 1 && records[0].key == "o-17" && records[0].partition == stored.partition)
        #expect(harness.log.topics[TopicName("events")!]?.partitionCount == 4)
        #expect(try harness.publish(#"{"event_type":"order.created","entity_id":"o-17"}"#).get().offset == Offset(1))
    }

    @Test func `a route chooses topic, key and copies, all in one round`() throws {
        let harness = PublisherHarness()
        harness.put(
            .routes, "orders",
            #"{"types":["order.*"],"topic":"orders","key":"tenant","copies":[{"topic":"audit","key":"none"},{"topic":"by-type","key":"type"}]}"#
        )
        let before = harness.log.round
        let stored = try harness.publish(#"{"event_type":"order.created","entity_id":"o-17","tenant":"t1"}"#).get()
        #expect(harness.log.round == before + 1)
        #expect(stored.topic.text == "orders")
        #expect(try harness.records("orders").map(\.key) == ["t1"])
        #expect(try harness.records("audit").map(\.key) == [nil])
        #expect(try harness.records("by-type").map(\.key) == ["order.created"])
        #expect(try harness.records("orders")[0].headers.contains { $0.hasPrefix("tidings-copy") } == false)
        #expect(try harness.records("audit")[0].headers.contains("tidings-copy="))
    }

    @Test func `only its owner publishes a type`() throws {
        let harness = PublisherHarness()
        harness.put(.producers, "order-service", #"{"sources":["/order-service"],"types":["order.*"]}"#)
        let stored = try harness.publish(#"{"event_type":"order.created"}"#).get()
        #expect(stored.source == "/order-service")
        guard case .failure(let problem) = try harness.publish(#"{"event_type":"order.created","source":"/impostor"}"#)
        else {
            Issue.record("an impostor was let in")
            return
        }
        #expect(problem.code == .notOwner && problem.detail.contains("order-service"))
        harness.put(.producers, "order-service", #"{"sources":["/a","/b"],"types":["order.*"]}"#)
        guard case .failure(let several) = try harness.publish(#"{"event_type":"order.created"}"#) else {
            Issue.record("a source must be named")
            return
        }
        #expect(several.code == .invalidEvent && several.violations.first?.pointer == "/source")
        #expect(try harness.records("events").count == 1)
    }

    @Test func `the trace of the request is the event's when it has none`() throws {
        let harness = PublisherHarness()
        _ = try harness.publish(#"{"event_type":"t"}"#, trace: Self.trace).get()
        _ = try harness.publish(#"{"event_type":"t","traceparent":"own"}"#, trace: Self.trace).get()
        let traces = try harness.records("events").map { $0.headers.filter { $0.hasPrefix("ce_traceparent") } }
        #expect(Set(traces) == [["ce_traceparent=\(Self.trace)"], ["ce_traceparent=own"]])
    }

    @Test func `a log that refuses is answered as such, and nothing is stored`() throws {
        let harness = PublisherHarness()
        _ = try harness.publish(#"{"event_type":"t"}"#)
        harness.log.refusal = LogError(.diskFull, "no space left")
        guard case .failure(let problem) = try harness.publish(#"{"event_type":"t"}"#) else {
            Issue.record("it must fail")
            return
        }
        #expect(problem.code == .diskFull)
        harness.log.refusal = nil
        #expect(try harness.records("events").count == 1)
    }

    @Test func `a set of many events is one round, and events without a key stay together`() throws {
        let harness = PublisherHarness()
        var reader = EventReader(time: harness.clock, random: SeededRandom(seed: 3))
        var draft = EventDraft()
        harness.publisher.begin()
        let lines = (0..<50).map { #"{"event_type":"t","n":\#($0)}"# } + ["{}"]
        try Array(lines.joined(separator: "\n").utf8).withUnsafeBytes { bytes in
            try reader.readLines(bytes, into: &draft) { harness.publisher.add(&$0, $1, trace: nil) }
        }
        var stored = 0
        var refused = 0
        harness.publisher.commit(
            { set in
                for outcome in set.outcomes { if case .stored = outcome { stored += 1 } else { refused += 1 } }
            }, then: { _ in })
        harness.clock.runUntilIdle()
        #expect(stored == 50 && refused == 1)
        #expect(try Set(harness.records("events").map(\.partition)).count == 1)
    }
}
