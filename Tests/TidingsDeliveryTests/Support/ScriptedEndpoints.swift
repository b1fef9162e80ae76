// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// All endpoints of a simulated world: what they answer, and what they received.
final class ScriptedEndpoints {
    /// What an endpoint makes of an attempt.
    struct Answer {
        var after = Duration.milliseconds(1)
        var result = AttemptResult.answered(200)

        static let ok = Answer()
        static func status(_ status: Int, after: Duration = .milliseconds(1)) -> Answer {
            Answer(after: after, result: .answered(status))
        }
        static func fault(_ fault: AttemptResult.Fault, after: Duration = .milliseconds(1)) -> Answer {
            Answer(after: after, result: AttemptResult(.failed(fault), reason: fault.rawValue))
        }
    }

    /// One event that an endpoint answered 2xx to.
    struct Receipt: Hashable {
        let subscription: String
        let event: EventReference
        let key: String?
        let messageID: String
        let time: MonotonicTime
        /// Its place in the order in which the events were published.
        let number: Int
    }

    struct Request {
        let subscription: Name
        let uuid: UUID128
        let event: EventReference
        let key: String?
        let type: String
        let number: Int
        let edited: [UInt8]?
        let trace: TraceContext
    }

    var answer: (Request) -> Answer = { _ in .ok }
    var published = 0
    var stored: [EventReference: String?] = [:]
    /// Each event's place in the order in which they were published.
    var numbers: [EventReference: Int] = [:]
    private(set) var requests: [Request] = []
    private(set) var receipts: [Receipt] = []
    private(set) var inFlight = 0
    private(set) var mostInFlight = 0
    private(set) var life = 0

    func forgetInFlight() {
        inFlight = 0
        life += 1
    }

    func receipts(of subscription: String) -> [Receipt] { receipts.filter { $0.subscription == subscription } }

    func began(_ request: Request) {
        requests.append(request)
        inFlight += 1
        mostInFlight = max(mostInFlight, inFlight)
    }

    func received(_ receipt: Receipt) { receipts.append(receipt) }
    func ended(_ life: Int) { if life == self.life { inFlight -= 1 } }
}

/// Carries attempts to scripted endpoints over simulated time. The endpoint receives halfway through.
final class ScriptedTransport: PushTransport {
    private final class Handle: AttemptHandle {
        var isCancelled = false
        func cancel() { isCancelled = true }
    }

    private let endpoints: ScriptedEndpoints
    private let loop: SimulatedLoop
    private let lens = EventLens()

    init(_ endpoints: ScriptedEndpoints, _ loop: SimulatedLoop) {
        self.endpoints = endpoints
        self.loop = loop
    }

    func send(_ attempt: DeliveryAttempt, then: @escaping (AttemptResult) -> Void) -> any AttemptHandle {
        let record = attempt.records[attempt.index]
        let event = EventReference(attempt.records.batch.partition, record.offset)
        let subscription = attempt.target.subscription
        let request = ScriptedEndpoints.Request(
            subscription: subscription.name, uuid: subscription.uuid, event: event, key: record.key?.text,
            type: attempt.event(through: lens).type.text, number: attempt.number, edited: attempt.editedData,
            trace: attempt.trace)
        endpoints.began(request)
        let life = endpoints.life
        let answer = endpoints.answer(request)
        let handle = Handle()
        let messageID = attempt.messageID
        _ = loop.schedule(after: answer.after / 2) { [endpoints, loop] in
            guard answer.result.isSuccess else { return }
            endpoints.received(
                .init(
                    subscription: subscription.name.text, event: event, key: request.key, messageID: messageID,
                    time: loop.time.now, number: endpoints.numbers[event] ?? 0))
        }
        _ = loop.schedule(after: answer.after) { [endpoints] in
            endpoints.ended(life)
            if !handle.isCancelled { then(answer.result) }
        }
        return handle
    }
}
