// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The few calls to sockets that libuv has no name for. Any thread.
enum SystemCalls {
    /// Closes a file; what it says is of no use to anyone.
    static func close(_ file: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(file)
        #else
            _ = Darwin.close(file)
        #endif
    }

    /// Makes the next close of a socket throw away what waits and reset the connection.
    static func resetOnClose(_ file: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Sends the end. Returns 0 or an `errno`; a peer that is gone already is no failure.
    static func endWriting(_ file: Int32) -> Int32 {
        #if canImport(Glibc)
            let how = Int32(SHUT_WR)
        #else
            let how = SHUT_WR
        #endif
        return shutdown(file, how) == 0 || errno == ENOTCONN ? 0 : errno
    }
}
