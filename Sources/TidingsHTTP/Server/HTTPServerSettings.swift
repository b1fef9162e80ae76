// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a server allows one peer and all of them; every limit by name, with the default it ships with.
package struct HTTPServerSettings: Sendable, Hashable {
    /// What one message's head and framing may take.
    package var limits = HTTPLimits()
    /// Connections open at once on this loop; 10,000. One more is closed at once.
    package var connections = 10_000
    /// Requests of one connection that may be unanswered at once; 32. Then no more are read until one is answered.
    package var inFlight = 32
    /// From the first byte of a connection's turn to the end of a request's head; 10 s.
    package var headTime = Duration.seconds(10)
    /// How long a body may take before its rate is looked at; 10 s.
    package var bodyGrace = Duration.seconds(10)
    /// The least rate of a body after ``bodyGrace``, in bytes per second; 1024.
    package var bodyRate = 1024
    /// How long a whole body may take at most; 300 s.
    package var bodyTime = Duration.seconds(300)
    /// How long a connection may rest between requests; 60 s.
    package var idleTime = Duration.seconds(60)
    /// How long a peer may take not one byte of an answer; 30 s.
    package var stallTime = Duration.seconds(30)
    /// Bytes of an unwanted body that are read and dropped to keep the connection; 64 KiB.
    package var droppedBody = 64 << 10
    /// Bytes of all bodies that are being collected on this loop; 128 MiB. A body that would take more is refused with
    /// 429, to be sent again later.
    package var collectedBodies = 128 << 20
    /// Bytes of one answer's stream that may wait for earlier answers before its writer is told to pause; 64 KiB.
    package var parkedStream = 64 << 10
    /// Bytes of one answer's stream that may wait for the peer at all; 8 MiB. Beyond, the connection is broken off.
    package var mostUnsent = 8 << 20
    /// Whether each answer has an `x-request-id`: the request's, if it has a sane one, else a new one.
    package var requestIDs = false
    /// Whether paths are kept until the answer, for ``HTTPReport/path`` and the access log, while its lines are wanted.
    package var remembersPaths = false
    /// Whether handlers are told how each request went.
    package var reports = false
    /// Whether the server listens on loopback addresses only; shown to handlers.
    package var isOnLoopback = true

    /// The defaults.
    package init() {}
}
