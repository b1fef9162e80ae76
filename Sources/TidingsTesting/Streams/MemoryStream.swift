// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// A connection whose other side is a test: what its owner writes is kept, what the peer sends is handed in.
///
/// It goes with a ``SimulatedLoop``, so it has no event loop: asking for ``loop`` is a fault of the test.
///
/// - Concurrency: one thread.
package final class MemoryStream: ByteStream, @unchecked Sendable {
    package let remoteAddress: SocketAddress
    package let localAddress: SocketAddress? = .loopback(port: 80)
    package var handler: (any ByteStreamHandler)?
    private var output = ByteBuffer()
    private(set) package var isPaused = true
    private(set) package var isOpen = true
    private(set) package var endsWriting = false
    private(set) package var wasAborted = false
    private var held: [[UInt8]] = []
    /// Whether the peer takes nothing: what is written stays buffered until ``take()``.
    package var isStalled = false
    /// From how many buffered bytes on the stream calls itself full while it is stalled.
    package var highWater = 256 << 10
    private var wasFull = false
    private var room: UnsafeMutableRawBufferPointer?

    /// Makes a stream with nothing written.
    package init(remoteAddress: SocketAddress = .loopback(port: 40_000)) { self.remoteAddress = remoteAddress }

    package var loop: EventLoop { preconditionFailure("a stream in memory lives on no event loop") }
    package var bufferedByteCount: Int { isStalled ? output.count : 0 }
    package var isFull: Bool {
        let full = isStalled && output.count > highWater
        if full { wasFull = true }
        return full
    }

    // MARK: The owner's side

    package func resumeReading() {
        isPaused = false
        let waiting = held
        held = []
        for piece in waiting { receive(piece) }
    }
    package func pauseReading() { isPaused = true }
    package func receive(into room: UnsafeMutableRawBufferPointer?) { self.room = room?.isEmpty == true ? nil : room }
    package func write(_ bytes: UnsafeRawBufferPointer) { withOutput { $0.append(bytes) } }
    package func withOutput(_ body: (inout ByteBuffer) -> Void) {
        guard isOpen, !endsWriting else { return }
        body(&output)
    }
    package func flush() {}
    package func endWriting() { endsWriting = true }
    package func close() { isOpen = false }
    package func abort() {
        isOpen = false
        wasAborted = true
    }

    // MARK: The peer's side

    /// Sends bytes to the owner; they wait while it has paused.
    package func receive(_ bytes: [UInt8]) {
        guard isOpen else { return }
        if isPaused { return held.append(bytes) }
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty, isOpen {
                guard !isPaused else { return held.append(Array(rest)) }
                let count = min(room?.count ?? rest.count, rest.count)
                let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                if let room {
                    room.copyMemory(from: piece)
                    handler?.streamDidReceive(UnsafeRawBufferPointer(rebasing: room[..<count]))
                } else {
                    handler?.streamDidReceive(piece)
                }
            }
        }
    }

    /// Sends text to the owner.
    package func receive(_ text: String) { receive(Array(text.utf8)) }

    /// Says the peer's end.
    package func receiveEnd() { if isOpen { handler?.streamDidEnd() } }

    /// Tells the owner that the stream is gone: after it closed it, or because the connection broke.
    package func finish(_ error: NetworkError? = nil) {
        isOpen = false
        let handler = handler
        self.handler = nil
        handler?.streamDidClose(error)
    }

    /// Everything written since the last call, as text.
    package func take() -> String { String(decoding: takeBytes(), as: UTF8.self) }

    /// Everything written since the last call.
    package func takeBytes() -> [UInt8] {
        let bytes = output.array()
        output.removeAll()
        if wasFull {
            wasFull = false
            handler?.streamDidDrain()
        }
        return bytes
    }
}
