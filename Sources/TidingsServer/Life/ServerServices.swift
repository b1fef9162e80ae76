// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsAPI
import TidingsCore
import TidingsHTTP
import TidingsLog
import TidingsNetwork
import TidingsRouting

/// What all loops share, and how each gets its own doors.
final class ServerServices: Sendable {
    private let settings: Settings
    private let log: Log
    private let routing: RoutingStore
    private let deliveries: Deliveries
    /// Nil while nobody listens to Kafka's clients.
    private let groups: KafkaGroups?
    private let metrics: Metrics
    private let process: ProcessMetrics
    private let health: ServerHealth
    private let gauges: PartitionGauges
    private let logger: Logger
    private let random: any RandomSource
    /// What ends the live tails and waiting readers of each loop when the server stops.
    private let tails = Locked<[@Sendable () -> Void]>([])

    init(
        settings: Settings, log: Log, routing: RoutingStore, deliveries: Deliveries, groups: KafkaGroups?,
        metrics: Metrics, process: ProcessMetrics, logger: Logger, random: any RandomSource
    ) {
        self.settings = settings
        self.log = log
        self.routing = routing
        self.deliveries = deliveries
        self.groups = groups
        self.metrics = metrics
        self.process = process
        health = ServerHealth(log: log, routing: routing, groups: groups)
        gauges = PartitionGauges(log, most: settings[TelemetryOptions.mostPartitions])
        self.logger = logger
        self.random = random
    }

    /// Begins what is done at intervals, on a loop of its own choice.
    func start(on loop: EventLoop) {
        gauges.start(on: loop)
        for warning in health.warnings() { logger.warning("\(warning)") }
    }

    /// Makes one loop's routes; called on that loop.
    func makeHandler(on loop: EventLoop) -> any HTTPHandler {
        let access = settings[HTTPOptions.accessLog] ? logger.named("access") : Logger("access", to: nil)
        let router = Router(logger: access, metrics: metrics)
        router.check(LoopbackGuard.check)
        let log = log
        let telemetry = TelemetryDoor(
            metrics: metrics, process: process, checks: health.checks, warnings: health.warnings,
            recovery: log.recovery, gauges: gauges,
            groups: groups.map { GroupGauges(groups: $0, log: log, most: settings[TelemetryOptions.mostGroups]) })
        telemetry.register(on: router)
        let limits = EventOptions.limits.read(settings)
        let publisher = Publisher(
            log: log, loop: loop, routing: routing, random: random, metrics: metrics, limits: limits)
        let reader = RoutingReader(routing)
        let readers = Readers(log: log, routing: routing, engine: deliveries.engine, groups: groups)
        AdminAPI(
            store: routing, log: log, delivery: deliveries.engine, readers: readers,
            groups: groups, quarantines: LogQuarantines(log), loop: loop
        ).register(on: router)
        MendDoor(store: routing, log: log, delivery: deliveries.engine, loop: loop).register(on: router)
        InboundDoor(webhook: { reader.table.inbound($0) }, publisher: publisher).register(on: router)
        PublishDoor(publisher, time: loop.time, random: random, limits: limits).register(on: router)
        LookDoor(log: log, loop: loop).register(on: router)
        let records = LoopBound(RecordsDoor(log: log, loop: loop, random: random, metrics: metrics))
        records.value.register(on: router)
        let tail = LoopBound(StreamDoor(log: log, loop: loop, metrics: metrics))
        tail.value.register(on: router)
        APIDescription.register(on: router, version: TidingsVersion.text)
        tails.withLock {
            $0.append {
                loop.post {
                    tail.value.stop()
                    records.value.stop()
                }
            }
        }
        return router
    }

    /// Ends what does not end by itself: live tails, and those who wait for records. Any thread.
    func endStreams() {
        for end in tails.withLock({ $0 }) { end() }
    }

    /// A value that is touched on its loop only.
    private final class LoopBound<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}
