// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsTesting

/// The consumers of the demo at work: each has an endpoint of its own, and what it receives goes into the ledger.
///
/// - Concurrency: any thread; receivers answer on threads of their own.
final class Cast: Sendable {
    /// What was published and received.
    let ledger = Mutex(DeliveryLedger())
    private let receivers: [String: Receiver]
    private let chokes = Mutex(true)

    /// Opens an endpoint for everyone.
    init(_ consumers: [Company.Consumer]) throws(CommandFailure) {
        let box = Box()
        var receivers: [String: Receiver] = [:]
        for consumer in consumers {
            do {
                receivers[consumer.name] = try Receiver { request in box.take(request, for: consumer) }
            } catch {
                throw CommandFailure(.failure, "the demo cannot open a port for \(consumer.name): \(error)")
            }
        }
        self.receivers = receivers
        box.cast = self
    }

    /// Where a consumer's events go.
    func url(of consumer: String) -> String { receivers[consumer]?.url ?? "" }

    /// A consumer goes down: whoever calls it is refused.
    func takeDown(_ consumer: String) { receivers[consumer]?.refuse() }

    /// A consumer comes back on its old port.
    func bringBack(_ consumer: String) throws(CommandFailure) {
        do {
            try receivers[consumer]?.acceptAgain()
        } catch {
            throw CommandFailure(.failure, "\(consumer) cannot come back: \(error)")
        }
    }

    /// The choking consumer is repaired.
    func repair() { chokes.withLock { $0 = false } }

    /// Ends all endpoints.
    func stop() { for receiver in receivers.values { receiver.stop() } }

    private func take(_ request: ReceivedRequest, for consumer: Company.Consumer) -> ReceiverBehaviour {
        guard let event = try? JSONValue.parse(request.body), let id = event["id"]?.string else { return .answer(400) }
        if consumer.name == Company.choking, event["subject"]?.string == Company.poison, chokes.withLock({ $0 }) {
            return .answer(500, body: Array("no such dish".utf8))
        }
        ledger.withLock { $0.received(by: consumer.name, id: id) }
        return consumer.pace > .zero ? .after(consumer.pace, .answer(204)) : .answer(204)
    }

    /// What the receivers hold while the cast is being made.
    private final class Box: @unchecked Sendable {
        private let held = Mutex<Cast?>(nil)
        var cast: Cast? {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
        func take(_ request: ReceivedRequest, for consumer: Company.Consumer) -> ReceiverBehaviour {
            cast?.take(request, for: consumer) ?? .answer(503)
        }
    }
}
