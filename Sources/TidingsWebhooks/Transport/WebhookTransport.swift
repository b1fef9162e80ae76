// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsNetwork

/// Carries deliveries to endpoints as signed HTTP requests.
///
/// What an endpoint's requests share is worked out once per ``DeliveryTarget``; a request is written into buffers that
/// are kept. Limits of what is read of an answer are the client's.
///
/// - Concurrency: lives on its client's loop.
package final class WebhookTransport: PushTransport {
    /// How many targets' preparations are kept; beyond, all are made anew when they are next needed.
    private static let mostPrepared = 10_000

    private struct Prepared {
        let target: DeliveryTarget
        let endpoint: PreparedEndpoint
    }

    private let client: HTTPClient
    private let userAgent: String
    private let lens = EventLens()
    private var writer = WebhookWriter()
    private var prepared: [UUID128: Prepared] = [:]
    private var last: Prepared?

    /// Creates the transport of one loop.
    /// - Parameter client: made with ``AddressPolicy/judge(_:isSecure:)``, and with the limits for answers: 64 KiB are read, 4 KiB kept.
    /// - Parameter version: what is said behind `Tidings/` as the user agent.
    package init(client: HTTPClient, version: String) {
        self.client = client
        userAgent = "Tidings/\(version)"
    }

    package func send(
        _ attempt: DeliveryAttempt, then: @escaping (AttemptResult) -> Void
    ) -> any AttemptHandle {
        let endpoint = prepare(attempt.target)
        guard endpoint.signer != nil else {
            let reason = "the endpoint has no secret to sign with"
            return fail(AttemptResult(.failed(.unwritable), reason: reason), then)
        }
        let event = attempt.event(through: lens)
        let now = client.loop.time.wall
        var id = attempt.messageID
        return id.withUTF8 { id in
            let id = UnsafeRawBufferPointer(id)
            guard let data = attempt.editedData else {
                return writer.write(event, to: endpoint, id: id, now: now, trace: attempt.trace) {
                    call(endpoint, $0, $1, then)
                }
            }
            do throws(RecordError) {
                return try writer.write(
                    event, withData: data, to: endpoint, id: id, now: now, trace: attempt.trace
                ) { call(endpoint, $0, $1, then) }
            } catch {
                let reason = "the edited data makes no record: \(error)"
                return fail(AttemptResult(.failed(.unwritable), reason: reason), then)
            }
        }
    }

    private func call(
        _ prepared: PreparedEndpoint, _ fields: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        _ then: @escaping (AttemptResult) -> Void
    ) -> any AttemptHandle {
        let loop = client.loop
        return client.send(.post, prepared.endpoint.url, fields: fields, body: body, timeouts: prepared.timeouts) {
            switch $0 {
            case .success(let response): then(AttemptResult(response, now: loop.time.wall))
            case .failure(let error) where error.code == .cancelled: break
            case .failure(let error): then(AttemptResult(error))
            }
        }
    }

    /// Tells of a failure after the caller has returned.
    private func fail(
        _ result: AttemptResult, _ then: @escaping (AttemptResult) -> Void
    ) -> any AttemptHandle {
        let loop = client.loop
        let attempt = FailedAttempt(loop)
        attempt.timer = loop.schedule(after: .zero) {
            attempt.timer = nil
            then(result)
        }
        return attempt
    }

    private func prepare(_ target: DeliveryTarget) -> PreparedEndpoint {
        if let last, last.target === target { return last.endpoint }
        let id = target.subscription.uuid
        if let known = prepared[id], known.target === target {
            last = known
            return known.endpoint
        }
        if prepared.count >= Self.mostPrepared { prepared.removeAll() }
        let made = Prepared(
            target: target, endpoint: PreparedEndpoint(target.subscription.endpoint, userAgent: userAgent))
        prepared[id] = made
        last = made
        return made.endpoint
    }

    /// An attempt that failed before anything was sent.
    private final class FailedAttempt: AttemptHandle {
        private let loop: any Loop
        var timer: LoopTimer?

        init(_ loop: any Loop) { self.loop = loop }

        func cancel() {
            if let timer { loop.cancel(timer) }
            timer = nil
        }
    }
}

extension HTTPClientCall: AttemptHandle {}
