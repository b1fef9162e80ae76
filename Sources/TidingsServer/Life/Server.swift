// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsKafkaListener
import TidingsLog
import TidingsNetwork
import TidingsRouting
import TidingsWebhooks

/// The whole server, put together: the log, the routing table, deliveries, loops, doors and the listener.
///
/// - Concurrency: started and stopped by one thread, which blocks meanwhile.
package final class Server: Sendable {
    /// Where it listens; the port that the system chose where 0 was asked for.
    package var address: SocketAddress { http.address }
    /// Where Kafka's clients connect; nil when they may not.
    package var kafkaAddress: SocketAddress? { kafka?.address }
    /// Whether it listens on loopback only.
    package var isOnLoopback: Bool { http.address.isLoopback && kafka?.address.isLoopback ?? true }

    private let settings: Settings
    private let logger: Logger
    private let log: Log
    private let loops: EventLoopGroup
    private let http: HTTPServerGroup
    private let kafka: KafkaListener?
    private let deliveries: Deliveries
    private let services: ServerServices

    /// Starts everything; when this returns, requests are answered.
    /// - Throws: ``ServerRefusal``; nothing of the server is left then.
    package init(
        _ settings: Settings, sink: any LogSink, time: any TimeSource = SystemTime(),
        random: any RandomSource = SystemRandom()
    ) throws(ServerRefusal) {
        let logger = Logger("server", to: sink)
        self.settings = settings
        self.logger = logger
        let begun = time.now
        let listen = try Self.listenAddress(settings[HTTPOptions.listen], HTTPOptions.listen.description.name, settings)
        let kafkaListen = settings[KafkaOptions.listen]
        var kafkaAddress: SocketAddress?
        if let kafkaListen {
            kafkaAddress = try Self.listenAddress(kafkaListen, KafkaOptions.listen.description.name, settings)
        }

        let metrics = Metrics()
        metrics.gauge("tidings_build_info", "Which Tidings this is.", [("version", TidingsVersion.text)]).set(1)
        let folder = settings[ServerOptions.data]
        let log = try Self.openLog(folder, settings, time, random, logger, metrics)
        self.log = log
        log.start()
        log.startHousekeeping()
        var undo: [() -> Void] = [{ log.stop() }]
        do throws(ServerRefusal) {
            let loops = try Self.makeLoops(settings, time, logger)
            self.loops = loops
            undo.append {
                loops.stop()
                loops.join()
            }
            let gate = AddressGate(
                Self.addressPolicy(settings, listening: [listen] + (kafkaAddress.map { [$0] } ?? [])))
            let routing = try Self.startRouting(log, loops.loops[0], gate, random, logger)
            let deliveries = try Deliveries(
                settings: settings, log: log, routing: routing, loops: loops.loops, gate: gate, metrics: metrics,
                logger: logger, random: random)
            self.deliveries = deliveries
            undo.append { _ = deliveries.stop(within: .zero) }
            log.mayRetain(pins: deliveries.engine)
            let coordinator = kafkaListen.map { _ in
                KafkaCoordinator(
                    log: log, loop: loops.loops[loops.loops.count - 1], random: random, logger: logger.named("kafka"))
            }
            let services = ServerServices(
                settings: settings, log: log, routing: routing, deliveries: deliveries,
                groups: coordinator.map { KafkaGroups($0, log: log) }, metrics: metrics,
                process: ProcessMetrics(start: time.wall), logger: logger, random: random)
            self.services = services
            do throws(NetworkError) {
                var limits = HTTPOptions.server.read(settings)
                limits.reports = true
                limits.remembersPaths = settings[HTTPOptions.accessLog]
                limits.requestIDs = true
                limits.connections = Self.connections(
                    limits.connections, of: "http.max_connections", listeners: kafkaListen == nil ? 1 : 2, logger)
                http = try HTTPServerGroup(
                    on: listen, loops: loops.loops, settings: limits, random: random, logger: logger.named("http")
                ) { services.makeHandler(on: $0) }
            } catch {
                throw ServerRefusal(error, listening: settings[HTTPOptions.listen])
            }
            let http = http
            undo.append { http.stop(within: .zero) {} }
            if let kafkaListen, let kafkaAddress, let coordinator {
                kafka = try Self.listenToKafka(
                    on: kafkaAddress, kafkaListen, settings, log, loops, coordinator, metrics, logger)
            } else {
                kafka = nil
            }
            gate.policy = Self.addressPolicy(
                settings, listening: [http.address] + (kafka.map { [$0.address] } ?? []))
        } catch {
            for step in undo.reversed() { step() }
            throw error
        }
        services.start(on: loops.loops[0])
        logger.notice(
            "the server is ready",
            [
                ("address", http.address.description), ("data", folder), ("version", TidingsVersion.text),
                ("milliseconds", String((time.now - begun).millis)),
            ])
        let first = loops.loops[0]
        first.post {
            // The code of the start is needed no more; an idle server is small.
            _ = first.schedule(after: .seconds(1)) { tidings_release_code() }
        }
        if !isOnLoopback {
            logger.warning("listening beyond loopback without TLS and authentication, as --insecure allows")
        }
    }

    /// Stops in good order: no new connections, what is in flight ends within the deadline, deliveries record what they
    /// have done, the log makes everything durable and marks the folder as cleanly left. Blocks until done; once.
    package func stop() {
        let deadline = settings[ServerOptions.stopDeadline]
        logger.notice("the server stops", [("deadline", DurationText.format(deadline))])
        let isQuiet = Latch<Void>()
        let isKafkaQuiet = Latch<Void>()
        http.stop(within: deadline) { isQuiet.open(()) }
        if let kafka { kafka.stop(within: deadline) { isKafkaQuiet.open(()) } } else { isKafkaQuiet.open(()) }
        services.endStreams()
        if !deliveries.stop(within: deadline) {
            logger.warning("attempts were broken off at the end of the stop's time: their events are delivered again")
        }
        isQuiet.wait()
        isKafkaQuiet.wait()
        loops.stop()
        loops.join()
        log.stop()
        logger.notice("the server has stopped")
    }

    // MARK: - Parts

    private static func listenAddress(
        _ listen: ListenAddress, _ setting: String, _ settings: Settings
    ) throws(ServerRefusal) -> SocketAddress {
        let address: SocketAddress
        if let plain = SocketAddress(ip: listen.host, port: listen.port) {
            address = plain
        } else {
            // IPv4 first: `localhost` in a URL is tried there by most clients.
            switch SystemNames.lookUp(listen.host) {
            case .success(let found):
                guard let first = found.first(where: { $0.family == .ipv4 }) ?? found.first else { fallthrough }
                address = first.with(port: listen.port)
            case .failure:
                throw ServerRefusal(.setting, "\(setting): the host \"\(listen.host)\" has no address here")
            }
        }
        if !address.isLoopback, !settings[ServerOptions.insecure] {
            throw ServerRefusal(
                .setting,
                "\(listen.host) is not a loopback address, and this version has neither TLS nor authentication: anyone who "
                    + "reaches it could publish and change everything",
                hint: "listen on 127.0.0.1 behind a proxy that has both, or say --insecure")
        }
        return address
    }

    private static func listenToKafka(
        on address: SocketAddress, _ listen: ListenAddress, _ settings: Settings, _ log: Log, _ loops: EventLoopGroup,
        _ coordinator: KafkaCoordinator, _ metrics: Metrics, _ logger: Logger
    ) throws(ServerRefusal) -> KafkaListener {
        var limits = KafkaOptions.read(settings)
        limits.connections = connections(limits.connections, of: "kafka.max_connections", listeners: 2, logger)
        let storage = StorageOptions.log.read(settings)
        limits.segmentBytes = storage.segmentBytes
        limits.batchBytes = storage.maxBatchBytes
        // Clients wait, unread, before the log has to refuse them; a quarter is left for everybody else.
        limits.waitingBytes = min(limits.waitingBytes, storage.maxWaitingBytes / 4 * 3 / loops.loops.count)
        // The same as long as the folder is.
        let identity = log.topics[RoutingStore.topic]?.uuid.description ?? "tidings"
        do throws(NetworkError) {
            return try KafkaListener(
                on: address, loops: loops.loops, settings: limits, log: log,
                identity: KafkaIdentity(clusterID: identity), coordinator: coordinator, metrics: metrics,
                logger: logger.named("kafka"))
        } catch {
            throw ServerRefusal(error, listening: listen, flag: "kafka")
        }
    }

    /// Which addresses deliveries may call: never the server's own.
    private static func addressPolicy(_ settings: Settings, listening addresses: [SocketAddress]) -> AddressPolicy {
        let own = addresses.filter { $0.port != 0 }.map { address in
            AddressPolicy.Listener(
                address: address.isUnspecified ? nil : IPAddress(address.ip), port: address.port)
        }
        return AddressPolicy(
            allowed: settings[DeliveryOptions.allowNetworks].compactMap { AddressRange($0) },
            listensOnLoopbackOnly: addresses.allSatisfy(\.isLoopback), listeners: own)
    }

    private static func openLog(
        _ folder: String, _ settings: Settings, _ time: any TimeSource, _ random: any RandomSource, _ logger: Logger,
        _ metrics: Metrics
    ) throws(ServerRefusal) -> Log {
        let disk: FileDisk
        do throws(DiskError) {
            disk = try FileDisk(root: folder)
        } catch {
            throw ServerRefusal(error, folder: folder)
        }
        do throws(LogError) {
            var options = StorageOptions.log.read(settings)
            options.maxOpenFiles = OpenFiles.logFiles(options.maxOpenFiles, limit: OpenFiles.limit)
            options.firstTopics = [
                (RoutingStore.topic, 1, RoutingStore.settings),
                (DeliveryEngine.stateTopic, DeliveryEngine.partitions, DeliveryEngine.topicSettings),
                (DeliveryEngine.attemptsTopic, DeliveryEngine.partitions, DeliveryEngine.topicSettings),
            ]
            if settings[KafkaOptions.listen] != nil { options.firstTopics += KafkaCoordinator.topics }
            return try Log.open(
                on: disk, settings: options, time: time, random: random,
                logger: logger.named("log"), metrics: LogMetrics(metrics))
        } catch {
            throw ServerRefusal(error, folder: folder)
        }
    }

    /// How many connections one of the listeners accepts: all of them together leave half of the files to the rest.
    private static func connections(
        _ wanted: Int, of setting: String, listeners: Int, _ logger: Logger
    ) -> Int {
        let limit = OpenFiles.limit / listeners
        let connections = OpenFiles.connections(wanted, limit: limit)
        if connections < wanted {
            logger.warning(
                "fewer connections are accepted than \(setting) says: the process may have \(OpenFiles.limit) files open, "
                    + "half of which stay for the log and deliveries",
                [("connections", String(connections))])
        }
        return connections
    }

    private static func makeLoops(
        _ settings: Settings, _ time: any TimeSource, _ logger: Logger
    ) throws(ServerRefusal) -> EventLoopGroup {
        let wanted = settings[ServerOptions.loops]
        let count = wanted > 0 ? wanted : min(max(SystemCores.count, 1), 8)
        do throws(NetworkError) {
            return try EventLoopGroup(count: count, time: time, logger: logger.named("network"))
        } catch {
            throw ServerRefusal(.failure, "the event loops do not start: \(error.description)")
        }
    }

    private static func startRouting(
        _ log: Log, _ loop: EventLoop, _ gate: AddressGate, _ random: any RandomSource, _ logger: Logger
    ) throws(ServerRefusal) -> RoutingStore {
        let routing = RoutingStore(log: log, loop: loop, random: random, logger: logger.named("routing")) {
            resource throws(Problem) in
            if case .subscription(let subscription) = resource { try gate.check(subscription) }
        }
        let started = Latch<Result<RoutingTable, LogError>>()
        routing.start { started.open($0) }
        switch started.wait() {
        case .success: return routing
        case .failure(let error):
            throw ServerRefusal(.failure, "the routing table cannot be read: \(error.description)")
        }
    }
}
