// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The stream of bytes below an HTTP connection: a TCP or TLS connection, or a test's own.
///
/// - Concurrency: lives on its loop. It calls its owner back: bytes that came, room for more, end, close.
package protocol HTTPTransport: AnyObject {
    /// Sends bytes, or keeps a copy of what cannot be sent at once.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// Bytes kept because the peer does not take them.
    var unsentCount: Int { get }
    /// Bytes the peer's system has taken since the beginning; only compared with earlier values.
    var sentCount: UInt64 { get }
    /// Stops handing out bytes; the peer feels it.
    func pauseReading()
    /// Hands out bytes again; never from within the call.
    func resumeReading()
    /// Says the end of what is sent, after all that is unsent; bytes may still come in.
    func finishSending()
    /// Ends the connection now; its owner is told once, later or from within the call.
    func close()
}

/// What a transport tells its owner.
package protocol HTTPTransportOwner: AnyObject {
    /// Bytes came; they are gone when the call returns.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// The peer will send nothing more.
    func peerFinished()
    /// All that was unsent has been sent.
    func drained()
    /// The connection has ended; nothing more is told.
    func closed()
}
