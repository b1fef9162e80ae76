// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// One scheme, host and port: its connections, and the calls that wait for one.
///
/// - Concurrency: lives on its client's loop.
final class HTTPOrigin {
    /// What tells origins apart.
    struct Key: Hashable {
        let host: String
        let port: UInt16
        let isSecure: Bool
    }

    let client: HTTPClient
    let key: Key
    /// What `Host` says.
    let authority: String
    /// Resting connections; the one used last is used next.
    private var idle: [HTTPClientConnection] = []
    /// Connections that stand or are being made.
    private(set) var openCount = 0
    private var waiting: [HTTPClientCall] = []
    private var firstWaiting = 0

    init(_ client: HTTPClient, _ key: Key, authority: String) {
        self.client = client
        self.key = key
        self.authority = authority
    }

    private var waitingCount: Int { waiting.count - firstWaiting }

    /// A connection that rests, if there is one.
    func takeIdle() -> HTTPClientConnection? {
        while let connection = idle.popLast() {
            if connection.isUsable { return connection }
        }
        return nil
    }

    /// A call that has no connection: makes one for it, or lets it wait.
    func enter(_ call: HTTPClientCall) {
        if openCount < client.settings.perOrigin {
            dial(call)
        } else if waitingCount >= client.settings.waiting {
            call.stage = .dialing
            call.failSoon(
                HTTPClientError(.tooManyWaiting, "\(waitingCount) calls wait for a connection to \(authority) already"))
        } else {
            call.stage = .waiting
            waiting.append(call)
        }
    }

    private func dial(_ call: HTTPClientCall) {
        openCount += 1
        call.stage = .dialing
        let dial = HTTPDial(self, call)
        call.dial = dial
        dial.begin()
    }

    /// A dial came to its end without a connection.
    func dialEnded() { connectionGone() }

    /// A connection stands.
    func dialed(_ stream: any ByteStream, for call: HTTPClientCall) {
        call.dial = nil
        let connection = HTTPClientConnection(self, stream)
        guard let request = call.request else { return connection.rest(for: nil) }
        if !connection.send(request.bytes.bytes, for: call) {
            call.fail(HTTPClientError(.broken, "the connection to \(authority) broke before the request was sent"))
        }
    }

    /// A connection is free: the call that waits longest gets it, else it rests.
    func release(_ connection: HTTPClientConnection, restingFor limit: Duration?) {
        while let call = nextWaiting() {
            guard let request = call.request else { continue }
            if connection.send(request.bytes.bytes, for: call) { return }
            // Dead before a byte was sent; its end frees its place and is told by its stream.
            call.stage = .dialing
            enterFirst(call)
            return
        }
        guard !client.isStopped else { return connection.close() }
        connection.rest(for: limit)
    }

    private func enterFirst(_ call: HTTPClientCall) {
        call.stage = .waiting
        if firstWaiting > 0 {
            firstWaiting -= 1
            waiting[firstWaiting] = call
        } else {
            waiting.insert(call, at: 0)
        }
    }

    /// Keeps a connection that rests.
    func keep(_ connection: HTTPClientConnection) { idle.append(connection) }

    /// A connection has ended, or was not made.
    func connectionGone() {
        openCount -= 1
        if !client.isStopped, openCount < client.settings.perOrigin, let call = nextWaiting() { dial(call) }
        if openCount == 0, waitingCount == 0 { client.forget(self) }
    }

    /// Takes a connection that ended while it rested off the list.
    func forgetIdle(_ connection: HTTPClientConnection) { idle.removeAll { $0 === connection } }

    private func nextWaiting() -> HTTPClientCall? {
        while firstWaiting < waiting.count {
            let call = waiting[firstWaiting]
            firstWaiting += 1
            if firstWaiting == waiting.count || firstWaiting > 256 {
                waiting.removeFirst(firstWaiting)
                firstWaiting = 0
            }
            if call.stage == .waiting { return call }
        }
        return nil
    }

    /// A waiting call has ended.
    func forgetWaiting(_ call: HTTPClientCall) {
        guard let place = waiting[firstWaiting...].firstIndex(where: { $0 === call }) else { return }
        waiting.remove(at: place)
    }

    /// Closes the resting connections that `isOver` says.
    func closeIdle(_ isOver: (HTTPClientConnection) -> Bool) {
        guard !idle.isEmpty else { return }
        var kept: [HTTPClientConnection] = []
        for connection in idle {
            if isOver(connection) { connection.close() } else { kept.append(connection) }
        }
        idle = kept
    }

    /// When the first resting connection has rested enough.
    var earliestRest: Int64 { idle.reduce(.max) { min($0, $1.restsUntil) } }
}
