// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

/// Keeps the routing table: takes changes one after another, stores each as a record of ``topic``, and swaps the
/// table whole once the record is durable and before the change is answered.
///
/// A record's key is `kind/name` (`routes/orders`), its value the resource as JSON with what the server adds, or null
/// when the resource was removed. The records are the table: ``start(then:)`` folds them. The topic is compacted: of what
/// is older than ``history`` only the last record of each resource stays, and what must outlive the records of routes
/// that changed has records of its own.
///
/// - Concurrency: changes happen on `loop`; every method may be called on any thread.
package final class RoutingStore: @unchecked Sendable {
    /// Where the table is kept.
    package static let topic = TopicName("__tidings.routing")!
    /// How long every change stays in the topic, for people who want to know what was changed when.
    package static let history = Duration.seconds(90 * 86_400)
    /// How many changes may wait for their turn; more are answered with `too-many-requests`.
    package static let mostWaiting = 1024

    /// What became of a `PUT`.
    package struct Written: Sendable {
        /// What happened.
        package enum Outcome: Sendable { case created, changed, unchanged }
        /// Whether it is new, other than before, or the same.
        package let outcome: Outcome
        /// What is stored now, and as which version.
        package let stored: Revised<RoutingResource>
        /// The key to sign with that the server made because the request brought none: shown this once.
        package let madeSecret: Secret?
    }

    /// One version of the table, as observers are told of it.
    package struct News: Sendable {
        /// The table that is in force.
        package let table: RoutingTable
        /// What made it of the one before; nil when it comes as a whole.
        package let change: RoutingChange?
    }

    /// A rule of others that a new or changed resource must keep, such as which endpoints may be called; runs on the
    /// store's loop.
    package typealias Check = @Sendable (RoutingResource) throws(Problem) -> Void

    private struct Observer: Sendable {
        let loop: any Loop
        let take: @Sendable (News) -> Void
    }

    /// What other threads reach.
    private struct Shared: Sendable {
        var table = RoutingTable()
        var observers: [Observer] = []
        var deliveries: (any SubscriptionDeliveries)?
    }

    let log: any EventLog
    let loop: any Loop
    let logger: Logger
    private let time: any TimeSource
    private let random: any RandomSource
    private let check: Check
    private let shared = Locked(Shared())
    private let version = Atomic<Int64>(-1)

    // What follows is touched on `loop` only.
    private var session: (any LogSession)?
    private var partition: PartitionID?
    private var waiting: [@Sendable () -> Void] = []
    private var isWriting = false
    private var buffer = AppendBuffer()
    /// The offset of the record that is being written.
    private var offset: Int64 = -1

    /// Makes a store with an empty table; ``start(then:)`` reads what there is.
    /// - Parameter loop: where changes happen, one after another.
    /// - Parameter check: asked after the table's own rules, about what is not stored as it is already.
    package init(
        log: any EventLog, loop: any Loop, random: any RandomSource, logger: Logger, check: @escaping Check = { _ in }
    ) {
        self.log = log
        self.check = check
        self.loop = loop
        self.logger = logger
        self.random = random
        time = loop.time
    }

    // MARK: - Reading

    /// The table in force. A look that begins after a change was answered sees it.
    package var table: RoutingTable { shared.withLock { $0.table } }

    /// The version in force; costs one load.
    var currentVersion: Int64 { version.load(ordering: .acquiring) }

    /// Calls `observer` on `loop` with the table as it is, and then with every new one before its change is answered.
    package func observe(on loop: any Loop, _ observer: @escaping @Sendable (News) -> Void) {
        shared.withLock { shared in
            shared.observers.append(Observer(loop: loop, take: observer))
            let news = News(table: shared.table, change: nil)
            loop.post { observer(news) }
        }
    }

    /// Names who delivers to subscriptions: a `PUT` is answered once they have it, a `DELETE` once they have ended it.
    package func setDeliveries(_ deliveries: any SubscriptionDeliveries) {
        shared.withLock { $0.deliveries = deliveries }
    }

    // MARK: - Changing

    /// Writes a resource whole.
    /// - Parameters:
    ///   - body: its JSON.
    ///   - loop: where `then` runs, once: with what became of it, or with why it was refused.
    package func put(
        _ key: ResourceKey, body: [UInt8], _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<Written, Problem>) -> Void
    ) {
        edit(key, precondition, answerOn: loop, then: then) { [self] existing throws(Problem) in
            try read(key, body, existing)
        }
    }

    private func read(
        _ key: ResourceKey, _ body: [UInt8], _ existing: RoutingResource?
    ) throws(Problem) -> ResourceReader.Requested {
        let result: Result<ResourceReader.Requested, Problem> = body.withUnsafeBytes { bytes in
            do throws(Problem) {
                return .success(
                    try ResourceReader.read(key, from: bytes, existing: existing, now: time.wall, random: random))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Pauses or resumes a subscription.
    package func setPaused(
        _ isPaused: Bool, _ name: Name, _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<Written, Problem>) -> Void
    ) {
        let key = ResourceKey(.subscriptions, name.text)
        edit(key, precondition, answerOn: loop, then: then) { existing throws(Problem) in
            guard case .subscription(var subscription)? = existing else { throw Self.missing(key) }
            subscription.isPaused = isPaused
            return .init(resource: .subscription(subscription), madeSecret: nil)
        }
    }

    /// Replaces a resource by what `make` makes of the present one.
    private func edit(
        _ key: ResourceKey, _ precondition: Precondition, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<Written, Problem>) -> Void,
        _ make: @escaping @Sendable (RoutingResource?) throws(Problem) -> ResourceReader.Requested
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            let existing = table[key]
            let requested: ResourceReader.Requested
            do throws(Problem) {
                try precondition.check(existing?.entityTag)
                requested = try make(existing?.value)
                if let existing, existing.value == requested.resource {
                    loop.post { then(.success(Written(outcome: .unchanged, stored: existing, madeSecret: nil))) }
                    return
                }
                try table.state.check(.put(requested.resource))
                try check(requested.resource)
            } catch {
                loop.post { then(.failure(error)) }
                return
            }
            write(.put(requested.resource)) { [self] result in
                switch result {
                case .success:
                    guard let stored = table[key] else { preconditionFailure("what was just written is there") }
                    let outcome = existing == nil ? Written.Outcome.created : .changed
                    let written = Written(outcome: outcome, stored: stored, madeSecret: requested.madeSecret)
                    guard case .subscription(let subscription) = stored.value,
                        let routed = table.subscription(subscription.name),
                        let deliveries = shared.withLock({ $0.deliveries })
                    else { return loop.post { then(.success(written)) } }
                    deliveries.take(routed.subscription, slot: routed.slot) { loop.post { then(.success(written)) } }
                case .failure(let problem): loop.post { then(.failure(problem)) }
                }
            }
        }
    }

    /// Removes a resource. `then` runs on `loop` once it is gone; for a subscription, once its attempts in flight
    /// have ended or were broken off as well.
    package func remove(
        _ key: ResourceKey, _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<Void, Problem>) -> Void
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            let existing = table[key]
            do throws(Problem) {
                // One whose record was lost can be removed as well: that mends the loss.
                guard existing != nil || table.losses.contains(where: { $0.resource == key }) else {
                    throw Self.missing(key)
                }
                try precondition.check(existing?.entityTag)
                try table.state.check(.remove(key))
            } catch {
                loop.post { then(.failure(error)) }
                return
            }
            write(.remove(key)) { [self] result in
                if case .success = result, case .subscription(let subscription)? = existing?.value,
                    let deliveries = shared.withLock({ $0.deliveries })
                {
                    deliveries.end(subscription) { loop.post { then(.success(())) } }
                } else {
                    loop.post { then(result) }
                }
            }
        }
    }

    static func missing(_ key: ResourceKey) -> Problem {
        Problem(.notFound, "there is no \(key.kind.singular) '\(key.name)'")
    }

    // MARK: - On the loop

    /// Runs `work` on the loop once no change is being written; `refuse` when too many wait or the table is not read.
    func enqueue(refuse: @escaping @Sendable (Problem) -> Void, _ work: @escaping @Sendable () -> Void) {
        loop.post { [self] in
            guard session != nil else {
                return refuse(
                    Problem(.unavailable, "the routing table is still being read", retryAfter: .seconds(1)))
            }
            guard isWriting else { return work() }
            guard waiting.count < Self.mostWaiting else {
                return refuse(
                    Problem(.tooManyRequests, "\(Self.mostWaiting) changes wait already", retryAfter: .seconds(1)))
            }
            waiting.append(work)
        }
    }

    /// Runs what waits, in order, until one of them begins to write.
    private func runWaiting() {
        var next = 0
        while !isWriting, next < waiting.count {
            waiting[next]()
            next += 1
        }
        waiting.removeFirst(next)
    }

    private func write(_ change: RoutingChange, then: @escaping @Sendable (Result<Void, Problem>) -> Void) {
        guard let session, let partition else { preconditionFailure("changes are taken after the start") }
        buffer.removeAll()
        let notes = table.state.notes(with: change)
        for note in notes { note.add(to: partition, at: time.wall, &buffer) }
        Self.add(change, to: partition, at: time.wall, &buffer)
        isWriting = true
        do throws(LogError) {
            try session.append(&buffer) { [self] result in
                isWriting = false
                switch result {
                case .success(let round):
                    swap(change, notes, revision: offset, round: round)
                    then(.success(()))
                case .failure(let error): then(.failure(Problem(error)))
                }
                runWaiting()
            }
            offset = buffer.entries[buffer.entries.count - 1].offset.value
        } catch {
            isWriting = false
            then(.failure(Problem(error)))
        }
    }

    private static func add(
        _ change: RoutingChange, to partition: PartitionID, at time: WallTime, _ buffer: inout AppendBuffer
    ) {
        var value = ByteBuffer(capacity: 1024)
        if let resource = change.resource { ResourceWriter.writeRecord(resource, into: &value) }
        let json = change.resource == nil ? nil : value.bytes
        var key = change.key.description
        key.withUTF8 { key in
            buffer.add(to: partition, at: time) { body in
                EventRecord.encodeBody(key: UnsafeRawBufferPointer(key), value: json, into: &body)
            }
        }
    }

    private func swap(_ change: RoutingChange, _ notes: [RoutingNote], revision: Int64, round: UInt64) {
        let change = change.since(round)
        let before = table
        var state = before.state
        state.fold(change, revision: revision)
        for note in notes { state.fold(note) }
        let after = RoutingTable(state, version: revision, sightings: before.sightings)
        publish(News(table: after, change: change))
        logger.info(
            change.resource == nil ? "removed from the routing table" : "written to the routing table",
            [("resource", change.key.description), ("revision", "\(revision)")])
    }

    private func publish(_ news: News) {
        shared.withLock { shared in
            shared.table = news.table
            version.store(news.table.version, ordering: .releasing)
            for observer in shared.observers { observer.loop.post { observer.take(news) } }
        }
    }

    // MARK: - Start

    /// Reads the table from the log, once, before changes are taken. Records that cannot be read are passed over and
    /// shown by ``RoutingTable/losses``.
    /// - Parameter then: runs on the loop: with the table, or with why it cannot be read.
    package func start(then: @escaping @Sendable (Result<RoutingTable, LogError>) -> Void) {
        loop.post { [self] in
            let session = log.session(on: loop)
            session.createTopic(Self.topic, partitions: 1, settings: Self.settings) { [self] result in
                switch result {
                case .failure(let error): then(.failure(error))
                case .success(let topic):
                    let partition = PartitionID(topic.id, 0)
                    let fold = RoutingFold(sightings: table.sightings, random: random, logger: logger)
                    let start = log.bounds(of: partition)?.start ?? .zero
                    fold.read(session, partition, from: start) { [self] result in
                        then(
                            result.map { table in
                                publish(News(table: table, change: nil))
                                self.session = session
                                self.partition = partition
                                tidyUp(topic)
                                return table
                            })
                    }
                }
            }
        }
    }

    /// Records what compaction would forget, then asks for compaction.
    private func tidyUp(_ topic: TopicDescription) {
        // A table with a hole is compacted by nobody: what is still there may help to mend it.
        guard table.losses.isEmpty else { return }
        record(table.state.unkeptPlacements(of: table.state.placedPatterns)) { [self] result in
            guard case .success = result, topic.settings != Self.settings else { return }
            session?.configureTopic(topic.id, Self.settings) { [self] result in
                if case .failure(let error) = result {
                    logger.warning("the routing table's topic grows on: \(error)")
                }
            }
        }
    }

    /// Appends notes; at once answered when there are none.
    private func record(_ notes: [RoutingNote], then: @escaping @Sendable (Result<Void, Problem>) -> Void) {
        guard !notes.isEmpty else { return then(.success(())) }
        guard let session, let partition else { preconditionFailure("notes are taken after the start") }
        buffer.removeAll()
        for note in notes { note.add(to: partition, at: time.wall, &buffer) }
        isWriting = true
        do throws(LogError) {
            try session.append(&buffer) { [self] result in
                isWriting = false
                if case .success = result {
                    let before = table
                    var state = before.state
                    for note in notes { state.fold(note) }
                    publish(
                        News(
                            table: RoutingTable(state, version: offset, sightings: before.sightings), change: nil))
                }
                then(result.map { _ in }.mapError { Problem($0) })
                runWaiting()
            }
            offset = buffer.entries[buffer.entries.count - 1].offset.value
        } catch {
            isWriting = false
            then(.failure(Problem(error)))
        }
    }

    /// Gives up what could not be read: from the next start on, the table counts as whole.
    /// - Parameter then: runs on `loop`, once, with what was given up.
    package func acceptLosses(
        answerOn loop: any Loop, then: @escaping @Sendable (Result<[RoutingLoss], Problem>) -> Void
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            let losses = table.losses
            guard let last = losses.map(\.offsets.upperBound).max() else {
                return loop.post { then(.success([])) }
            }
            record([.acceptedLosses(below: last)]) { [self] result in
                if case .success = result {
                    logger.warning("what could not be read of the routing table was given up")
                }
                loop.post { then(result.map { losses }) }
            }
        }
    }

    /// The session of the store's loop; nil before the start.
    var sessionOnLoop: (any LogSession)? { session }
}

/// Who delivers to subscriptions; the delivery engine fills it in. Called on the store's loop, in the order of the
/// changes, after observers were told; calls `then`, on any thread, once.
package protocol SubscriptionDeliveries: AnyObject, Sendable {
    /// A subscription was made or changed: `then` when events that are published from now on reach it as it is now.
    func take(_ subscription: Subscription, slot: Int, then: @escaping @Sendable () -> Void)
    /// A subscription was removed: `then` when its attempts in flight have ended or were broken off.
    func end(_ subscription: Subscription, then: @escaping @Sendable () -> Void)
}

extension RoutingChange {
    /// The change with the round that made it durable, where the resource keeps that.
    func since(_ round: UInt64) -> RoutingChange {
        guard case .subscription(var subscription)? = resource, subscription.since == 0 else { return self }
        subscription.since = round
        return .put(.subscription(subscription))
    }
}
