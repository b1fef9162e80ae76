// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Calls HTTP servers from one loop, over connections that it keeps per origin (scheme, host, port).
///
/// Every address a name leads to is put before the policy, and the very address that was judged is connected to.
/// Redirects are not followed: they are answers like others. A request is sent again only where a kept connection
/// turned out to be dead before a single byte of it had left.
///
/// - Concurrency: lives on `loop`; every method is called there, every callback runs there.
package final class HTTPClient {
    /// Judges an address before it is connected to: nil allows it, a sentence says why not.
    package typealias AddressPolicy = (_ address: SocketAddress, _ isSecure: Bool) -> String?

    /// What a call hands over while the answer's body comes, instead of keeping its beginning.
    package struct Sink {
        /// The answer's head has come.
        package var onHead: (HTTPStatus, HTTPFields) -> Void
        /// A part of the body has come; its bytes are gone when this returns.
        package var onBytes: (UnsafeRawBufferPointer) -> Void

        /// Creates a sink.
        package init(
            onHead: @escaping (HTTPStatus, HTTPFields) -> Void, onBytes: @escaping (UnsafeRawBufferPointer) -> Void
        ) {
            self.onHead = onHead
            self.onBytes = onBytes
        }
    }

    /// The loop everything happens on.
    package let loop: EventLoop
    /// The limits.
    package let settings: HTTPClientSettings
    let ways: HTTPWays
    let addressPolicy: AddressPolicy?
    let logger: Logger
    private var origins: [HTTPOrigin.Key: HTTPOrigin] = [:]
    private var calls: [HTTPClientCall] = []
    private var timer: LoopTimer?
    private var timerAt = Int64.max
    private(set) var isStopped = false
    private var spares: [HTTPBuffer] = []
    private lazy var tie = Tie(self)

    /// Creates a client without connections.
    /// - Parameter ways: how names become addresses, and connections secure ones.
    /// - Parameter addressPolicy: asked for every address before it is connected to; nil allows all.
    package init(
        loop: EventLoop, settings: HTTPClientSettings = HTTPClientSettings(), ways: HTTPWays,
        addressPolicy: AddressPolicy? = nil, logger: Logger = Logger("http", to: nil)
    ) {
        self.loop = loop
        self.settings = settings
        self.ways = ways
        self.addressPolicy = addressPolicy
        self.logger = logger
    }

    /// Calls in progress, waiting ones included.
    package var callCount: Int { calls.count }
    /// Connections that stand or are being made.
    package var connectionCount: Int { origins.values.reduce(0) { $0 + $1.openCount } }

    /// Sends a request.
    /// - Parameters:
    ///   - fields: header lines, each `name: value` CR LF, as ``HTTPFields/wire`` has them. `Host` and
    ///     `Content-Length` are added. Only borrowed, like `body`: both may go when this returns.
    ///   - sink: takes the answer's body bit by bit; without one its beginning is kept.
    ///   - then: runs once, never before this returns.
    /// - Returns: the call, to cancel it by.
    @discardableResult
    package func send(
        _ method: HTTPMethod, _ url: EndpointURL, fields: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer,
        timeouts: HTTPClientTimeouts = HTTPClientTimeouts(), sink: Sink? = nil,
        then: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) -> HTTPClientCall {
        precondition(method != .other, "a request has a method")
        let origin = origin(url)
        let call = HTTPClientCall(self, origin, method, timeouts, sink, then)
        let now = loop.now.nanos
        call.answerAt = HTTPClient.moment(now, timeouts.answer)
        add(call)
        if isStopped {
            call.failSoon(HTTPClientError(.stopped, "the client has stopped"))
            return call
        }
        let request = HTTPRequestBytes(
            method: method, target: url.target, authority: origin.authority, fields: fields, body: body)
        while let connection = origin.takeIdle() {
            if connection.send(request, for: call) { return call }
        }
        let buffer = takeBuffer()
        request.append(to: &buffer.bytes)
        call.request = buffer
        call.deadline = min(HTTPClient.moment(now, timeouts.connect), call.answerAt)
        watch(call.deadline)
        origin.enter(call)
        return call
    }

    /// Sends a request whose parts are kept by the caller as values.
    @discardableResult
    package func send(
        _ method: HTTPMethod, _ url: EndpointURL, fields: HTTPFields = HTTPFields(), body: [UInt8] = [],
        timeouts: HTTPClientTimeouts = HTTPClientTimeouts(), sink: Sink? = nil,
        then: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) -> HTTPClientCall {
        fields.wire.withUnsafeBytes { fields in
            body.withUnsafeBytes { body in
                send(method, url, fields: fields, body: body, timeouts: timeouts, sink: sink, then: then)
            }
        }
    }

    /// Ends everything: calls in progress fail with ``HTTPClientError/Code/stopped``, connections are closed.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        for call in calls { call.fail(HTTPClientError(.stopped, "the client was stopped")) }
        for origin in origins.values { origin.closeIdle { _ in true } }
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    // MARK: - Calls

    private func add(_ call: HTTPClientCall) {
        call.slot = calls.count
        calls.append(call)
    }

    /// Takes a finished call off the list.
    func forget(_ call: HTTPClientCall) {
        guard call.slot >= 0 else { return }
        let last = calls.removeLast()
        if last !== call {
            calls[call.slot] = last
            last.slot = call.slot
        }
        call.slot = -1
        if let request = call.request {
            call.request = nil
            giveBack(request)
        }
    }

    // MARK: - Origins and buffers

    private func origin(_ url: EndpointURL) -> HTTPOrigin {
        let key = HTTPOrigin.Key(host: url.host, port: url.port, isSecure: url.isSecure)
        if let origin = origins[key] { return origin }
        let origin = HTTPOrigin(self, key, authority: url.authority)
        origins[key] = origin
        return origin
    }

    /// Forgets an origin that has neither connections nor calls.
    func forget(_ origin: HTTPOrigin) {
        if origins[origin.key] === origin { origins[origin.key] = nil }
    }

    func takeBuffer() -> HTTPBuffer { spares.popLast() ?? HTTPBuffer() }

    func giveBack(_ buffer: HTTPBuffer) {
        guard spares.count < 64 else { return }
        buffer.bytes.removeAll(keepingAtMost: 16 << 10)
        spares.append(buffer)
    }

    // MARK: - Time

    /// A moment, without overflow.
    static func moment(_ now: Int64, _ delay: Duration) -> Int64 {
        let (sum, overflow) = now.addingReportingOverflow(delay.nanos)
        return overflow ? .max : sum
    }

    /// Makes sure that time is looked at by `deadline`.
    func watch(_ deadline: Int64) {
        guard deadline < timerAt, !isStopped else { return }
        if let timer { loop.cancel(timer) }
        timerAt = deadline
        let delay = max(0, deadline - loop.now.nanos)
        timer = loop.schedule(after: .nanoseconds(delay)) { [weak tie] in
            guard let self = tie?.owner else { return }
            self.timer = nil
            self.timerAt = .max
            self.check()
        }
    }

    /// Ends what is late, and finds out when to look again.
    private func check() {
        let now = loop.now.nanos
        var late: [HTTPClientCall] = []
        var next = Int64.max
        for call in calls {
            if call.deadline <= now { late.append(call) } else { next = min(next, call.deadline) }
        }
        for call in late { call.timedOut() }
        for origin in origins.values {
            origin.closeIdle { $0.restsUntil <= now }
            next = min(next, origin.earliestRest)
        }
        if next != .max { watch(next) }
    }
}
