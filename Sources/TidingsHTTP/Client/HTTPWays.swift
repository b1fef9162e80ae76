// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsNetwork

/// How a client gets from a name to a connection: parts that live elsewhere and are handed in.
package struct HTTPWays {
    /// Looks a name up; answers later, on the loop.
    package var resolve:
        (_ host: String, _ port: UInt16, _ then: @escaping (Result<[SocketAddress], NetworkError>) -> Void) -> Void
    /// Makes a connection secure for a host; answers later, on the loop. Nil: `https` cannot be called.
    package var secure:
        (
            (
                _ connection: TCPConnection, _ host: String, _ timeLimit: Duration,
                _ then: @escaping (Result<any ByteStream, NetworkError>) -> Void
            ) -> Void
        )?
    /// The limits of each connection.
    package var stream = StreamSettings()

    /// Creates the ways.
    package init(
        resolve:
            @escaping (
                _ host: String, _ port: UInt16, _ then: @escaping (Result<[SocketAddress], NetworkError>) -> Void
            ) -> Void,
        secure: (
            (
                _ connection: TCPConnection, _ host: String, _ timeLimit: Duration,
                _ then: @escaping (Result<any ByteStream, NetworkError>) -> Void
            ) -> Void
        )? = nil
    ) {
        self.resolve = resolve
        self.secure = secure
    }

    /// The ways of the system: names by a resolver, TLS by a context; without one `https` cannot be called.
    package static func system(on loop: EventLoop, resolver: Resolver, tls: TLSClientContext?) -> HTTPWays {
        HTTPWays(
            resolve: { host, port, then in resolver.resolve(host, port: port, on: loop, then: then) },
            secure: tls.map { context in
                { connection, host, timeLimit, then in
                    TLSConnection.connect(over: connection, context: context, host: host, timeLimit: timeLimit) {
                        then($0.map { $0 as any ByteStream })
                    }
                }
            })
    }
}
