// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What happens to a stream. All calls come on the stream's loop and none after ``streamDidClose(_:)``.
///
/// Once the owner has called ``ByteStream/close()`` or ``ByteStream/abort()``, only ``streamDidClose(_:)`` follows.
package protocol ByteStreamHandler: AnyObject {
    /// Bytes arrived. They are lent: valid during the call only, and at most ``EventLoopSettings/readBufferByteCount``.
    /// What is written during the call leaves in one piece when it returns. Not called while reading is paused.
    func streamDidReceive(_ bytes: UnsafeRawBufferPointer)

    /// The peer will send nothing more (half-close). The owner may go on writing, or close. Once.
    func streamDidEnd()

    /// Enough of what was waiting has left that a stream that had been full (``ByteStream/isFull``) takes more again.
    func streamDidDrain()

    /// The stream is gone, its socket closed. Once, last, never from within another call of the owner.
    /// - Parameter error: why, or nil when the owner closed it and everything written had been handed to the system.
    func streamDidClose(_ error: NetworkError?)
}

/// A connection that carries bytes both ways: ``TCPConnection``, or ``TLSConnection`` over one.
///
/// A stream begins paused: set ``handler``, then call ``resumeReading()``. The stream keeps itself and its handler
/// alive until ``ByteStreamHandler/streamDidClose(_:)`` has been called.
///
/// - Concurrency: lives on `loop`; everything is called there.
package protocol ByteStream: AnyObject, Sendable {
    /// Where it lives.
    var loop: EventLoop { get }
    /// The other end.
    var remoteAddress: SocketAddress { get }
    /// This end; nil when the system no longer knows.
    var localAddress: SocketAddress? { get }
    /// Who is told; kept alive until the stream is closed.
    var handler: (any ByteStreamHandler)? { get set }

    /// How many written bytes the system has not taken yet.
    var bufferedByteCount: Int { get }
    /// Whether more is waiting than ``StreamSettings/outputHighWater``: the owner should stop writing until
    /// ``ByteStreamHandler/streamDidDrain()``.
    var isFull: Bool { get }
    /// Whether neither ``close()`` nor ``abort()`` was called and the connection did not break.
    var isOpen: Bool { get }
    /// Whether reading is paused.
    var isPaused: Bool { get }

    /// Lets bytes come; nothing after the peer's end or after closing.
    func resumeReading()
    /// Lets no bytes come until ``resumeReading()``: the peer is slowed down by TCP. A peer that breaks off is then
    /// noticed only when writing.
    func pauseReading()

    /// Says where the next bytes go, until it is said anew: received bytes then lie at the beginning of `room`, and no more
    /// come at once than fit. Nil, and empty: they lie in memory of the loop. A stream that turns what it receives into
    /// something else does not care. The room must live until another one is given, or the stream is closed.
    func receive(into room: UnsafeMutableRawBufferPointer?)

    /// Writes bytes, copying what does not leave at once. They leave when the running callback of the loop ends, together with what else is
    /// written until then; large ones at once. Nothing happens once the stream is not open.
    func write(_ bytes: UnsafeRawBufferPointer)

    /// Lets `body` append to what is to be sent; the cheapest way to write. It must only append. It is not called once the stream is not open.
    func withOutput(_ body: (inout ByteBuffer) -> Void)

    /// Hands to the system now what was written, without waiting for the end of the running callback.
    func flush()

    /// Sends what was written, then the end (half-close): the peer may go on sending.
    func endWriting()

    /// Sends what was written, then closes in order; within ``StreamSettings/closeTimeLimit``.
    func close()

    /// Throws away what was written and breaks off: the peer sees a reset.
    func abort()
}

extension ByteStream {
    package func receive(into room: UnsafeMutableRawBufferPointer?) {}
}
