// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsNetwork
import TidingsTesting

@testable import TidingsWebhooks

/// The delivery engine over the real transport and real sockets, with a log in memory and time that a test moves.
///
/// - Concurrency: everything lives on the transport's loop; tests call from anywhere.
final class EngineFixture: @unchecked Sendable {
    /// Every subscription wants every event.
    private final class Interest: InterestTable {
        let allSubscriptions: [(slot: Int, subscription: Subscription)]
        private let topic: TopicName

        init(_ subscriptions: [Subscription], _ topic: TopicName) {
            allSubscriptions = subscriptions.enumerated().map { ($0.offset, $0.element) }
            self.topic = topic
        }

        func forEachSubscription(
            wanting event: borrowing EventView, in topic: TopicName, _ body: (Int, UUID128) -> Void
        ) {
            guard topic == self.topic else { return }
            for (slot, subscription) in allSubscriptions { body(slot, subscription.uuid) }
        }

        func wants(_ uuid: UUID128, _ event: borrowing EventView, in topic: TopicName) -> Bool {
            topic == self.topic && allSubscriptions.contains { $0.subscription.uuid == uuid }
        }

        func topics(of uuid: UUID128) -> TopicChoice { [topic] }
    }

    let parts: TransportFixture
    let subscriptions: [Subscription]
    private let log = InMemoryEventLog()
    private let orders: TopicDescription
    private let engine: DeliveryEngine
    private var session: (any LogSession)!
    private var buffer = AppendBuffer()

    init(_ subscriptions: [Subscription], policy: AddressPolicy = AddressPolicy(listensOnLoopbackOnly: true))
        async throws
    {
        self.subscriptions = subscriptions
        parts = try TransportFixture(policy: policy)
        orders = log.makeTopic(TopicName("orders")!, partitions: 4)
        let interest = Interest(subscriptions, orders.name)
        engine = DeliveryEngine(
            DeliveryParts(
                log: log, interest: { interest }, random: SeededRandom(seed: 5), logger: Logger("delivery", to: nil),
                metrics: Metrics()), on: [DeliveryPlace(loop: parts.loop, transport: parts.transport)])
        await parts.onLoop { [self] in session = log.session(on: parts.loop) }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            engine.start { _ in continuation.resume() }
        }
    }

    /// A subscription to a receiver.
    static func subscription(
        _ number: UInt64, to url: String,
        retry: RetryPolicy = RetryPolicy(attempts: 20, first: .milliseconds(100), factor: 1, jitter: 0),
        timeouts: EndpointTimeouts = EndpointTimeouts(), exhausted: ExhaustedPolicy = .park
    ) -> Subscription {
        Subscription(
            uuid: UUID128(high: 1, low: number), name: Name("s\(number)")!, created: WallTime(millis: 0),
            types: [TypePattern("*")!],
            endpoint: Endpoint(
                url: EndpointURL(url)!, mode: .binary, secret: WebhookWriterTests.secret, timeouts: timeouts),
            retry: retry, exhausted: exhausted, start: .beginning)
    }

    /// Publishes `count` events of each entity, in turn; their ids are `<entity>-<number>`.
    func publish(_ count: Int, of entities: [String], from first: Int = 0) async {
        await parts.onLoop { [self] in
            buffer.removeAll()
            for number in first..<first + count {
                for (place, entity) in entities.enumerated() {
                    var draft = EventDraft()
                    draft.set(.id, "\(entity)-\(number)")
                    draft.set(.source, "/shop")
                    draft.set(.type, "order.changed")
                    draft.set(.subject, entity)
                    draft.set(.contentType, "application/json")
                    draft.setData(.json) { $0.append(decimal: Int64(number)) }
                    buffer.add(to: PartitionID(orders.id, Int32(place % 4)), at: parts.clock.wall) {
                        EventRecord.encodeBody(draft, key: draft[.subject], into: &$0)
                    }
                }
            }
            try! session.append(&buffer) { _ in }
        }
    }

    /// How a subscription stands.
    func status(_ place: Int = 0) async throws -> SubscriptionStatus {
        let result = await withCheckedContinuation { continuation in
            engine.status(of: subscriptions[place].uuid, on: parts.loop) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Lets a subscription go on that the engine paused; its going on is durable when this returns.
    func resume(_ place: Int = 0) async throws {
        let result = await withCheckedContinuation { continuation in
            engine.resume(of: subscriptions[place].uuid, on: parts.loop) { continuation.resume(returning: $0) }
            // The engine records on its loop, a little later by the clock.
            parts.loop.post { [parts] in parts.loop.post { parts.advance(by: .milliseconds(10)) } }
        }
        try result.get()
    }

    /// Lets things happen, and time pass whenever nobody is at work, until `isDone`; false when that takes too long.
    /// - Parameter step: how far time moves at once.
    func drive(
        step: Duration = .milliseconds(50), receivers: [Receiver], within limit: Duration = .seconds(30),
        until isDone: () async throws -> Bool
    ) async rethrows -> Bool {
        let begun = ContinuousClock.now
        while try await !isDone() {
            guard ContinuousClock.now - begun < limit else { return false }
            let stalled = receivers.reduce(0) { $0 + $1.stalledCount }
            if await parts.callCount() == stalled { parts.advance(by: step) } else { await Task.yield() }
        }
        return true
    }
}
