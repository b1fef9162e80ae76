// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsNetwork

/// Kafka's protocol on one address, served by several loops: a listener, and on each loop a ``KafkaServer``.
///
/// - Concurrency: any thread.
package final class KafkaListener: @unchecked Sendable {
    /// One loop's server; touched on that loop only.
    private final class Place: @unchecked Sendable {
        let loop: EventLoop
        var server: KafkaServer?
        init(_ loop: EventLoop) { self.loop = loop }
    }

    /// Where it listens; the port that the system chose where 0 was asked for.
    package var address: SocketAddress { listener.address }
    /// Groups and transactions, on one of the loops.
    private let coordinator: KafkaCoordinator
    private let listener: TCPListener
    private let places: [Place]

    /// Begins to listen and to serve.
    /// - Parameter coordinator: lives on one of the loops; is started and stopped with the listener.
    /// - Throws: ``NetworkError`` that names the address.
    package init(
        on address: SocketAddress, loops: [EventLoop], settings: KafkaListenerSettings = KafkaListenerSettings(),
        log: any EventLog, identity: KafkaIdentity, coordinator: KafkaCoordinator, metrics: Metrics, logger: Logger
    ) throws(NetworkError) {
        let places = loops.map { Place($0) }
        self.places = places
        self.coordinator = coordinator
        @Sendable func server(_ place: Place) -> KafkaServer {
            if let server = place.server { return server }
            let broker = KafkaBroker(
                log: log, loop: place.loop, settings: settings, identity: identity, coordinator: coordinator,
                logger: logger)
            let server = KafkaServer(broker, settings, meter: KafkaMeter(metrics), logger: logger)
            place.server = server
            return server
        }
        var listening = TCPListenerSettings()
        listening.maximumConnections = settings.connections
        // One answer may be that long; behind it nothing is written before the client has taken it.
        listening.stream.outputLimit = settings.fetchBytes + (64 << 20)
        listener = try TCPListener(on: address, loops: loops, settings: listening) { connection in
            guard let place = places.first(where: { $0.loop === connection.loop }) else { return connection.abort() }
            server(place).serve(connection)
        }
        metrics.reading("tidings_kafka_connections", "Connections of Kafka's clients that are open.") { [listener] in
            Double(listener.openCount)
        }
        for place in places { place.loop.post { _ = server(place) } }
        coordinator.loop.post { coordinator.start() }
    }

    /// Stops on all loops: no new connections, idle ones are closed, others end after what is in flight.
    /// - Parameter deadline: then what is left is broken off.
    /// - Parameter then: runs once, on one of the loops, when no connection is left.
    package func stop(within deadline: Duration, then: @escaping @Sendable () -> Void) {
        listener.stop()
        let coordinator = coordinator
        coordinator.loop.post { coordinator.stop() }
        let remaining = Remaining(left: places.count, then)
        for place in places {
            place.loop.post {
                guard let server = place.server else { return remaining.one() }
                server.stop(within: deadline) { remaining.one() }
            }
        }
    }

    /// Counts loops down.
    private final class Remaining: Sendable {
        private let left: Atomic<Int>
        private let then: @Sendable () -> Void

        init(left: Int, _ then: @escaping @Sendable () -> Void) {
            self.left = Atomic(left)
            self.then = then
        }

        func one() {
            if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { then() }
        }
    }
}
