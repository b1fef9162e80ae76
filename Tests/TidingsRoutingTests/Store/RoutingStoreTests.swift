// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsRouting

/// A store over a log in memory, whose answers are waited for by running its loop.
final class StoreHarness: @unchecked Sendable {
    let clock = ManualClock()
    let log: InMemoryEventLog
    private(set) var loop: SimulatedLoop
    private(set) var store: RoutingStore

    init(_ log: InMemoryEventLog = InMemoryEventLog(), starts: Bool = true) {
        self.log = log
        loop = SimulatedLoop(clock: clock)
        store = RoutingStore(log: log, loop: loop, random: SeededRandom(seed: 3), logger: Logger("routing", to: nil))
        if starts { start() }
    }

    @discardableResult
    func start() -> LogError? {
        let failure = Held<LogError>()
        store.start { result in if case .failure(let error) = result { failure.value = error } }
        clock.runUntilIdle()
        return failure.value
    }

    /// Ends the process and begins again with what is durable.
    @discardableResult
    func restart(keepsPending: Bool = false) -> LogError? {
        clock.remove(loop)
        log.crash(keepsPending: keepsPending)
        loop = SimulatedLoop(clock: clock)
        store = RoutingStore(log: log, loop: loop, random: SeededRandom(seed: 4), logger: Logger("routing", to: nil))
        return start()
    }

