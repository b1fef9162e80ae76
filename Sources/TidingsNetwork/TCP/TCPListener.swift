// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import CUV
import Synchronization
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a listener takes connections.
package struct TCPListenerSettings: Sendable, Hashable {
    /// How many connections the system holds ready that were not yet accepted.
    package var backlog: Int32 = 1024
    /// How many connections of this listener may be open; further ones are reset at once and counted.
    package var maximumConnections = 20_000
    /// How long accepting rests when no file descriptors or memory are left.
    package var exhaustionPause: Duration = .milliseconds(100)
    /// How many connections are accepted before the loop looks at its other sockets.
    package var acceptsPerTurn = 64
    /// Whether a socket on an IPv6 address takes IPv4 connections as well (an unspecified address only).
    package var alsoIPv4 = false
    /// The limits of each connection.
    package var stream = StreamSettings()

    /// The defaults.
    package init() {}
}

/// Listens on one address and spreads what it accepts evenly over several loops: each connection goes to the loop that
/// has the fewest of this listener's.
///
/// - Concurrency: any thread. The socket lives on the first loop.
package final class TCPListener: LoopResource, @unchecked Sendable {
    /// Where it listens; the port that the system chose where 0 was asked for.
    package let address: SocketAddress
    private let loop: EventLoop
    private let shares: [ListenerShare]
    private let settings: TCPListenerSettings
    private let accepted: @Sendable (TCPConnection) -> Void
    private let refused = Atomic<Int>(0)
    private let socket: Int32
    // On the loop only:
    private let poll: UnsafeMutablePointer<uv_poll_t>
    private var isPolling = false
    private var isClosed = false
    private var turn = 0
    private var pause: LoopTimer?
    private var toldOfLimitAt: MonotonicTime?
    private var toldOfExhaustionAt: MonotonicTime?

    /// How many connections were reset because ``TCPListenerSettings/maximumConnections`` were open. Any thread.
    package var refusedCount: Int { refused.load(ordering: .relaxed) }
    /// How many connections are open now. Any thread.
    package var openCount: Int { shares.reduce(0) { $0 + $1.openCount } }

    /// Begins to listen.
    /// - Parameters:
    ///   - address: where; port 0 lets the system choose.
    ///   - loops: which loops connections go to.
    ///   - accepted: takes a connection, on its own loop; sets its handler and resumes reading, or aborts it.
    /// - Throws: ``NetworkError`` naming the address, ``NetworkError/Code/addressInUse`` among others.
    package init(
        on address: SocketAddress, loops: [EventLoop], settings: TCPListenerSettings = .init(),
        accepted: @escaping @Sendable (TCPConnection) -> Void
    ) throws(NetworkError) {
        precondition(!loops.isEmpty, "a listener needs a loop")
        socket = try Self.openSocket(address, settings)
        poll = .allocate(capacity: 1)
        let file = socket
        self.address = SocketAddress.asking { getsockname(file, $0, $1) } ?? address
        self.settings = settings
        self.accepted = accepted
        loop = loops[0]
        shares = loops.map { ListenerShare(loop: $0) }
        super.init()
        loop.post { self.startPolling() }
    }

    deinit {
        // A loop that has stopped dropped the request to poll.
        if !isPolling, !isClosed { SystemCalls.close(socket) }
        poll.deallocate()
    }

    private static func openSocket(
        _ address: SocketAddress, _ settings: TCPListenerSettings
    ) throws(NetworkError) -> Int32 {
        let file = tidings_tcp_socket(address.family == .ipv4 ? AF_INET : AF_INET6)
        guard file >= 0 else { throw NetworkError(errno: errno, "cannot listen on \(address)") }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if address.family == .ipv6 {
            var only: Int32 = settings.alsoIPv4 && address.isUnspecified ? 0 : 1
            setsockopt(file, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &only, size)
        }
        let status = address.withSystemAddress { bind(file, $0, $1) }
        guard status == 0, listen(file, settings.backlog) == 0 else {
            let error = NetworkError(errno: errno, "cannot listen on \(address)")
            SystemCalls.close(file)
            throw error
        }
        return file
    }

    private func startPolling() {
        guard !isClosed else { return }
        guard !loop.isStopping, uv_poll_init(loop.loop, poll, socket) == 0 else {
            isClosed = true
            SystemCalls.close(socket)
            return
        }
        poll.pointee.data = Unmanaged.passRetained(self as LoopResource).toOpaque()
        isPolling = true
        resumeAccepting()
    }

    private func resumeAccepting() {
        pause = nil
        guard !isClosed else { return }
        uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            guard let data = handle?.pointee.data else { return }
            Unmanaged<LoopResource>.fromOpaque(data)._withUnsafeGuaranteedRef { resource in
                let listener = unsafeDowncast(resource, to: TCPListener.self)
                listener.accept()
                listener.loop.endTurn()
            }
        }
    }

    private func accept() {
        for _ in 0..<settings.acceptsPerTurn {
            if isClosed { return }
            var file: Int32 = -1
            let socket = socket
            let remote = SocketAddress.asking { address, size in
                file = tidings_accept(socket, address, size)
                return file < 0 ? -1 : 0
            }
            guard file >= 0 else {
                let code = errno
                switch code {
                case EAGAIN: return
                case EINTR, ECONNABORTED, EPROTO: continue
                default:
                    rest(code)
                    return
                }
            }
            guard let remote else {
                SystemCalls.close(file)
                continue
            }
            handOver(file, remote)
        }
    }

    private func handOver(_ file: Int32, _ remote: SocketAddress) {
        guard openCount < settings.maximumConnections else {
            refused.add(1, ordering: .relaxed)
            SystemCalls.resetOnClose(file)
            SystemCalls.close(file)
            tellOfLimit()
            return
        }
        turn = (turn + 1) % shares.count
        var share = shares[turn]
        for other in shares where other.openCount < share.openCount { share = other }
        share.connectionOpened()
        if share.loop === loop {
            open(file, remote, share)
        } else {
            let target = share
            // A loop that has stopped drops the work, and with it the file.
            let file = OwnedFile(file)
            target.loop.post { if let file = file.take() { self.open(file, remote, target) } }
        }
    }

    private func open(_ file: Int32, _ remote: SocketAddress, _ share: ListenerShare) {
        guard !share.loop.isStopping else {
            SystemCalls.close(file)
            share.connectionClosed()
            return
        }
        let connection = TCPConnection(loop: share.loop, remoteAddress: remote, settings: settings.stream)
        connection.share = share
        if let error = connection.open(file) {
            SystemCalls.close(file)
            loop.logger.warning("an accepted connection could not be used: \(error)")
            connection.breakOff(error)
        } else {
            accepted(connection)
        }
    }

    private func rest(_ code: Int32) {
        let now = loop.now
        if toldOfExhaustionAt.map({ now - $0 >= .seconds(10) }) ?? true {
            toldOfExhaustionAt = now
            let error = NetworkError(errno: code, "cannot accept connections on \(address) for the moment")
            loop.logger.error("\(error)", [("address", "\(address)")])
        }
        uv_poll_stop(poll)
        pause = loop.schedule(after: settings.exhaustionPause) { [weak self] in self?.resumeAccepting() }
    }

    private func tellOfLimit() {
        let now = loop.now
        if let told = toldOfLimitAt, now - told < .seconds(10) { return }
        toldOfLimitAt = now
        loop.logger.warning(
            "connections to \(address) are refused: \(settings.maximumConnections) are open",
            [("refused", "\(refusedCount)")])
    }

    /// Accepts no more connections and closes the socket; those open stay. Returns at once. Any thread.
    package func stop() { loop.post { self.loopStops() } }

    override func loopStops() {
        guard !isClosed else { return }
        isClosed = true
        if let pause { loop.cancel(pause) }
        guard isPolling else {
            SystemCalls.close(socket)
            return
        }
        uv_poll_stop(poll)
        UnsafeMutableRawPointer(poll).withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
            uv_close(handle) { handle in
                guard let data = handle?.pointee.data else { return }
                let resource = Unmanaged<LoopResource>.fromOpaque(data).takeRetainedValue()
                SystemCalls.close(unsafeDowncast(resource, to: TCPListener.self).socket)
            }
        }
    }
}

