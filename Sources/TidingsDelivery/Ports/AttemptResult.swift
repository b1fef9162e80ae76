// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What became of an attempt.
package struct AttemptResult: Sendable {
    /// The kinds of end.
    package enum Outcome: Hashable, Sendable {
        /// A response came whole enough to know its status; 2xx is success.
        case answered(status: Int)
        /// No response.
        case failed(Fault)
    }

    /// Why there is no response.
    package enum Fault: String, Hashable, Sendable, CaseIterable {
        /// The connection was refused or there is no way to the host.
        case unreachable
        /// The host's name has no address.
        case unresolved
        /// TLS did not come about: certificate, host name, version.
        case untrusted
        /// The address must not be called (SSRF rule); ``AttemptResult/reason`` names the setting.
        case forbidden
        /// A time limit passed: connect, headers or answer.
        case timedOut = "timed_out"
        /// The connection broke or spoke no HTTP, after it stood.
        case broken
        /// The event cannot be written in the endpoint's mode.
        case unwritable
    }

    /// The end it came to.
    package let outcome: Outcome
    /// For people: one sentence; empty on success.
    package let reason: String
    /// What the response asked for by `Retry-After`; taken up to 24 h.
    package let retryAfter: Duration?
    /// The response's status line and headers as text, at most ``headLimit`` bytes; empty on success.
    package let responseHead: [UInt8]
    /// The first ``bodyLimit`` bytes of the response's body; empty on success.
    package let responseBody: [UInt8]

    /// How much of a response's head is kept.
    package static let headLimit = 4096
    /// How much of a response's body is kept.
    package static let bodyLimit = 4096

    /// Describes a result; head and body are cut to their limits.
    package init(
        _ outcome: Outcome, reason: String = "", retryAfter: Duration? = nil, responseHead: [UInt8] = [],
        responseBody: [UInt8] = []
    ) {
        self.outcome = outcome
        self.reason = reason
        self.retryAfter = retryAfter
        self.responseHead =
            responseHead.count <= Self.headLimit ? responseHead : Array(responseHead.prefix(Self.headLimit))
        self.responseBody =
            responseBody.count <= Self.bodyLimit ? responseBody : Array(responseBody.prefix(Self.bodyLimit))
    }

    /// A response of that status.
    package static func answered(_ status: Int) -> AttemptResult { AttemptResult(.answered(status: status)) }

    /// Whether the event was delivered.
    package var isSuccess: Bool {
        if case .answered(let status) = outcome { (200..<300).contains(status) } else { false }
    }
}