    /// Writes a resource; the result comes when the loop has run.
    func begin(_ kind: ResourceKind, _ name: String, _ json: String, ifMatch: String? = nil, ifNoneMatch: String? = nil)
        -> Held<Result<RoutingStore.Written, Problem>>
    {
        let held = Held<Result<RoutingStore.Written, Problem>>()
        let precondition = try? Precondition(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
        store.put(ResourceKey(kind, name), body: Array(json.utf8), precondition ?? .none, answerOn: loop) { result in
            held.value = result
        }
        return held
    }

    func put(_ kind: ResourceKind, _ name: String, _ json: String, ifMatch: String? = nil, ifNoneMatch: String? = nil)
        throws -> RoutingStore.Written
    {
        let held = begin(kind, name, json, ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
        clock.runUntilIdle()
        return try #require(held.value).get()
    }

    /// Appends a record to the table's topic, as if it had rotted or came from a later version.
    func plant(_ key: String, _ value: String?) throws {
        let topic = try #require(log.topics[RoutingStore.topic])
        var buffer = AppendBuffer()
        Array(key.utf8).withUnsafeBytes { key in
            Array((value ?? "").utf8).withUnsafeBytes { bytes in
                buffer.add(to: PartitionID(topic.id, 0), at: WallTime(millis: 0)) { body in
                    EventRecord.encodeBody(key: key, value: value == nil ? nil : bytes, into: &body)
                }
            }
        }
        try log.session(on: loop).append(&buffer) { _ in }
        clock.runUntilIdle()
    }

    func remove(_ kind: ResourceKind, _ name: String) -> Held<Result<Void, Problem>> {
        let held = Held<Result<Void, Problem>>()
        store.remove(ResourceKey(kind, name), answerOn: loop) { result in held.value = result }
        return held
    }
}

/// A value that comes later.
final class Held<Value: Sendable>: Sendable {
    private let held = Mutex<Value?>(nil)
    var value: Value? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}

/// Deliveries that have taken or ended a subscription when the test says so.
final class HeldDeliveries: SubscriptionDeliveries {
    private let held = Mutex<(@Sendable () -> Void)?>(nil)
    func take(_ subscription: Subscription, slot: Int, then: @escaping @Sendable () -> Void) {
        held.withLock { $0 = then }
    }
    func end(_ subscription: Subscription, then: @escaping @Sendable () -> Void) { held.withLock { $0 = then } }
    func go() throws {
        let then = try #require(held.withLock { $0 })
        then()
    }
}

@Suite struct RoutingStoreTests {
    static let orders = #"{"types": ["order.*"], "topic": "orders"}"#
    static let email = #"{"types": ["order.created"], "endpoint": {"url": "http://127.0.0.1:9/"}}"#

    @Test func `a resource is created, changed, and the same again`() throws {
        let harness = StoreHarness()
        let first = try harness.put(.routes, "orders", Self.orders)
        let again = try harness.put(.routes, "orders", Self.orders)
        let other = try harness.put(.routes, "orders", #"{"types": ["order.*"], "topic": "other"}"#)
        #expect([first.outcome, again.outcome, other.outcome] == [.created, .unchanged, .changed])
        #expect(first.stored.entityTag == again.stored.entityTag && again.stored.entityTag != other.stored.entityTag)
        #expect(harness.store.table.plan(forType: "order.created").target.topic.text == "other")
    }

    @Test func `the table survives a restart`() throws {
        let harness = StoreHarness()
        _ = try harness.put(.producers, "order-service", #"{"sources": ["/o"], "types": ["order.*"]}"#)
        _ = try harness.put(.types, "order.created", #"{"shared": true}"#)
        let route = try harness.put(.routes, "orders", Self.orders)
        let subscription = try harness.put(.subscriptions, "email", Self.email)
        _ = try harness.put(.inbound, "hub", #"{"kind": "github", "secret": "s3cr3t"}"#)
        _ = try harness.put(.routes, "gone", #"{"types": ["x"], "topic": "former"}"#)
        let removed = harness.remove(.routes, "gone")
        harness.clock.runUntilIdle()
        try #require(removed.value).get()
        let before = harness.store.table
        #expect(harness.restart() == nil)
        let after = harness.store.table
        #expect(after.version == before.version)
        for kind in ResourceKind.allCases {
            #expect(after.resources(kind).map(\.value) == before.resources(kind).map(\.value))
            #expect(after.resources(kind).map(\.revision) == before.resources(kind).map(\.revision))
        }
        #expect(after[ResourceKey(.routes, "orders")]?.entityTag == route.stored.entityTag)
        guard case .subscription(let made) = subscription.stored.value else { return }
        #expect(made.since > 0 && after.subscription(made.name)?.subscription == made)
        #expect(after.plan(forType: "x").homes.map(\.text).contains("former"), "where a former route stored events")
    }

    @Test func `a subscription made again is another one`() throws {
        let harness = StoreHarness()
        func identity() throws -> UUID128? {
            guard case .subscription(let made) = try harness.put(.subscriptions, "email", Self.email).stored.value
            else {
                return nil
            }
            return made.uuid
        }
        let first = try identity()
        #expect(try identity() == first)
        _ = harness.remove(.subscriptions, "email")
        harness.clock.runUntilIdle()
        #expect(try identity() != first)
    }

    @Test func `a secret that the server makes is shown once`() throws {
        let harness = StoreHarness()
        let first = try harness.put(.subscriptions, "email", Self.email)
        guard case .subscription(let made) = first.stored.value else { return }
        #expect(first.madeSecret == made.endpoint.secret)
        let changed = Self.email.dropLast() + #", "paused": true}"#
        #expect(try harness.put(.subscriptions, "email", String(changed)).madeSecret == nil)
        #expect(harness.store.table.subscription(made.uuid)?.subscription.endpoint.secret == made.endpoint.secret)
    }

    @Test func `nothing is answered or in force before it is durable`() throws {
        let harness = StoreHarness(InMemoryEventLog(commits: .whenTold))
        let answers = (0..<5).map { harness.begin(.routes, "r\($0)", #"{"types": ["t\#($0)"], "topic": "orders"}"#) }
        harness.clock.runUntilIdle()
        #expect(answers.allSatisfy { $0.value == nil } && harness.store.table.version == -1)
        for done in 1...5 {
            harness.log.commit()
            harness.clock.runUntilIdle()
            #expect(answers.filter { $0.value != nil }.count == done, "one after another")
            #expect(harness.store.table.resources(.routes).count == done)
        }
        _ = harness.begin(.routes, "lost", #"{"types": ["lost"], "topic": "orders"}"#)
        harness.clock.runUntilIdle()
        harness.restart()
        #expect(harness.store.table.resources(.routes).count == 5)
    }

    @Test func `of two writers of one version one wins`() throws {
        let harness = StoreHarness()
        let tag = try harness.put(.routes, "orders", Self.orders).stored.entityTag
        let left = harness.begin(.routes, "orders", #"{"types": ["a"], "topic": "a"}"#, ifMatch: tag)
        let right = harness.begin(.routes, "orders", #"{"types": ["b"], "topic": "b"}"#, ifMatch: tag)
        harness.clock.runUntilIdle()
        #expect(try left.value?.get().outcome == .changed)
        #expect(throws: Problem.self) { try right.value?.get() }
        let taken = harness.begin(.routes, "orders", Self.orders, ifNoneMatch: "*")
        harness.clock.runUntilIdle()
        if case .failure(let problem)? = taken.value { #expect(problem.code == .preconditionFailed) }
    }

    @Test func `overlapping claims made at once are refused but for the first`() throws {
        let harness = StoreHarness(InMemoryEventLog(commits: .whenTold))
        let answers = (0..<8).map { number in
            harness.begin(.producers, "p\(number)", #"{"sources": ["/p"], "types": ["order.*"]}"#)
        }
        for _ in 0..<10 {
            harness.clock.runUntilIdle()
            harness.log.commit()
        }
        harness.clock.runUntilIdle()
        let outcomes = answers.map { held -> String in
            switch held.value {
            case .success(let written)?: "\(written.outcome)"
            case .failure(let problem)?: problem.code.rawValue
            case nil: "none"
            }
        }
        #expect(outcomes == ["created"] + Array(repeating: "conflict", count: 7))
    }

    @Test func `observers are told before the answer, in order`() throws {
        let harness = StoreHarness()
        let told = Held<[String]>()
        told.value = []
        let other = SimulatedLoop(clock: harness.clock)
        harness.store.observe(on: other) { news in
            told.value?.append("\(news.table.version) \(news.change?.key.description ?? "-")")
        }
        harness.clock.runUntilIdle()
        _ = try harness.put(.routes, "a", Self.orders)
        _ = try harness.put(.subscriptions, "b", Self.email)
        #expect(told.value == ["-1 -", "0 routes/a", "1 subscriptions/b"])
        let reader = RoutingReader(harness.store)
        let before = reader.table
        #expect(reader.table === before)
        _ = harness.remove(.routes, "a")
        harness.clock.runUntilIdle()
        #expect(reader.table.version == 3, "with a record of where it stored events")
    }

    @Test func `a subscription is answered once deliveries have it, its removal once its attempts have ended`() throws {
        let harness = StoreHarness()
        let deliveries = HeldDeliveries()
        harness.store.setDeliveries(deliveries)
        let made = harness.begin(.subscriptions, "email", Self.email)
        harness.clock.runUntilIdle()
        #expect(made.value == nil && harness.store.table.subscriptions.count == 1)
        try deliveries.go()
        harness.clock.runUntilIdle()
        let outcome = try made.value?.get().outcome
        #expect(outcome == .created)
        let answer = harness.remove(.subscriptions, "email")
        harness.clock.runUntilIdle()
        #expect(answer.value == nil && harness.store.table.subscriptions.isEmpty)
        try deliveries.go()
        harness.clock.runUntilIdle()
        try #require(answer.value).get()
        let missing = harness.remove(.subscriptions, "email")
        harness.clock.runUntilIdle()
        if case .failure(let problem)? = missing.value { #expect(problem.code == .notFound) }
    }

    @Test func `a log that refuses changes nothing`() throws {
        let harness = StoreHarness()
        harness.log.refusal = LogError(.diskFull, "no room")
        let answer = harness.begin(.routes, "a", Self.orders)
        let next = harness.begin(.routes, "b", #"{"types": ["b"], "topic": "b"}"#)
        harness.clock.runUntilIdle()
        for held in [answer, next] {
            guard case .failure(let problem)? = held.value else { continue }
            #expect(problem.code == .diskFull)
        }
        #expect(harness.store.table.version == -1)
        harness.log.refusal = nil
        #expect(try harness.put(.routes, "a", Self.orders).outcome == .created)
    }

    @Test func `before the table is read nothing is taken`() {
        let harness = StoreHarness(starts: false)
        let answer = harness.begin(.routes, "a", Self.orders)
        harness.clock.runUntilIdle()
        if case .failure(let problem)? = answer.value { #expect(problem.code == .unavailable) }
        #expect(answer.value != nil)
    }

    @Test func `a subscription is paused and resumed`() throws {
        let harness = StoreHarness()
        _ = try harness.put(.subscriptions, "email", Self.email)
        func pause(_ isPaused: Bool) -> RoutingStore.Written.Outcome? {
            let held = Held<RoutingStore.Written.Outcome>()
            harness.store.setPaused(isPaused, Fixture.name("email"), answerOn: harness.loop) { result in
                held.value = try? result.get().outcome
            }
            harness.clock.runUntilIdle()
            return held.value
        }
        #expect([pause(true), pause(true), pause(false)] == [.changed, .unchanged, .changed])
        harness.restart()
        #expect(harness.store.table.subscription(Fixture.name("email"))?.subscription.isPaused == false)
    }

    @Test func `topics keep their partitions, and those that routes name`() throws {
        let harness = StoreHarness()
        func put(_ name: String, _ partitions: Int32) -> String {
            let held = Held<String>()
            let resource = TopicResource(name: Fixture.topic(name), partitions: partitions)
            harness.store.putTopic(resource, answerOn: harness.loop) { result in
                switch result {
                case .success(let written): held.value = written.isNew ? "new" : "same"
                case .failure(let problem): held.value = problem.code.rawValue
                }
            }
            harness.clock.runUntilIdle()
            return held.value ?? "none"
        }
        func remove(_ name: String) -> String {
            let held = Held<String>()
            harness.store.removeTopic(Fixture.topic(name), answerOn: harness.loop) { result in
                if case .failure(let problem) = result {
                    held.value = problem.code.rawValue
                } else {
                    held.value = "gone"
                }
            }
            harness.clock.runUntilIdle()
            return held.value ?? "none"
        }
        #expect([put("orders", 6), put("orders", 6), put("orders", 4)] == ["new", "same", "conflict"])
        #expect(put("__x", 1) == "invalid-parameter" && remove("absent") == "not-found")
        _ = try harness.put(.routes, "orders", Self.orders)
        #expect(remove("orders") == "conflict")
        _ = harness.remove(.routes, "orders")
        #expect(remove("orders") == "gone" && put("orders", 4) == "new")
    }
}
