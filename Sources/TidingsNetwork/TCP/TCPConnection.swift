// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A TCP connection, accepted by a ``TCPListener`` or made by a ``TCPConnector``.
///
/// Writing tries the socket first; what it does not take waits in this connection's buffer and leaves as the peer
/// reads. No memory is held while nothing waits.
///
/// - Concurrency: lives on `loop`; everything is called there.
package final class TCPConnection: LoopResource, ByteStream, @unchecked Sendable {
    /// What is touched for every read and write; behind one pointer, so that it costs no exclusivity check.
    struct Memory {
        /// First, so that the pointer to it is the pointer to all.
        var handle = uv_tcp_t()
        var nextDirty: UnsafeMutablePointer<Memory>?
        /// What was written and not yet offered to the socket.
        var output: UnsafeMutablePointer<ByteBuffer>?
        /// What the socket did not take at once; libuv sends it when it can.
        var pending: UnsafeMutablePointer<ByteBuffer>?
        var request: UnsafeMutablePointer<uv_write_t>?
        var phase = Phase.open
        /// Where the owner wants the next bytes.
        var room: UnsafeMutableRawBufferPointer?
        var isDirty = false
        var isFull = false
        var isPaused = true
        var readEnded = false
        /// The owner wants the end sent when everything has left.
        var endsWriting = false
        var endSent = false
        var discarded = 0
        /// A write failed: the connection only reads what the peer had sent before.
        var writeBroke = false
    }

    enum Phase: UInt8 {
        /// Bytes go both ways.
        case open
        /// The owner closed: what waits still leaves, then the end; leads to `closed`.
        case closing
        /// The handle is closed or about to be.
        case closed
    }

    package let loop: EventLoop
    package let remoteAddress: SocketAddress
    package var handler: (any ByteStreamHandler)?
    /// The limits.
    package let settings: StreamSettings
    let memory: UnsafeMutablePointer<Memory>
    /// Turns what is written above it into what is sent, asked before each flush: TLS.
    var filter: (any OutputFilter)?
    /// Counts the open connections of a listener.
    var share: ListenerShare?
    private var closeError: NetworkError?
    private var closeTimer: LoopTimer?

    /// Makes the handle; the caller opens it. From here on the connection keeps itself alive until it is closed.
    init(loop: EventLoop, remoteAddress: SocketAddress, settings: StreamSettings) {
        self.loop = loop
        self.remoteAddress = remoteAddress
        self.settings = settings
        memory = .allocate(capacity: 1)
        memory.initialize(to: Memory())
        super.init()
        let status = uv_tcp_init(loop.loop, tcp)
        precondition(status == 0, "a TCP handle without a socket can always be made")
        tcp.pointee.data = Unmanaged.passRetained(self as LoopResource).toOpaque()
    }

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    // MARK: Handles

    @inline(__always)
    var tcp: UnsafeMutablePointer<uv_tcp_t> { UnsafeMutableRawPointer(memory).assumingMemoryBound(to: uv_tcp_t.self) }
    @inline(__always)
    var stream: UnsafeMutablePointer<uv_stream_t> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(to: uv_stream_t.self)
    }
    private var handle: UnsafeMutablePointer<uv_handle_t> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(to: uv_handle_t.self)
    }

    /// Lends the connection that owns `memory`.
    @inline(__always)
    static func of(_ memory: UnsafeMutablePointer<Memory>, _ body: (TCPConnection) -> Void) {
        of(UnsafeMutableRawPointer(memory), body)
    }

    /// Lends the connection of a handle that libuv hands to a callback.
    @inline(__always)
    static func of(_ handle: UnsafeMutableRawPointer?, _ body: (TCPConnection) -> Void) {
        guard let data = handle?.assumingMemoryBound(to: uv_handle_t.self).pointee.data else { return }
        Unmanaged<LoopResource>.fromOpaque(data)._withUnsafeGuaranteedRef {
            body(unsafeDowncast($0, to: TCPConnection.self))
        }
    }

    /// The socket's number; -1 when there is none.
    var fileDescriptor: Int32 {
        var file: uv_os_fd_t = -1
        return uv_fileno(handle, &file) == 0 ? file : -1
    }

    package var localAddress: SocketAddress? {
        let file = fileDescriptor
        return file < 0 ? nil : SocketAddress.asking { getsockname(file, $0, $1) }
    }

    package var isOpen: Bool { memory.pointee.phase == .open && !memory.pointee.writeBroke }
    package var isPaused: Bool { memory.pointee.isPaused }

    // MARK: Reading

    package func resumeReading() {
        guard memory.pointee.phase == .open, memory.pointee.isPaused, !memory.pointee.readEnded else { return }
        memory.pointee.isPaused = false
        startReading()
    }

    package func pauseReading() {
        guard memory.pointee.phase == .open, !memory.pointee.isPaused else { return }
        memory.pointee.isPaused = true
        uv_read_stop(stream)
    }

    package func receive(into room: UnsafeMutableRawBufferPointer?) {
        memory.pointee.room = room?.isEmpty == true ? nil : room
    }

    private func startReading() {
        let status = uv_read_start(
            stream,
            { handle, _, room in
                guard let room, let handle else { return }
                let memory = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Memory.self)
                if let wanted = memory.pointee.room, memory.pointee.phase == .open {
                    room.pointee.base = wanted.baseAddress?.assumingMemoryBound(to: CChar.self)
                    room.pointee.len = wanted.count
                    return
                }
                guard let data = handle.pointee.loop?.pointee.data else { return }
                Unmanaged<EventLoop>.fromOpaque(data)._withUnsafeGuaranteedRef { loop in
                    let buffer = loop.state.pointee.readBuffer
                    room.pointee.base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                    room.pointee.len = buffer.count
                }
            },
            { handle, count, room in
                guard let room else { return }
                TCPConnection.of(handle) { connection in
                    connection.received(count, room.pointee.base)
                    connection.loop.endTurn()
                }
            })
        if status != 0 { breakOff(NetworkError(status: status, "cannot read from \(remoteAddress)")) }
    }

    @inline(__always)
    private func received(_ count: Int, _ base: UnsafePointer<CChar>?) {
        if count > 0, memory.pointee.phase == .open {
            handler?.streamDidReceive(UnsafeRawBufferPointer(start: base, count: count))
        } else {
            receivedOther(count)
        }
    }

    @inline(never)
    private func receivedOther(_ count: Int) {
        if count == 0 || memory.pointee.phase == .closed { return }
        if count > 0 {
            memory.pointee.discarded += count
            if memory.pointee.discarded > settings.lingerByteLimit { finish(nil) }
        } else if count == Int(UV_EOF.rawValue) {
            memory.pointee.readEnded = true
            uv_read_stop(stream)
            if memory.pointee.writeBroke {
                breakOff(closeError ?? NetworkError(.reset, "the connection to \(remoteAddress) broke"))
            } else if memory.pointee.phase == .open {
                handler?.streamDidEnd()
            } else if memory.pointee.endSent {
                finish(nil)
            }
        } else if memory.pointee.phase == .closing, memory.pointee.endSent {
            finish(nil)
        } else {
            breakOff(NetworkError(status: Int32(truncatingIfNeeded: count), "the connection to \(remoteAddress) broke"))
        }
    }

    // MARK: Closing

    package func endWriting() {
        guard memory.pointee.phase == .open, !memory.pointee.endsWriting else { return }
        memory.pointee.endsWriting = true
        loop.noteDirty(memory)
    }

    package func close() {
        guard memory.pointee.phase == .open else { return }
        if memory.pointee.writeBroke, let closeError { return breakOff(closeError) }
        // What a filter still holds must pass it while it may write.
        filter?.willClose()
        memory.pointee.phase = .closing
        memory.pointee.endsWriting = true
        if !memory.pointee.isPaused {
            memory.pointee.isPaused = true
            uv_read_stop(stream)
        }
        if memory.pointee.endSent {
            linger()
            return
        }
        loop.noteDirty(memory)
        closeTimer = loop.schedule(after: settings.closeTimeLimit) { [self] in
            breakOff(NetworkError(.timedOut, "\(remoteAddress) did not take the last bytes in time"))
        }
    }

    package func abort() {
        guard memory.pointee.phase != .closed else { return }
        breakOff(NetworkError(.aborted, "the connection to \(remoteAddress) was broken off"))
    }

    /// Everything has left: sends the end; after ``close()``, waits a moment for the peer's.
    func sendEnd() {
        memory.pointee.endSent = true
        let file = fileDescriptor
        let failure = file < 0 ? 0 : SystemCalls.endWriting(file)
        if failure != 0 {
            breakOff(NetworkError(errno: failure, "cannot end the connection to \(remoteAddress)"))
            return
        }
        if memory.pointee.phase == .closing { linger() }
    }

    /// Reads on after the end was sent: closing a socket with unread bytes would make the system reset the
    /// connection, and the peer might lose the last answer.
    func linger() {
        if memory.pointee.readEnded {
            finish(nil)
            return
        }
        if let closeTimer { loop.cancel(closeTimer) }
        closeTimer = loop.schedule(after: settings.lingerTime) { [self] in finish(nil) }
        startReading()
    }

    /// After a failed write: the end of reading closes the connection, at the latest after the time to linger.
    func readToItsEnd(_ error: NetworkError) {
        closeError = error
        closeTimer = loop.schedule(after: settings.lingerTime) { [self] in breakOff(error) }
    }

    /// Closes with a reset: the peer must not take what it got for everything.
    func breakOff(_ error: NetworkError) {
        guard memory.pointee.phase != .closed else { return }
        let file = fileDescriptor
        if file >= 0 { SystemCalls.resetOnClose(file) }
        finish(error)
    }

    /// Closes the handle; the handler hears of it in the close callback.
    private func finish(_ error: NetworkError?) {
        guard memory.pointee.phase != .closed else { return }
        memory.pointee.phase = .closed
        memory.pointee.isPaused = true
        closeError = error
        if let closeTimer { loop.cancel(closeTimer) }
        closeTimer = nil
        uv_close(handle) { handle in
            guard let data = handle?.pointee.data else { return }
            let resource = Unmanaged<LoopResource>.fromOpaque(data).takeRetainedValue()
            let connection = unsafeDowncast(resource, to: TCPConnection.self)
            let loop = connection.loop
            connection.didClose()
            loop.endTurn()
        }
    }

    private func didClose() {
        dropOutput()
        share?.connectionClosed()
        share = nil
        let handler = handler
        self.handler = nil
        filter = nil
        handler?.streamDidClose(closeError)
    }

    override func loopStops() {
        breakOff(NetworkError(.stopped, "the event loop \(loop.name) stopped"))
    }
}

/// Stands between what is written and what is sent.
///
/// - Concurrency: lives on its connection's loop.
protocol OutputFilter: AnyObject, Sendable {
    /// Turns what was written into bytes to be sent, by the connection's `appendRaw`.
    func flushFilter()
    /// The connection is about to be closed in order: the last chance to write.
    func willClose()
}
