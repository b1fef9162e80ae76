// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// All deliveries of one loop: follows the log, hands each event to the subscriptions of this loop that want it, and
/// owns their runners and the shards that record them.
///
/// - Concurrency: lives on its loop.
final class DeliveryLoop: @unchecked Sendable {
    private struct Work: @unchecked Sendable { let run: () -> Void }

    let loop: any Loop
    let log: any EventLog
    let session: any LogSession
    let transport: any PushTransport
    let interest: @Sendable () -> any InterestTable
    let random: any RandomSource
    let logger: Logger
    let metrics: Metrics
    let limits: DeliveryLimits
    let announce: (OperationalEvent) -> Void
    let hashSeed: UInt64
    private(set) var writer: StateWriter!
    let lens = EventLens()

    var shards: [StateShard] = []
    var runners: [UUID128: SubscriptionRunner] = [:]
    private var bySlot: [SubscriptionRunner?] = []
    private var tails: [PartitionID: PartitionTail] = [:]
    private var layouts: [TopicID: TopicLayouts] = [:]
    /// The version of the table of topics that the layouts are of; nil before the first look.
    private var topicsVersion: UInt64?
    private var allTopics: [TopicDescription] = []
    private var ignored: Set<TopicID> = []
    private var touched: [SubscriptionRunner] = []
    private var follower: LogFollower?
    private(set) var isStopping = false
    /// What is recorded of subscriptions that a table with a hole does not have: kept until the hole is mended or given
    /// up.
    private(set) var orphans: [UUID128: SubscriptionState] = [:]
    private var whenQuiet: (() -> Void)?
    private var timers: [LoopTimer] = []
    /// The way back for callbacks.
    private(set) lazy var tie = Tie(self)

    init(_ place: DeliveryPlace, _ parts: DeliveryParts) {
        loop = place.loop
        transport = place.transport
        log = parts.log
        session = parts.log.session(on: place.loop)
        interest = parts.interest
        random = parts.random
        logger = parts.logger
        metrics = parts.metrics
        limits = parts.limits
        announce = place.announce
        hashSeed = parts.random.next()
        writer = StateWriter(self)
    }

    var time: any TimeSource { loop.time }

    // MARK: - For runners

    /// Runs `work` as one of the next things on this loop.
    func later(_ work: @escaping () -> Void) {
        let work = Work(run: work)
        loop.post { work.run() }
    }

    /// The runner has lanes whose turn may be: it is pumped when the batch at hand is through.
    func touch(_ runner: SubscriptionRunner) {
        if runner.isTouched { return }
        runner.isTouched = true
        touched.append(runner)
    }

    func wall(minus took: Duration) -> WallTime { WallTime(millis: time.wall.millis - took.millis) }

    /// A span in the trace of an event, or in a new one.
    func trace(of record: RecordView, in partition: PartitionID) -> TraceContext {
        let parent = record.header("ce_traceparent") ?? event(record, in: partition).traceParent
        return parent.flatMap { TraceContext($0) }?.child(from: random) ?? .root(from: random)
    }

    /// The event that a record is; valid until the next one is looked at.
    func event(_ record: RecordView, in partition: PartitionID) -> EventView {
        lens.event(record, in: topicName(of: partition), partition.index)
    }

    /// The topic of a partition; of one that is gone meanwhile, the name it had.
    func topicName(of partition: PartitionID) -> TopicName {
        tails[partition]?.topic ?? log.topics[partition.topic]?.name ?? TopicName("-")!
    }

    func name(of partition: PartitionID) -> String {
        "\(log.topics[partition.topic]?.name.text ?? "#\(partition.topic.number)")-\(partition.index)"
    }

    func shardNumber(of uuid: UUID128) -> Int { ShardState.shard(of: uuid) }

    func shard(_ number: Int) -> StateShard {
        shards.first { $0.number == number }!
    }

    func runners(ofShard number: Int) -> [SubscriptionRunner] {
        runners.values.filter { shardNumber(of: $0.uuid) == number }
            .sorted { ($0.uuid.high, $0.uuid.low) < ($1.uuid.high, $1.uuid.low) }
    }

    /// Reads one record of attempts.
    func readNote(at offset: Offset, shard number: Int, then: @escaping (AttemptNote?) -> Void) {
        let partition = shard(number).notes
        func find(_ batch: StoredBatch?) -> AttemptNote? {
            guard let records = try? batch?.records() else { return nil }
            let index = records.index(from: offset)
            guard index < records.count, records[index].offset == offset else { return nil }
            return try? AttemptNote(records[index])
        }
        if let note = find(session.recent(partition, from: offset)) { return later { then(note) } }
        session.read(partition, from: offset, maxBytes: 1) { result in
            if case .success(let batches) = result { then(find(batches.first)) } else { then(nil) }
        }
    }

