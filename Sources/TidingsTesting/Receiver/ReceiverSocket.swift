// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A plain blocking socket of a ``Receiver``, closed by the thread that reads it.
///
/// - Concurrency: one thread reads and writes; any thread may call ``breakOff()``, which makes that one return.
struct ReceiverSocket: Sendable {
    let file: Int32

    /// A listening socket on 127.0.0.1, or nil when the port cannot be had; port 0 picks one.
    static func listening(on port: UInt16) -> ReceiverSocket? {
        #if canImport(Glibc)
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let file = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard file >= 0 else { return nil }
        var yes: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(file, 512) == 0 else {
            _ = Self.closeFile(file)
            return nil
        }
        return ReceiverSocket(file: file)
    }

    /// A socket connected to a port of 127.0.0.1; nil when nobody listens there.
    static func connected(to port: UInt16) -> ReceiverSocket? {
        #if canImport(Glibc)
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let file = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard file >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let joined = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard joined == 0 else {
            _ = Self.closeFile(file)
            return nil
        }
        var yes: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        return ReceiverSocket(file: file)
    }

    /// The local port.
    var port: UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &size) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The next connection; nil when the socket was broken off.
    func accepted() -> ReceiverSocket? {
        while true {
            let connection = accept(file, nil, nil)
            if connection >= 0 {
                var yes: Int32 = 1
                setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
                return ReceiverSocket(file: connection)
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }

    /// Reads some bytes; empty when the other side is done or the connection is broken.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = recv(file, room.baseAddress, room.count, 0)
            if count >= 0 || errno != EINTR { return max(count, 0) }
        }
    }

    /// Writes all bytes; false when the other side is gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            #if canImport(Glibc)
                let count = bytes.withUnsafeBytes {
                    send(file, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
                }
            #else
                let count = bytes.withUnsafeBytes { send(file, $0.baseAddress! + sent, $0.count - sent, 0) }
            #endif
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits until the other side speaks or goes, at most `limit`; true when it did.
    func waits(atMost limit: Duration) -> Bool {
        let (seconds, attoseconds) = limit.components
        let millis = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        var interest = pollfd(file: file)
        return poll(&interest, 1, millis) > 0
    }

    /// Waits until the other side goes or the socket is broken off, reading nothing.
    func waitsForEnd() {
        #if canImport(Glibc)
            // POLLRDHUP, which Swift does not import: the other side sends no more.
            var interest = pollfd(fd: file, events: 0x2000, revents: 0)
        #else
            var interest = pollfd(fd: file, events: 0, revents: 0)
        #endif
        while poll(&interest, 1, -1) < 0 && errno == EINTR {}
    }

    /// Makes whoever blocks on this socket return; the other side sees an end.
    func breakOff() { _ = shutdown(file, Int32(SHUT_RDWR)) }

    /// Makes the close that follows a reset instead of an end.
    func resetOnClose() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// Gives the file back to the system; once, by the thread that reads.
    func close() { _ = Self.closeFile(file) }

    private static func closeFile(_ file: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(file)
        #else
            Darwin.close(file)
        #endif
    }
}

extension pollfd {
    fileprivate init(file: Int32) { self.init(fd: file, events: Int16(POLLIN), revents: 0) }
}

/// Runs `work` on a thread of its own.
func startReceiverThread(_ work: @escaping @Sendable () -> Void) {
    final class Work {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let handed = Unmanaged.passRetained(Work(work)).toOpaque()
    #if canImport(Glibc)
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().run(); return nil
            }, handed)
        precondition(failed == 0, "no thread left for the receiver")
        pthread_detach(thread)
    #else
        var thread: pthread_t?
        let failed = pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run(); return nil
            }, handed)
        precondition(failed == 0, "no thread left for the receiver")
        if let thread { pthread_detach(thread) }
    #endif
}
