// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsNetwork
import TidingsTesting

@testable import TidingsWebhooks

/// The transport as the server has it, on a loop and sockets of its own; only time stands still unless a test moves it.
///
/// - Concurrency: the transport lives on `loop`; tests call from anywhere.
final class TransportFixture: @unchecked Sendable {
    let clock = ManualClock()
    let loop: EventLoop
    private(set) var transport: WebhookTransport!
    private(set) var client: HTTPClient!

    init(policy: AddressPolicy = AddressPolicy(listensOnLoopbackOnly: true)) throws {
        loop = try EventLoop("webhooks", time: clock)
        let loop = loop
        let tls = try TLSClientContext()
        let ways = HTTPWays(
            resolve: { _, _, then in
                let answer = Answer { then(.failure(NetworkError(.nameNotFound, "the name has no address"))) }
                loop.post { answer.give() }
            },
            secure: { connection, host, timeLimit, then in
                TLSConnection.connect(over: connection, context: tls, host: host, timeLimit: timeLimit) { result in
                    then(result.map { $0 })
                }
            })
        client = HTTPClient(loop: loop, ways: ways, addressPolicy: { policy.judge($0, isSecure: $1) })
        transport = WebhookTransport(client: client, version: "1.2.3")
    }

    private struct Answer: @unchecked Sendable {
        let give: () -> Void
    }

    static func target(
        _ url: String, _ mode: EndpointMode = .structured, timeouts: EndpointTimeouts = EndpointTimeouts(),
        retry: RetryPolicy = RetryPolicy()
    ) -> DeliveryTarget {
        let endpoint = Endpoint(
            url: EndpointURL(url)!, mode: mode, secret: WebhookWriterTests.secret, timeouts: timeouts)
        return DeliveryTarget(
            Subscription(
                uuid: UUID128(high: 1, low: 2), name: Name("email")!, created: WallTime(millis: 0),
                types: [TypePattern("*")!], endpoint: endpoint, retry: retry))
    }

    static func attempt(_ target: DeliveryTarget, _ event: StoredEvent = StoredEvent()) throws -> DeliveryAttempt {
        DeliveryAttempt(
            target: target, records: try event.records(), index: 0, topic: TopicName("events")!, messageID: "msg_1",
            trace: WebhookWriterTests.trace)
    }

    /// Makes an attempt and waits for its result.
    func send(_ attempt: DeliveryAttempt) async -> AttemptResult {
        await withCheckedContinuation { continuation in
            let work = Answer { [self] in
                _ = transport.send(attempt) { continuation.resume(returning: $0) }
            }
            loop.post { work.give() }
        }
    }

    /// Makes an attempt to a URL and waits for its result.
    func send(to url: String, _ mode: EndpointMode = .structured) async throws -> AttemptResult {
        await send(try Self.attempt(Self.target(url, mode)))
    }

    /// Runs something on the loop and waits for it.
    func onLoop<Answer: Sendable>(_ work: @escaping () -> Answer) async -> Answer {
        await withCheckedContinuation { continuation in
            let work = Self.Answer { continuation.resume(returning: work()) }
            loop.post { work.give() }
        }
    }

    /// How many calls are in progress.
    func callCount() async -> Int { await onLoop { [client = client!] in client.callCount } }

    /// How many connections stand.
    func connectionCount() async -> Int { await onLoop { [client = client!] in client.connectionCount } }

    /// Moves time, and tells the loop.
    func advance(by delay: Duration) {
        clock.advance(by: delay)
        loop.timeMoved()
    }

    deinit { loop.stop() }
}