    /// The tail of a partition, as far as it is dispatched; nil when there is no such partition or it is our own.
    func tail(for partition: PartitionID) -> PartitionTail? {
        if let tail = tails[partition] { return tail }
        guard let topic = log.topics[partition.topic], !topic.name.isInternal,
            let bounds = log.bounds(of: partition)
        else { return nil }
        return makeTail(partition, topic, bounds, seen: bounds.end)
    }

    private func makeTail(
        _ partition: PartitionID, _ topic: TopicDescription, _ bounds: PartitionBounds?, seen: Offset
    ) -> PartitionTail {
        let stable = bounds?.lastStable ?? seen
        let known = layouts[topic.id] ?? TopicLayouts(topic.id, topic.formerLayouts)
        layouts[topic.id] = known
        let tail = PartitionTail(
            partition, topic: topic.name, index: tails.count, layouts: known, seen: min(seen, stable))
        tail.isHeld = stable < seen
        tails[partition] = tail
        return tail
    }

    /// Learns which topics got more partitions. A record of a new layout is durable after the topic's description says
    /// so, and nobody is shown one before this was called.
    func learnLayouts() {
        let topics = log.topics
        guard topics.version != topicsVersion else { return }
        topicsVersion = topics.version
        allTopics = topics.all
        for (id, known) in layouts { if let topic = topics[id] { known.former = topic.formerLayouts } }
    }

    // MARK: - Life

    /// Follows the log and goes on with the subscriptions of this loop.
    func start(_ subscriptions: [(slot: Int, subscription: Subscription)], _ states: [UUID128: SubscriptionState]) {
        follower = session.follow { [weak tie] round in tie?.owner.dispatch(round) }
        for (slot, subscription) in subscriptions { add(subscription, slot: slot, states[subscription.uuid]) }
        let known = Set(subscriptions.map(\.subscription.uuid))
        if interest().isWhole {
            // What was deleted while nobody ran leaves nothing behind.
            for uuid in states.keys where !known.contains(uuid) { writer.forget(uuid) }
        } else {
            orphans = states.filter { !known.contains($0.key) }
        }
        every(limits.recordIdleAfter) { $0.runners.values.forEach { $0.markIdleMoves() } }
        every(.seconds(1)) { home in
            for runner in home.runners.values {
                runner.updateGauges()
                runner.warnOfRetention()
            }
        }
    }

    private func every(_ interval: Duration, _ work: @escaping (DeliveryLoop) -> Void) {
        let place = timers.count
        func set(_ home: DeliveryLoop) -> LoopTimer {
            home.loop.schedule(after: interval) { [weak tie = home.tie] in
                guard let home = tie?.owner, !home.isStopping else { return }
                work(home)
                home.timers[place] = set(home)
            }
        }
        timers.append(set(self))
    }

    /// Adds a subscription, or takes over another form of it.
    func put(_ subscription: Subscription, slot: Int) {
        if let runner = runners[subscription.uuid] {
            runner.update(subscription)
            readTopics(of: runner, areNew: false)
        } else if !isStopping {
            add(subscription, slot: slot, nil)
        }
    }

    private func add(_ subscription: Subscription, slot: Int, _ state: SubscriptionState?) {
        let runner = SubscriptionRunner(subscription, slot: slot, home: self, state: state)
        runners[subscription.uuid] = runner
        while bySlot.count <= slot { bySlot.append(nil) }
        bySlot[slot] = runner
        readTopics(of: runner, areNew: true)
        for partition in runner.restoredPositions.keys.sorted() {
            if let tail = tail(for: partition) { runner.cursor(for: tail) }
        }
        runner.setRestTimer()
        runner.readOnSoon()
    }

    /// Makes cursors for what a subscription may read.
    /// - Parameter areNew: false for a changed subscription: a topic it did not read so far is read from now on.
    private func readTopics(of runner: SubscriptionRunner, areNew: Bool) {
        let choice = interest().topics(of: runner.uuid)
        learnLayouts()
        let meant =
            choice.prefixes.isEmpty
            ? choice.names.compactMap { log.topics[$0] } : allTopics.filter { choice.contains($0.name) }
        for topic in meant.sorted(by: { $0.name < $1.name }) where !topic.name.isInternal {
            for partition in topic.partitions {
                guard let tail = tail(for: partition) else { continue }
                if areNew { runner.cursor(for: tail) } else { runner.cursorFromNow(for: tail) }
            }
        }
    }

