// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// A server's deliveries without a server: a log in memory, simulated loops, and endpoints that answer as told.
final class DeliveryWorld {
    let clock = ManualClock()
    let log: InMemoryEventLog
    let endpoints = ScriptedEndpoints()
    let table = SimpleTable()
    let random: SeededRandom
    let metrics = Metrics()
    var limits = DeliveryLimits()
    private(set) var loops: [SimulatedLoop] = []
    private(set) var engine: DeliveryEngine!
    private(set) var announced: [OperationalEvent] = []
    private var producerLoop: SimulatedLoop
    private var producer: any LogSession
    private let loopCount: Int

    init(
        seed: UInt64 = 1, loops: Int = 1, commits: InMemoryEventLog.Commits = .soon, recent: Int = .max
    ) {
        random = SeededRandom(seed: seed)
        log = InMemoryEventLog(commits: commits, recentBatchCount: recent)
        loopCount = loops
        producerLoop = SimulatedLoop(clock: clock)
        producer = log.session(on: producerLoop)
    }

    // MARK: - Life

    func start() {
        loops = (0..<loopCount).map { _ in SimulatedLoop(clock: clock) }
        let table = table
        let parts = DeliveryParts(
            log: log, interest: { table.now }, random: random, logger: Logger("delivery", to: nil), metrics: metrics,
            limits: limits)
        engine = DeliveryEngine(
            parts,
            on: loops.map { loop in
                DeliveryPlace(loop: loop, transport: ScriptedTransport(endpoints, loop)) { [unowned self] event in
                    announced.append(event)
                }
            })
        var started = false
        engine.start { _ in started = true }
        clock.runUntilIdle()
        if !started { clock.advance(by: .seconds(1)) }
        precondition(started, "delivery did not start")
    }

    /// Kills the process: what was not committed is gone, in-flight attempts go unanswered.
    func crash(keepsPending: Bool = false) {
        for loop in loops { clock.remove(loop) }
        clock.remove(producerLoop)
        log.crash(keepsPending: keepsPending)
        producerLoop = SimulatedLoop(clock: clock)
        producer = log.session(on: producerLoop)
        endpoints.forgetInFlight()
        engine = nil
    }

    /// Stops in good order; whether everything in flight ended in time.
    @discardableResult
    func stop(within deadline: Duration = .seconds(10)) -> Bool {
        var clean: Bool?
        engine.stop(within: deadline) { [unowned self] result in
            clean = result
            // The process ends here: what is not done by now never happens.
            for loop in loops { clock.remove(loop) }
        }
        clock.advance(by: deadline + DeliveryEngine.recordingGrace + .seconds(1))
        precondition(clean != nil, "delivery did not stop")
        engine = nil
        return clean ?? false
    }

    func restart() {
        stop()
        start()
    }

    // MARK: - Subscriptions

    @discardableResult
    func subscribe(
        _ name: String = "email", types: String = "*", order: SubscriptionOrder = .entity, concurrency: Int = 16,
        retry: RetryPolicy = RetryPolicy(), exhausted: ExhaustedPolicy = .park, start: StartPosition = .now,
        since: UInt64? = nil
    ) -> Subscription {
        let subscription = Subscription(
            uuid: .random(from: random), name: Name(name)!, created: clock.wall, since: since ?? log.round + 1,
            types: [TypePattern(types)!],
            endpoint: Endpoint(url: EndpointURL("http://\(name).test/")!, secret: Secret("whsec_")), order: order,
            concurrency: concurrency, retry: retry, exhausted: exhausted, start: start)
        put(subscription)
        return subscription
    }

    func put(_ subscription: Subscription) {
        let slot = table.put(subscription)
        guard engine != nil else { return }
        engine.put(subscription, slot: slot, on: producerLoop)
        clock.runUntilIdle()
    }

    /// Deletes; `then` when it is answered.
    func delete(_ subscription: Subscription, then: @escaping () -> Void = {}) {
        table.remove(subscription.uuid)
        engine.remove(subscription.uuid, on: producerLoop, then: then)
    }

    func status(_ subscription: Subscription) -> SubscriptionStatus {
        ask { engine.status(of: subscription.uuid, on: producerLoop, then: $0) }
    }

    /// Calls the engine and waits for its answer, in simulated time.
    func ask<Value>(_ call: (@escaping (Result<Value, Problem>) -> Void) -> Void) -> Value {
        switch tryAsk(call) {
        case .success(let value): value
        case .failure(let problem): preconditionFailure("refused: \(problem)")
        }
    }

    func tryAsk<Value>(_ call: (@escaping (Result<Value, Problem>) -> Void) -> Void) -> Result<Value, Problem> {
        var answer: Result<Value, Problem>?
        call { answer = $0 }
        clock.runUntilIdle()
        if answer == nil { clock.advance(by: .milliseconds(100)) }
        return answer!
    }

    var loop: SimulatedLoop { producerLoop }

    // MARK: - Events

    func topic(_ name: String = "orders", partitions: Int32 = 2) -> TopicDescription {
        log.makeTopic(TopicName(name)!, partitions: partitions)
    }

