// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// A request's bytes, lent while it is written.
struct HTTPRequestBytes {
    let method: HTTPMethod
    let target: String
    let authority: String
    let fields: UnsafeRawBufferPointer
    let body: UnsafeRawBufferPointer

    /// Writes everything before the body.
    func appendHead(to out: inout ByteBuffer) {
        out.append(method.name)
        out.append(UInt8(32))
        out.append(target)
        out.append(" HTTP/1.1\r\nHost: ")
        out.append(authority)
        out.append("\r\n")
        if !body.isEmpty || method == .post || method == .put || method == .patch {
            out.append("Content-Length: ")
            out.append(decimal: UInt64(body.count))
            out.append("\r\n")
        }
        out.append(fields)
        out.append("\r\n")
    }

    /// Writes all of it.
    func append(to out: inout ByteBuffer) {
        appendHead(to: &out)
        out.append(body)
    }
}

/// One request on its way to its answer.
///
/// - Concurrency: lives on its client's loop.
package final class HTTPClientCall {
    enum Stage {
        /// Waits for a connection to become free.
        case waiting
        /// A connection is being made for it.
        case dialing
        /// Sent; the head of the answer is awaited.
        case sent
        /// The answer's body is coming.
        case answering
        case done
    }

    let client: HTTPClient
    let origin: HTTPOrigin
    let method: HTTPMethod
    let timeouts: HTTPClientTimeouts
    let sink: HTTPClient.Sink?
    private var then: ((Result<HTTPClientResponse, HTTPClientError>) -> Void)?
    var stage = Stage.waiting
    var slot = -1
    /// When it is late, and when it is too late for an answer to be whole; nanoseconds.
    var deadline = Int64.max
    var answerAt = Int64.max
    /// The bytes to send, kept until there is a connection.
    var request: HTTPBuffer?
    var connection: HTTPClientConnection?
    var dial: HTTPDial?

    init(
        _ client: HTTPClient, _ origin: HTTPOrigin, _ method: HTTPMethod, _ timeouts: HTTPClientTimeouts,
        _ sink: HTTPClient.Sink?, _ then: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        self.client = client
        self.origin = origin
        self.method = method
        self.timeouts = timeouts
        self.sink = sink
        self.then = then
    }

    /// Gives up: `then` runs with ``HTTPClientError/Code/cancelled``, at once; nothing happens when it ran before.
    package func cancel() { fail(HTTPClientError(.cancelled, "the caller gave up")) }

    /// Whether `then` has run.
    package var isDone: Bool { stage == .done }

    /// The request has been written to a connection.
    func wasSent(on connection: HTTPClientConnection) {
        self.connection = connection
        stage = .sent
        if let request {
            self.request = nil
            client.giveBack(request)
        }
        deadline = min(HTTPClient.moment(client.loop.now.nanos, timeouts.headers), answerAt)
        client.watch(deadline)
    }

    /// The answer's head has come.
    func headCame(_ status: HTTPStatus, _ fields: HTTPFields) {
        stage = .answering
        deadline = answerAt
        client.watch(deadline)
        sink?.onHead(status, fields)
    }

    /// The answer is whole; its connection has been dealt with.
    func succeed(_ response: HTTPClientResponse) {
        connection = nil
        finish(.success(response))
    }

    /// There will be no answer. A connection it used is broken off, one being made is given up.
    func fail(_ error: HTTPClientError) {
        guard stage != .done else { return }
        let before = stage
        stage = .done
        var error = error
        if let connection {
            self.connection = nil
            error = HTTPClientError(error.code, error.description, mayHaveArrived: true)
            connection.abandon()
        }
        if let dial {
            self.dial = nil
            dial.cancel()
        }
        if before == .waiting { origin.forgetWaiting(self) }
        finish(.failure(error))
    }

    /// Fails in a turn of its own.
    func failSoon(_ error: HTTPClientError) {
        let late = Late(call: self, error: error)
        client.loop.post { late.call.fail(late.error) }
    }

    private struct Late: @unchecked Sendable {
        let call: HTTPClientCall
        let error: HTTPClientError
    }

    private func finish(_ result: Result<HTTPClientResponse, HTTPClientError>) {
        stage = .done
        client.forget(self)
        let work = then
        then = nil
        work?(result)
    }

    /// Its deadline has passed.
    func timedOut() {
        let name = origin.authority
        switch stage {
        case .waiting:
            fail(
                HTTPClientError(
                    .connectTimedOut, "no connection to \(name) became free within \(timeouts.connect)"))
        case .dialing:
            fail(HTTPClientError(.connectTimedOut, "no connection to \(name) within \(timeouts.connect)"))
        case .sent:
            if answerAt <= deadline, timeouts.answer < timeouts.headers {
                fail(HTTPClientError(.answerTimedOut, "no answer from \(name) within \(timeouts.answer)"))
            } else {
                fail(HTTPClientError(.headersTimedOut, "no answer from \(name) within \(timeouts.headers)"))
            }
        case .answering:
            fail(HTTPClientError(.answerTimedOut, "no whole answer from \(name) within \(timeouts.answer)"))
        case .done: break
        }
    }
}