    /// Ends a subscription: nothing is sent after `then` ran, and nothing is kept of it.
    func remove(_ uuid: UUID128, then: @escaping () -> Void) {
        guard let runner = runners.removeValue(forKey: uuid) else { return then() }
        if runner.slot < bySlot.count, bySlot[runner.slot] === runner { bySlot[runner.slot] = nil }
        runner.delete { [self] in
            if !runners.values.contains(where: { $0.subscription.name == runner.subscription.name }) {
                SubscriptionMetrics.remove(runner.subscription.name, from: metrics)
            }
            writer.forget(runner)
            writer.whenRecorded(then)
        }
    }

    // MARK: - Retention

    /// The offsets below `limit` that subscriptions of this loop still need. They take nothing else below it from now on.
    func pins(in partition: PartitionID, below limit: Offset) -> [Offset] {
        var pins = orphans.values.flatMap { $0.references(in: partition) }.filter { $0 < limit }
        if let tail = tail(for: partition) { tail.givenUp = max(tail.givenUp, limit) }
        for runner in runners.values { pins += runner.pins(in: partition, below: limit) }
        return pins
    }

    // MARK: - The tail

    private func dispatch(_ round: CommittedRound) {
        learnLayouts()
        for batch in round.batches { dispatch(batch) }
        while let runner = touched.popLast() {
            runner.isTouched = false
            runner.pump()
        }
    }

    private func dispatch(_ batch: StoredBatch) {
        if ignored.contains(batch.partition.topic) { return }
        let tail: PartitionTail
        if let known = tails[batch.partition] {
            tail = known
        } else {
            guard let topic = log.topics[batch.partition.topic], !topic.name.isInternal else {
                ignored.insert(batch.partition.topic)
                return
            }
            tail = makeTail(batch.partition, topic, log.bounds(of: batch.partition), seen: batch.baseOffset)
        }
        guard batch.lastOffset >= tail.seen else { return }
        if tail.isHeld || batch.fate == .open { return hold(tail) }
        if batch.baseOffset > tail.seen { fallBehind(tail) }
        defer { tail.seen = batch.lastOffset.next }
        let table = interest()
        if runners.isEmpty || batch.fate == .aborted || !table.isRead(tail.topic) { return }
        guard let records = try? batch.records() else {
            logger.error(
                "a batch cannot be read as events and is passed over",
                [("partition", name(of: batch.partition)), ("offset", batch.baseOffset.description)])
            return
        }
        if records.isControl { return }
        let first = batch.baseOffset < tail.seen ? records.index(from: tail.seen) : 0
        for index in first..<records.count {
            let record = records[index]
            let event = lens.event(record, in: tail.topic, batch.partition.index)
            table.forEachSubscription(wanting: event, in: tail.topic) { slot, uuid in
                guard slot < bySlot.count, let runner = bySlot[slot], runner.uuid == uuid else { return }
                runner.offer(tail, record, batch)
            }
        }
    }

    /// Records were passed by unseen: whoever is at the tail reads them by itself.
    private func fallBehind(_ tail: PartitionTail) {
        for runner in runners.values.sorted(by: { $0.slot < $1.slot }) where tail.index < runner.cursors.count {
            runner.cursors[tail.index]?.fallBehind(at: tail.seen)
            runner.readOnSoon()
        }
    }

    /// An open transaction is not looked into, nor passed: what it held back is read by everyone when it has ended.
    private func hold(_ tail: PartitionTail) {
        tail.isHeld = true
        guard let bounds = log.bounds(of: tail.partition), bounds.lastStable > tail.seen else { return }
        for runner in runners.values.sorted(by: { $0.slot < $1.slot }) {
            if tail.index < runner.cursors.count, let cursor = runner.cursors[tail.index] {
                cursor.fallBehind(at: tail.seen)
            } else if interest().topics(of: runner.uuid).contains(tail.topic) {
                runner.cursor(for: tail)
            }
            runner.readOnSoon()
        }
        tail.seen = bounds.lastStable
        tail.isHeld = bounds.lastStable < bounds.end
    }

    // MARK: - Stopping

    /// Begins no attempt any more, waits for those in flight, records every position; then `then` runs.
    func stop(then: @escaping () -> Void) {
        isStopping = true
        whenQuiet = then
        for runner in runners.values { runner.forgetTimers() }
        attemptEnded()
    }

    /// Breaks off what is still in flight.
    func breakOff() {
        for runner in runners.values.sorted(by: { $0.slot < $1.slot }) { runner.breakOff() }
        attemptEnded()
    }

    /// Asked after each attempt whether a stop can be completed.
    func attemptEnded() {
        guard isStopping, let then = whenQuiet,
            runners.values.allSatisfy({ $0.inFlight.isEmpty && $0.tests.isEmpty })
        else { return }
        whenQuiet = nil
        for timer in timers { loop.cancel(timer) }
        if let follower { session.unfollow(follower) }
        for runner in runners.values.sorted(by: { $0.slot < $1.slot }) { runner.markIdleMoves() }
        writer.whenRecorded(then)
        writer.flush()
    }
}
