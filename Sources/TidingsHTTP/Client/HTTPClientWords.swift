// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How long each part of a call may take.
package struct HTTPClientTimeouts: Sendable, Hashable {
    /// Until a connection stands: waiting for a free one, name, TCP and TLS; 3 s.
    package var connect = Duration.seconds(3)
    /// From the request's being sent to the end of the answer's head; 15 s.
    package var headers = Duration.seconds(15)
    /// For the whole call; 30 s.
    package var answer = Duration.seconds(30)

    /// The defaults.
    package init() {}

    /// Sets the limits.
    package init(connect: Duration, headers: Duration, answer: Duration) {
        self.connect = connect
        self.headers = headers
        self.answer = answer
    }
}

/// What a client may use; every limit by name, with its default.
package struct HTTPClientSettings: Sendable, Hashable {
    /// What an answer's head and framing may take.
    package var limits = HTTPLimits()
    /// Connections to one origin (scheme, host, port) at once; 64. Further calls wait.
    package var perOrigin = 64
    /// Calls to one origin that may wait for a connection; 1024. One more fails at once.
    package var waiting = 1024
    /// Bytes of an answer's body that are kept; 4 KiB. The rest is read and dropped.
    package var keptBody = 4 << 10
    /// Bytes of an answer's body that are read at all; 64 KiB. Then the connection is closed.
    package var readBody = 64 << 10
    /// How long a connection may rest before it is closed; 30 s, or less when the server says so (`Keep-Alive`).
    package var idleTime = Duration.seconds(30)
    /// Interim answers (1xx) that are skipped; 8. One more is a fault of the server.
    package var interim = 8

    /// The defaults.
    package init() {}
}

/// An answer, or as much of it as is kept.
package struct HTTPClientResponse: Sendable {
    /// Its status.
    package let status: HTTPStatus
    /// Its header fields.
    package let fields: HTTPFields
    /// The first bytes of its body, at most ``HTTPClientSettings/keptBody``; empty for a call that streams.
    package let body: [UInt8]
    /// How many bytes of the body were read.
    package let bodyCount: Int
    /// Whether the body was longer than ``HTTPClientSettings/readBody`` and not read to its end.
    package let isCutShort: Bool
}

/// Why a call got no answer.
package struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds; added to, never renamed.
    package enum Code: String, Sendable, CaseIterable {
        /// The name has no address, or could not be looked up.
        case nameNotFound = "client.name-not-found"
        case nameFailed = "client.name-failed"
        /// The address may not be called; the sentence is the policy's.
        case addressRefused = "client.address-refused"
        /// Nothing listens there.
        case connectionRefused = "client.connection-refused"
        /// No way leads there.
        case unreachable = "client.unreachable"
        /// No connection stood in time.
        case connectTimedOut = "client.connect-timed-out"
        /// The certificate was not accepted.
        case certificate = "client.certificate"
        /// The TLS handshake failed, or TLS broke.
        case tls = "client.tls"
        /// The connection broke before the answer was whole.
        case broken = "client.broken"
        /// The answer's head did not come in time.
        case headersTimedOut = "client.headers-timed-out"
        /// The answer was not whole in time.
        case answerTimedOut = "client.answer-timed-out"
        /// The answer is not HTTP as it should be, or larger than allowed.
        case badAnswer = "client.bad-answer"
        /// Too many calls wait for the origin.
        case tooManyWaiting = "client.too-many-waiting"
        /// The process has no file descriptors or memory left.
        case noResources = "client.no-resources"
        /// The caller gave up.
        case cancelled = "client.cancelled"
        /// The client or its loop stopped.
        case stopped = "client.stopped"
    }

    /// The kind.
    package let code: Code
    /// One sentence for people.
    package let description: String
    /// Whether the server may have seen the request, or a part of it.
    package let mayHaveArrived: Bool

    /// Creates an error.
    package init(_ code: Code, _ description: String, mayHaveArrived: Bool = false) {
        self.code = code
        self.description = description
        self.mayHaveArrived = mayHaveArrived
    }
}
