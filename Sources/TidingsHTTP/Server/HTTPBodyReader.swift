// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why a request's body did not come whole.
package enum HTTPBodyFailure: Error, Sendable, Hashable {
    /// It is larger than the route allows.
    case tooLarge
    /// Its framing is broken, or it came too slowly, or the peer has gone.
    case brokenOff
}

/// A request's body, read bit by bit.
///
/// - Concurrency: lives on the connection's loop.
package final class HTTPBodyReader {
    private let connection: HTTPServerConnection
    /// Takes a part of the body; the bytes are gone when it returns.
    package var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    /// Runs once, when the whole body has been handed out, or will never be.
    package var onEnd: ((Result<Void, HTTPBodyFailure>) -> Void)?
    private(set) var isPaused = true
    private(set) var isWanted = false
    private var isOver = false
    private var limit = 0
    private var count = 0

    init(_ connection: HTTPServerConnection) { self.connection = connection }

    func begin(atMost: Int) {
        limit = atMost
        isWanted = true
        isPaused = false
        connection.bodyWanted()
    }

    /// Hands out nothing until ``resume()``; the peer feels it.
    package func pause() { isPaused = true }

    /// Goes on, never from within the call.
    package func resume() {
        guard isPaused, !isOver else { return }
        isPaused = false
        connection.bodyWanted()
    }

    /// A part of the body came; false when it is too large.
    func deliver(_ bytes: UnsafeRawBufferPointer) -> Bool {
        count += bytes.count
        guard count <= limit else { return false }
        if !isOver { onBytes?(bytes) }
        return true
    }

    func end(_ result: Result<Void, HTTPBodyFailure>) {
        guard !isOver else { return }
        isOver = true
        let work = onEnd
        onEnd = nil
        onBytes = nil
        work?(result)
    }
}
