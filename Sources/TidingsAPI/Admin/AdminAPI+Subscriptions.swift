// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// What is done to subscriptions beside writing them: pause, resume, test.
extension AdminAPI {
    func registerSubscriptionVerbs(on router: Router) {
        router.add(.post, "/v1/subscriptions/{name}/pause") { [self] request, responder throws(Problem) in
            try setPaused(true, request, responder)
        }
        router.add(.post, "/v1/subscriptions/{name}/resume") { [self] request, responder throws(Problem) in
            try setPaused(false, request, responder)
        }
        router.add(.post, "/v1/subscriptions/{name}/test") { [self] request, responder throws(Problem) in
            try test(request, responder)
        }
    }

    private func subscription(_ request: borrowing HTTPRequest) throws(Problem) -> Subscription {
        let name = try request.parameter(0)
        guard let known = Name(name).flatMap({ reader.table.subscription($0) }) else {
            throw Self.missing(ResourceKey(.subscriptions, name))
        }
        return known.subscription
    }

    /// Pauses, or resumes: what somebody paused, and what the engine itself paused or lets rest.
    private func setPaused(
        _ isPaused: Bool, _ request: borrowing HTTPRequest, _ responder: HTTPResponder
    ) throws(Problem) {
        let subscription = try subscription(request)
        let precondition = try Self.precondition(request)
        let answer = OnLoop((api: self, responder: responder))
        store.setPaused(isPaused, subscription.name, precondition, answerOn: loop) { result in
            let (api, responder) = answer.value
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let written):
                if isPaused { return api.respondWithStatus(subscription.uuid, written.stored, responder) }
                api.delivery.resume(of: subscription.uuid, on: api.loop) { result in
                    if case .failure(let problem) = result { return responder.refuse(problem) }
                    api.respondWithStatus(subscription.uuid, written.stored, responder)
                }
            }
        }
    }

    private func respondWithStatus(
        _ uuid: UUID128, _ stored: Revised<RoutingResource>, _ responder: HTTPResponder
    ) {
        delivery.status(of: uuid, on: loop) { [self] result in
            respond(.ok, stored, status: try? result.get(), responder)
        }
    }

    /// Sends one marked event and answers with what came of it.
    private func test(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let subscription = try subscription(request)
        delivery.test(of: subscription.uuid, on: loop) { result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let attempt):
                responder.respond(.ok, contentType: "application/json") { body in
                    JSONWriter.write(into: &body) { json in json.object { attempt.write(&$0) } }
                }
            }
        }
    }
}

extension SubscriptionStatus {
    /// Appends the members of `status`.
    /// - Parameter topic: the name of a topic; nil when it is gone.
    func write(topic: (TopicID) -> TopicName?, _ json: inout JSONWriter) {
        json.member("state", state.rawValue)
        json.key("reason")
        if let reason { json.string(reason) } else { json.null() }
        json.member("lag", lag)
        json.key("oldest_age")
        if let oldestAge { json.string(DurationText.format(oldestAge)) } else { json.null() }
        json.member("in_flight", inFlight)
        json.member("delivered", Int64(clamping: delivered))
        json.member("failed_attempts", Int64(clamping: failedAttempts))
        json.member("waiting", waiting)
        json.member("parked_entities", parkedEntities)
        json.member("dead_letters", deadLetters)
        json.member("expired", Int64(clamping: expired))
        json.key("retention")
        if let retention {
            json.object { json in
                json.member("percent", retention.percent)
                json.member("by", retention.by.rawValue)
                json.member("topic", topic(retention.partition.topic)?.text)
                json.member("partition", retention.partition.index)
            }
        } else {
            json.null()
        }
        json.key("last_failure")
        guard let lastFailure else { return json.null() }
        json.object { lastFailure.write(&$0) }
    }
}

extension AttemptRecord {
    /// Appends the members of an attempt: when, how long, and what was answered or why nothing was. A body that is
    /// no UTF-8 is written in base64.
    func write(_ json: inout JSONWriter) {
        json.member("time", RFC3339.format(time))
        json.member("duration", DurationText.format(duration))
        json.key("status")
        if let status { json.number(status) } else { json.null() }
        json.key("fault")
        if let fault { json.string(fault.rawValue) } else { json.null() }
        json.member("reason", reason)
        guard status != nil else { return }
        json.key("response")
        json.object { json in
            json.member("head", String(decoding: responseHead, as: UTF8.self))
            responseBody.withUnsafeBytes { body in
                if UTF8Check.firstBadByte(body) == nil {
                    json.key("body")
                    json.string(body)
                } else {
                    json.key("body_base64")
                    json.base64(body)
                }
            }
        }
    }
}
