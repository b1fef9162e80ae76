// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One TCP connection of a command. Calls block, so a command that is slow with what it reads slows the server down by
/// TCP itself, and nothing piles up in between.
///
/// - Concurrency: one thread.
final class BlockingSocket {
    private let file: Int32

    /// Connects to the first address of `host` that answers.
    /// - Throws: ``CommandFailure`` with `.unreachable`.
    init(host: String, port: UInt16, within limit: Duration) throws(CommandFailure) {
        var wish = addrinfo()
        #if canImport(Glibc)
            wish.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            wish.ai_socktype = SOCK_STREAM
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &wish, &found)
        guard code == 0 else {
            throw CommandFailure(
                .unreachable, "the host \"\(host)\" is not known: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        var reason: Int32 = 0
        var next = found
        while let address = next {
            next = address.pointee.ai_next
            switch Self.connect(address.pointee, limit) {
            case .success(let file):
                self.file = file
                return
            case .failure(let error): reason = error.number
            }
        }
        throw CommandFailure(
            .unreachable, "\(host):\(port) cannot be reached: \(String(cString: strerror(reason)))",
            hint: "tidings serve")
    }

    deinit { close(file) }

    private struct SystemError: Error { let number: Int32 }

    private static func connect(_ address: addrinfo, _ limit: Duration) -> Result<Int32, SystemError> {
        let file = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard file >= 0 else { return .failure(SystemError(number: errno)) }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        let flags = fcntl(file, F_GETFL)
        _ = fcntl(file, F_SETFL, flags | O_NONBLOCK)
        #if canImport(Glibc)
            var reason = Glibc.connect(file, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
        #else
            var reason = Darwin.connect(file, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
        #endif
        if reason == EINPROGRESS {
            var waiting = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
            reason = ETIMEDOUT
            if poll(&waiting, 1, Int32(clamping: limit.millis)) == 1 {
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(file, SOL_SOCKET, SO_ERROR, &reason, &size)
            }
        }
        guard reason == 0 else {
            close(file)
            return .failure(SystemError(number: reason))
        }
        _ = fcntl(file, F_SETFL, flags)
        var on: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Glibc)
            // A host that vanished without a word is noticed within half a minute.
            for (name, value) in [(TCP_KEEPIDLE, Int32(15)), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 3)] {
                var value = value
                setsockopt(file, Int32(IPPROTO_TCP), name, &value, socklen_t(MemoryLayout<Int32>.size))
            }
        #endif
        return .success(file)
    }

    /// Whether nothing has come and the peer has not closed: an answered connection may be used again.
    var isQuiet: Bool {
        var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) == 0
    }

    /// Sends all bytes; false when the peer takes no more.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
                let count = Glibc.send(file, bytes.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            #else
                let count = Darwin.send(file, bytes.baseAddress! + done, bytes.count - done, 0)
            #endif
            if count > 0 { done += count } else if count < 0, errno != EINTR { return false }
        }
        return true
    }

    /// What a receive ended with.
    enum Received {
        case bytes
        case end
        case timeOut
        case lost(String)
    }

    /// Appends what comes next to `buffer`, waiting at most `limit`; without a limit for ever.
    func receive(into buffer: inout ByteBuffer, within limit: Duration?) -> Received {
        var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&waiting, 1, limit.map { Int32(clamping: $0.millis) } ?? -1)
            if ready == 0 { return .timeOut }
            if ready < 0 {
                if errno == EINTR { continue }
                return .lost(String(cString: strerror(errno)))
            }
            var received = 0
            buffer.append(room: 1 << 16) { room in
                received = recv(file, room.baseAddress, room.count, 0)
                return max(received, 0)
            }
            if received > 0 { return .bytes }
            if received == 0 { return .end }
            if errno != EINTR { return .lost(String(cString: strerror(errno))) }
        }
    }
}
