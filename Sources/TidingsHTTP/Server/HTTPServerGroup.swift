// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsNetwork

/// One address served by several loops: a listener, and on each loop a ``HTTPServer`` with a handler of its own.
///
/// - Concurrency: any thread. Handlers are made on their loops and live there.
package final class HTTPServerGroup: @unchecked Sendable {
    /// One loop's server; touched on that loop only.
    private final class Place: @unchecked Sendable {
        let loop: EventLoop
        var server: HTTPServer?
        init(_ loop: EventLoop) { self.loop = loop }
    }

    /// Where it listens; the port that the system chose where 0 was asked for.
    package var address: SocketAddress { listener.address }
    /// Connections open on all loops. Any thread.
    package var connectionCount: Int { listener.openCount }
    /// Connections refused because too many were open. Any thread.
    package var refusedCount: Int { listener.refusedCount }
    private let listener: TCPListener
    private let places: [Place]

    /// Begins to listen and to serve.
    /// - Parameters:
    ///   - settings: ``HTTPServerSettings/connections`` holds for all loops together, and
    ///     ``HTTPServerSettings/isOnLoopback`` is set by the address.
    ///   - handler: makes one loop's handler, on that loop.
    /// - Throws: ``NetworkError`` that names the address.
    package init(
        on address: SocketAddress, loops: [EventLoop], settings: HTTPServerSettings = HTTPServerSettings(),
        random: any RandomSource, logger: Logger,
        handler: @escaping @Sendable (EventLoop) -> any HTTPHandler
    ) throws(NetworkError) {
        var settings = settings
        settings.isOnLoopback = address.isLoopback
        let places = loops.map { Place($0) }
        self.places = places
        let fixed = settings
        @Sendable func server(_ place: Place) -> HTTPServer {
            if let server = place.server { return server }
            let server = HTTPServer(
                loop: place.loop, settings: fixed, handler: handler(place.loop), random: random, logger: logger)
            place.server = server
            return server
        }
        var listening = TCPListenerSettings()
        listening.maximumConnections = settings.connections
        listening.stream.outputLimit = settings.mostUnsent + (1 << 20)
        listener = try TCPListener(on: address, loops: loops, settings: listening) { connection in
            guard let place = places.first(where: { $0.loop === connection.loop }) else { return connection.abort() }
            server(place).serve(connection)
        }
        for place in places { place.loop.post { _ = server(place) } }
    }

    /// Stops on all loops: no new connections, idle ones are closed, others end after what is in flight.
    /// - Parameter deadline: then what is left is broken off.
    /// - Parameter then: runs once, on one of the loops, when no connection is left.
    package func stop(within deadline: Duration, then: @escaping @Sendable () -> Void) {
        listener.stop()
        let left = Remaining(places.count, then)
        for place in places {
            place.loop.post {
                guard let server = place.server, !server.isStopping else { return left.one() }
                server.stop(within: deadline) { left.one() }
            }
        }
    }

    /// Counts loops down.
    private final class Remaining: Sendable {
        private let count: Atomic<Int>
        private let then: @Sendable () -> Void

        init(_ count: Int, _ then: @escaping @Sendable () -> Void) {
            self.count = Atomic(count)
            self.then = then
        }

        func one() {
            if count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { then() }
        }
    }
}

/// A handler that is one closure, for servers without routes.
package final class HTTPClosureHandler: HTTPHandler {
    private let body: HTTPBodyPlan
    private let answer: (borrowing HTTPRequest, HTTPResponder) -> Void

    /// Creates a handler.
    package init(
        body: HTTPBodyPlan = .collect(atMost: 2 << 20),
        _ answer: @escaping (borrowing HTTPRequest, HTTPResponder) -> Void
    ) {
        self.body = body
        self.answer = answer
    }

    package func begin(
        _ head: borrowing HTTPRequest
    ) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) { (RouteMatch(), body) }

    package func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) { answer(request, responder) }
}
