// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A socket that listens with the shortest queue and accepts nothing, so that later connections get no answer.
struct FullListener: Sendable {
    let address: SocketAddress
    private let file: Int32

    init() throws {
        file = tidings_tcp_socket(AF_INET)
        let socket = file
        let loopback = SocketAddress.loopback()
        let bound = loopback.withSystemAddress { bind(socket, $0, $1) } == 0 && listen(socket, 0) == 0
        var port: UInt16 = 0
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        port = UInt16(bigEndian: name.sin_port)
        guard bound, named == 0 else { throw WaitedInVain(description: "no listening socket") }
        address = loopback.with(port: port)
    }

    func close() { _ = shutdown(file, Int32(SHUT_RDWR)) }
}
