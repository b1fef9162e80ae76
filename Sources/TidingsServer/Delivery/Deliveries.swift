// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsLog
import TidingsNetwork
import TidingsRouting
import TidingsWebhooks

/// Push delivery put together: the engine on all loops, fed by the routing table, sending by webhook.
///
/// - Concurrency: any thread.
final class Deliveries: SubscriptionDeliveries, Sendable {
    /// The engine, for the API.
    let engine: DeliveryEngine
    private let loop: EventLoop
    private let resolver: Resolver

    /// Puts the parts together on the first loop, and begins to deliver.
    /// - Throws: when the recorded state cannot be read.
    init(
        settings: Settings, log: Log, routing: RoutingStore, loops: [EventLoop], gate: AddressGate, metrics: Metrics,
        logger: Logger, random: any RandomSource
    ) throws(ServerRefusal) {
        let parts = DeliveryParts(
            log: log, interest: CurrentInterest(routing).interest, random: random, logger: logger.named("delivery"),
            metrics: metrics, limits: DeliveryOptions.limits.read(settings))
        let resolver = Resolver()
        self.resolver = resolver
        let loop = loops[0]
        self.loop = loop
        let secure = SecureWay()
        let client = WebhookOptions.client.read(settings)
        let made = Latch<DeliveryEngine>()
        loop.post {
            let places = loops.prefix(8).map { loop in
                let ways = HTTPWays(
                    resolve: { host, port, then in resolver.resolve(host, port: port, on: loop, then: then) },
                    secure: secure.connect)
                let http = HTTPClient(
                    loop: loop, settings: client, ways: ways, addressPolicy: { gate.judge($0, isSecure: $1) },
                    logger: logger.named("webhooks"))
                let events = OperationalEvents(
                    log: log, loop: loop, random: random, logger: logger.named("delivery"))
                return DeliveryPlace(
                    loop: loop, transport: WebhookTransport(client: http, version: TidingsVersion.text),
                    announce: { events.store($0) })
            }
            made.open(DeliveryEngine(parts, on: places))
        }
        engine = made.wait()
        let started = Latch<Result<Void, LogError>>()
        engine.start { started.open($0) }
        if case .failure(let error) = started.wait() {
            throw ServerRefusal(.failure, "the state of the deliveries cannot be read: \(error.description)")
        }
        routing.setDeliveries(self)
    }

    func take(_ subscription: Subscription, slot: Int, then: @escaping @Sendable () -> Void) {
        engine.put(subscription, slot: slot, on: loop, then: then)
    }

    func end(_ subscription: Subscription, then: @escaping @Sendable () -> Void) {
        engine.remove(subscription.uuid, on: loop, then: then)
    }

    /// Ends delivery within `deadline`, and records how far it came. Blocks; not on a loop.
    func stop(within deadline: Duration) -> Bool {
        let stopped = Latch<Bool>()
        engine.stop(within: deadline) { stopped.open($0) }
        defer { resolver.stop() }
        return stopped.wait()
    }

    /// TLS for outgoing calls; the trust store is read when the first of them needs it.
    private final class SecureWay: Sendable {
        private let made = Locked<TLSClientContext?>(nil)

        func connect(
            _ connection: TCPConnection, _ host: String, _ timeLimit: Duration,
            _ then: @escaping (Result<any ByteStream, NetworkError>) -> Void
        ) {
            do throws(NetworkError) {
                TLSConnection.connect(over: connection, context: try context(), host: host, timeLimit: timeLimit) {
                    result in
                    then(result.map { $0 as any ByteStream })
                }
            } catch {
                connection.abort()
                connection.loop.post { [then = Handed(then)] in then.call(.failure(error)) }
            }
        }

        private func context() throws(NetworkError) -> TLSClientContext {
            try made.withLock { made throws(NetworkError) in
                if let made { return made }
                let context = try TLSClientContext()
                made = context
                return context
            }
        }

        /// A callback on its way back to its own loop.
        private final class Handed: @unchecked Sendable {
            let call: (Result<any ByteStream, NetworkError>) -> Void
            init(_ call: @escaping (Result<any ByteStream, NetworkError>) -> Void) { self.call = call }
        }
    }

    /// The interest table of the routing table in force, made once per version.
    private final class CurrentInterest: Sendable {
        private let routing: RoutingStore
        private let kept: Locked<RoutingInterest>

        init(_ routing: RoutingStore) {
            self.routing = routing
            kept = Locked(RoutingInterest(routing.table))
        }

        @Sendable func interest() -> any InterestTable {
            let table = routing.table
            return kept.withLock { kept in
                if kept.table !== table { kept = RoutingInterest(table) }
                return kept
            }
        }
    }
}
