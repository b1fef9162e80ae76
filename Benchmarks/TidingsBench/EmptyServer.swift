// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Answers whatever it is asked with 204, on one loop: what our HTTP server costs by itself.
enum EmptyServer {
    private final class Handler: HTTPHandler {
        func begin(_ head: borrowing HTTPRequest) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) {
            (RouteMatch(), .collect(atMost: 2 << 20))
        }
        func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) { responder.respond(.noContent) }
    }

    static func run(port: Int) throws {
        let loop = try EventLoop("bench")
        let address = SocketAddress("127.0.0.1:\(port)")!
        let server = try HTTPServerGroup(
            on: address, loops: [loop], random: SystemRandom(), logger: Logger("bench", to: nil)
        ) { _ in Handler() }
        print(server.address)
        while true { pause() }
    }
}

/// Holds many connections open that say nothing, until standard input ends.
enum IdleConnections {
    static func run(port: Int, count: Int) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var opened = 0
        for _ in 0..<count {
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let joined = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if joined == 0 { opened += 1 }
        }
        print(opened)
        fflush(nil)
        while getchar() != EOF {}
    }
}