    /// Publishes one event per key, in one round, to the partition its key belongs to. A nil key spreads.
    func publish(_ keys: [String?], type: String = "order.created", topic: TopicDescription? = nil) {
        let topic = topic ?? self.topic()
        var buffer = AppendBuffer()
        for key in keys {
            endpoints.published += 1
            let place =
                key.map { Self.place($0, topic.partitionCount) }
                ?? Int32(endpoints.published % Int(topic.partitionCount))
            let partition = PartitionID(topic.id, place)
            let number = endpoints.published
            buffer.add(to: partition, among: topic.partitionCount, at: clock.wall) { body in
                Self.encode(id: "e\(number)", type: type, key: key, into: &body)
            }
        }
        do {
            try producer.append(&buffer) { _ in }
        } catch {
            preconditionFailure("the append was refused: \(error)")
        }
        let first = endpoints.published - keys.count + 1
        for (place, (entry, key)) in zip(buffer.entries, keys).enumerated() {
            let event = EventReference(entry.partition, entry.offset)
            endpoints.stored[event] = key
            endpoints.numbers[event] = first + place
        }
    }

    /// Which of so many partitions a key belongs to.
    static func place(_ key: String, _ count: Int32) -> Int32 {
        Int32(key.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) } % UInt32(count))
    }

    /// Gives a topic more partitions.
    func grow(_ topic: TopicDescription, upTo count: Int32) -> TopicDescription {
        var answer: Result<TopicDescription, LogError>?
        producer.addPartitions(topic.id, upTo: count) { answer = $0 }
        clock.runUntilIdle()
        guard case .success(let grown)? = answer else { preconditionFailure("the topic did not grow: \(answer!)") }
        return grown
    }

    /// Appends one event of a transaction, as a Kafka client does.
    func publish(batchOf key: String, by producer: Int64, to partition: PartitionID) throws {
        endpoints.published += 1
        let number = endpoints.published
        var body = ByteBuffer()
        Self.encode(id: "e\(number)", type: "order.created", key: key, into: &body)
        var builder = RecordBatchBuilder()
        builder.add(body: body.bytes, timestamp: clock.wall)
        let batch = ClientBatch.of(builder.seal(baseOffset: .zero), producer: producer, isTransactional: true)
        _ = try batch.withUnsafeBytes { try self.producer.append(batch: $0, to: partition) { _ in } }
        clock.runUntilIdle()
    }

    /// Ends a transaction.
    func end(_ producer: Int64, commits: Bool, in partitions: [PartitionID]) throws {
        try self.producer.append(TransactionEnd(producer: producer, epoch: 0, isCommit: commits), to: partitions) { _ in
        }
        clock.runUntilIdle()
    }

    func publishAndCommit(_ keys: [String?], type: String = "order.created", topic: TopicDescription? = nil) {
        publish(keys, type: type, topic: topic)
        clock.runUntilIdle()
    }

    static func encode(id: String, type: String, key: String?, into body: inout ByteBuffer) {
        var texts = [
            ("ce_specversion", "1.0"), ("ce_id", id), ("ce_source", "/orders"), ("ce_type", type),
            ("content-type", "application/json"),
        ]
        if let key { texts.append(("ce_subject", key)) }
        let arrays = texts.map { (Array($0.0.utf8), Array($0.1.utf8)) }
        let value = Array("{}".utf8)
        let keyBytes = key.map { Array($0.utf8) }
        func buffer(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
            room.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(rebasing: room[..<bytes.count])
        }
        let headers = arrays.map { RecordHeader(buffer($0.0), buffer($0.1)) }
        let valueBuffer = buffer(value)
        let keyBuffer = keyBytes.map(buffer)
        EventRecord.encodeBody(key: keyBuffer, value: valueBuffer, headers: headers, into: &body)
        for header in headers {
            header.name.deallocate()
            header.value?.deallocate()
        }
        valueBuffer.deallocate()
        keyBuffer?.deallocate()
    }
}

/// A routing table of exact types and prefixes, without topics.
final class SimpleTable {
    final class Version: InterestTable, @unchecked Sendable {
        var all: [(slot: Int, subscription: Subscription)] = []

        func forEachSubscription(
            wanting event: borrowing EventView, in topic: TopicName, _ body: (Int, UUID128) -> Void
        ) {
            let type = event.type
            for (slot, subscription) in all where subscription.types.contains(where: { $0.matches(type) }) {
                body(slot, subscription.uuid)
            }
        }

        func wants(_ uuid: UUID128, _ event: borrowing EventView, in topic: TopicName) -> Bool {
            let type = event.type
            return all.contains { $0.subscription.uuid == uuid && $0.subscription.types.contains { $0.matches(type) } }
        }

        func topics(of uuid: UUID128) -> TopicChoice { [TopicName("orders")!, TopicName("tidings")!] }

        var isWhole = true
        var allSubscriptions: [(slot: Int, subscription: Subscription)] { all }
    }

    nonisolated(unsafe) private(set) var now = Version()

    func put(_ subscription: Subscription) -> Int {
        let next = Version()
        next.all = now.all
        let slot: Int
        if let place = next.all.firstIndex(where: { $0.subscription.uuid == subscription.uuid }) {
            slot = next.all[place].slot
            next.all[place].subscription = subscription
        } else {
            let used = Set(next.all.map(\.slot))
            slot = (0...).first { !used.contains($0) }!
            next.all.append((slot, subscription))
        }
        now = next
        return slot
    }

    func remove(_ uuid: UUID128) {
        let next = Version()
        next.all = now.all.filter { $0.subscription.uuid != uuid }
        now = next
    }
}

extension SimpleTable: @unchecked Sendable {}
