// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Answers one request: once, on the connection's loop, now or later. One that is dropped unanswered answers 500.
///
/// The answers of a connection go out in the order of its requests, whatever the order they are given in. A second
/// answer to the same request is a fault of the caller: it is dropped, and trapped in debug builds. After the peer
/// has gone, answers are dropped silently.
package final class HTTPResponder {
    // A connection keeps one responder at rest for its next request, and lets go of it when it closes.
    let connection: HTTPServerConnection
    private(set) var exchange = HTTPExchange(sequence: 0, route: -1)
    /// Whether the answer has been given or begun.
    package private(set) var isAnswered = true
    var bodyReader: HTTPBodyReader?
    private var onPeerGoneWork: (() -> Void)?

    init(_ connection: HTTPServerConnection) { self.connection = connection }

    deinit {
        guard !isAnswered else { return }
        let late = Late(connection: connection, exchange: exchange, isWatching: onPeerGoneWork != nil)
        let loop = connection.server.loop
        if loop.isCurrent { late.answer() } else { loop.post { late.answer() } }
    }

    /// Makes ready for a request.
    func begin(_ exchange: HTTPExchange, _ reader: HTTPBodyReader?) {
        self.exchange = exchange
        bodyReader = reader
        isAnswered = false
    }

    /// Forgets the request, and waits for the next.
    func rest() {
        isAnswered = true
        bodyReader = nil
        onPeerGoneWork = nil
    }

    /// The request's id: the one it came with, or a new one.
    package var requestID: String {
        exchange.givenID.map { String(decoding: $0, as: UTF8.self) } ?? connection.server.id(exchange.idNumber)
    }

    /// The loop on which the answer must be given.
    package var loop: any Loop { connection.server.loop }

    /// The other end of the connection.
    package var peer: SocketAddress { connection.stream.remoteAddress }

    /// Whether the peer has gone, so that an answer would reach nobody.
    package var isPeerGone: Bool { connection.isClosed }

    /// Runs once if the peer goes away before the answer has begun; a later call replaces an earlier one.
    package func onPeerGone(_ work: @escaping () -> Void) {
        guard !isAnswered else { return }
        if connection.isClosed { return work() }
        onPeerGoneWork = work
        connection.register(self)
    }

    /// Answers without a body.
    package func respond(_ status: HTTPStatus, _ fields: HTTPFields? = nil) {
        respond(status, contentType: "", fields, body: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Answers with a body that lies somewhere; it is copied.
    /// - Parameter contentType: the body's type; none is said when it is empty.
    package func respond(
        _ status: HTTPStatus, contentType: String, _ fields: HTTPFields? = nil, body: UnsafeRawBufferPointer
    ) {
        guard take() else { return }
        connection.answer(exchange, status, contentType, fields, body)
    }

    /// Answers with a body that `body` writes.
    /// - Parameter contentType: the body's type; none is said when it is empty.
    package func respond(
        _ status: HTTPStatus, contentType: String, _ fields: HTTPFields? = nil,
        writing body: (inout ByteBuffer) -> Void
    ) {
        guard !isAnswered else { return twice() }
        let server = connection.server
        var buffer = server.takeScratch()
        body(&buffer)
        if take() {
            connection.answer(exchange, status, contentType, fields, buffer.bytes)
        }
        server.giveBack(scratch: buffer)
    }

    /// Answers with a refusal, as `application/problem+json`.
    package func refuse(_ problem: Problem, _ fields: HTTPFields? = nil) {
        guard take() else { return }
        connection.answer(exchange, problem, fields)
    }

    /// Answers with a text.
    package func respond(_ status: HTTPStatus, contentType: String, _ fields: HTTPFields? = nil, text: String) {
        respond(status, contentType: contentType, fields) { $0.append(text) }
    }

    /// Begins an answer whose body is written bit by bit: chunked, or ended by closing for an HTTP/1.0 peer.
    /// The stream must be ended; one that is dropped breaks the connection off, so that the peer sees the fault.
    package func stream(
        _ status: HTTPStatus, contentType: String, _ fields: HTTPFields? = nil
    ) -> HTTPResponseStream {
        let stream = HTTPResponseStream(connection, exchange, status)
        guard take() else { return stream }
        connection.beginStream(stream, status, contentType, fields)
        return stream
    }

    /// Reads the request's body bit by bit, for a route whose plan is ``HTTPBodyPlan/stream``; nil for another, and
    /// when it was asked for before. Nothing is handed out before the handler has returned.
    /// - Parameter atMost: bytes; beyond, the reader ends with ``HTTPBodyFailure/tooLarge``.
    package func readBody(atMost: Int) -> HTTPBodyReader? {
        guard let reader = bodyReader else { return nil }
        bodyReader = nil
        reader.begin(atMost: atMost)
        return reader
    }

    /// Told by the connection: the peer has gone.
    func peerGone() {
        let work = onPeerGoneWork
        onPeerGoneWork = nil
        work?()
    }

    private func take() -> Bool {
        guard !isAnswered else {
            twice()
            return false
        }
        isAnswered = true
        if onPeerGoneWork != nil {
            onPeerGoneWork = nil
            connection.unregister(exchange.sequence)
        }
        return true
    }

    private func twice() { assertionFailure("a request was answered twice") }

    /// What is left of a responder that was dropped.
    private struct Late: @unchecked Sendable {
        let connection: HTTPServerConnection
        let exchange: HTTPExchange
        let isWatching: Bool

        func answer() {
            if isWatching { connection.unregister(exchange.sequence) }
            connection.answerDropped(exchange)
        }
    }
}
