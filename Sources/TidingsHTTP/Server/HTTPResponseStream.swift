// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The body of an answer, written bit by bit.
///
/// - Concurrency: lives on the connection's loop.
package final class HTTPResponseStream {
    private let connection: HTTPServerConnection
    let exchange: HTTPExchange
    let status: HTTPStatus
    /// Whether chunks frame the body; otherwise the connection's end does.
    let isChunked: Bool
    /// Whether the body is left out, since the request was HEAD or the status has none.
    var isMute: Bool
    var closesAfter = false
    var bodyCount = 0
    /// Whether more may be written: neither ended nor broken off.
    package internal(set) var isOpen = false
    /// Runs whenever what was held back has gone out after ``wantsMore`` was false.
    package var onDrain: (() -> Void)?
    /// Runs once when the peer has gone before ``end()``.
    package var onClose: (() -> Void)?
    /// Runs once when the server begins to stop: the writer should come to an end and call ``end()``, before the
    /// stop's deadline breaks the connection off.
    package var onStop: (() -> Void)?
    var owesDrain = false

    init(_ connection: HTTPServerConnection, _ exchange: HTTPExchange, _ status: HTTPStatus) {
        self.connection = connection
        self.exchange = exchange
        self.status = status
        isChunked = exchange.minorVersion == 1
        isMute = exchange.method == .head
    }

    deinit {
        guard isOpen else { return }
        connection.dropped(stream: exchange.sequence)
    }

    /// Writes a part of the body; it is copied. Nothing happens when the stream is not open.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard isOpen, !bytes.isEmpty else { return }
        connection.write(bytes, to: self)
    }

    /// Lets `part` write a part of the body; it goes out as one chunk.
    package func write(_ part: (inout ByteBuffer) -> Void) {
        guard isOpen else { return }
        let server = connection.server
        var buffer = server.takeScratch()
        part(&buffer)
        write(buffer.bytes)
        server.giveBack(scratch: buffer)
    }

    /// Writes a text as a part of the body.
    package func write(_ text: String) { write { $0.append(text) } }

    /// Ends the body.
    package func end() {
        guard isOpen else { return }
        isOpen = false
        onDrain = nil
        onClose = nil
        onStop = nil
        connection.end(stream: self)
    }

    /// Breaks the answer off: the connection is closed without a proper end, so that the peer sees the fault.
    package func abort() {
        guard isOpen else { return }
        isOpen = false
        onClose = nil
        onDrain = nil
        onStop = nil
        connection.dropped(stream: exchange.sequence)
    }

    /// Bytes that were written and not yet taken by the peer.
    package var unsentCount: Int { connection.unsent(of: self) }

    /// Whether the writer should go on; false while too much waits for the peer, until ``onDrain``.
    package var wantsMore: Bool {
        guard isOpen else { return false }
        if !connection.isFull(for: self) { return true }
        owesDrain = true
        return false
    }

    /// Told by the connection: there is room again.
    func drained() {
        guard isOpen, owesDrain else { return }
        owesDrain = false
        onDrain?()
    }

    /// Told by the connection: the server stops.
    func serverStops() {
        let work = onStop
        onStop = nil
        work?()
    }

    /// Told by the connection: the peer has gone.
    func closed() {
        guard isOpen else { return }
        isOpen = false
        let work = onClose
        onClose = nil
        onDrain = nil
        onStop = nil
        work?()
    }
}