/// One loop's part of a listener's connections.
///
/// - Concurrency: any thread counts.
final class ListenerShare: Sendable {
    let loop: EventLoop
    private let open = Atomic<Int>(0)

    init(loop: EventLoop) { self.loop = loop }

    var openCount: Int { open.load(ordering: .relaxed) }
    func connectionOpened() { open.add(1, ordering: .relaxed) }
    func connectionClosed() { open.subtract(1, ordering: .relaxed) }
}

/// A file descriptor on its way to another thread, closed when it does not arrive.
///
/// - Concurrency: any thread takes it, one of them.
final class OwnedFile: Sendable {
    private let file: Atomic<Int32>

    init(_ file: Int32) { self.file = Atomic(file) }

    /// The file, now the caller's; nil when it was taken before.
    func take() -> Int32? {
        let file = file.exchange(-1, ordering: .acquiringAndReleasing)
        return file < 0 ? nil : file
    }

    deinit { if let file = take() { SystemCalls.close(file) } }
}

extension TCPConnection {
    /// Takes over an accepted socket; the file stays the caller's when an error is returned.
    func open(_ file: Int32) -> NetworkError? {
        let status = uv_tcp_open(tcp, file)
        guard status == 0 else {
            return NetworkError(status: status, "cannot use the connection from \(remoteAddress)")
        }
        uv_tcp_nodelay(tcp, 1)
        return nil
    }
}
