// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP

extension AttemptResult {
    /// What an answer means: 2xx is success, also when its body was longer than what is read: the endpoint has the event,
    /// and would get it again and again. Anything else, redirects too, is a failure with what there is to show.
    init(_ response: HTTPClientResponse, now: WallTime) {
        let status = response.status.code
        if (200..<300).contains(status) {
            self = .answered(status)
            return
        }
        let retryAfter = response.fields["retry-after"].flatMap { RetryAfter.parse($0, now: now) }
        var head = ByteBuffer(capacity: response.fields.wire.count + 64)
        head.append("HTTP/1.1 ")
        head.append(decimal: Int64(status))
        head.append(" ")
        head.append(response.status.reason)
        head.append("\r\n")
        head.append(response.fields.wire)
        self.init(
            .answered(status: status), reason: Self.sentence(response), retryAfter: retryAfter,
            responseHead: head.array(), responseBody: response.body)
    }

    /// What a call without an answer means.
    init(_ error: HTTPClientError) {
        let fault: Fault =
            switch error.code {
            case .nameNotFound, .nameFailed: .unresolved
            case .addressRefused: .forbidden
            case .certificate, .tls: .untrusted
            case .connectTimedOut, .headersTimedOut, .answerTimedOut: .timedOut
            case .broken, .badAnswer, .cancelled: .broken
            case .connectionRefused, .unreachable: .unreachable
            // No fault of the event: the subscription rests and comes back, and no attempt is used up.
            case .tooManyWaiting, .noResources, .stopped: .unreachable
            }
        self.init(.failed(fault), reason: error.description)
    }

    private static func sentence(_ response: HTTPClientResponse) -> String {
        let status = response.status.code
        guard (300..<400).contains(status) else { return "the endpoint answered \(status)" }
        let place = response.fields["location"].map { " to \($0.prefix(200))" } ?? ""
        return "the endpoint answered \(status), a redirect\(place); redirects are not followed"
    }
}
