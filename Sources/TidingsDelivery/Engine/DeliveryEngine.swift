// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Push delivery: every subscription's events to its endpoint, in order per key, through failures and restarts.
///
/// A subscription lives wholly on one loop, which follows from its identity. Rules are values (schedule, breaker,
/// offsets); runners on the loops obey them; what must survive is recorded in `__tidings.delivery` and
/// `__tidings.dead-letters`.
///
/// - Concurrency: any thread may call; answers come on the loop that is named.
package final class DeliveryEngine: Sendable {
    /// The topic of positions, lanes out of the way and dead letters.
    package static let stateTopic = TopicName("__tidings.delivery")!
    /// The topic of attempts that failed and of edited data.
    package static let attemptsTopic = TopicName("__tidings.dead-letters")!
    /// How many partitions each of the two has.
    package static let partitions = Int32(ShardState.count)
    /// What the two keep: nothing in them expires, a snapshot lets go of what it replaces.
    package static let topicSettings: TopicSettings = {
        var settings = TopicSettings()
        settings.retentionTime = nil
        return settings
    }()

    private struct Callback<Value>: @unchecked Sendable { let run: (Value) -> Void }

    private let parts: DeliveryParts
    let homes: [DeliveryLoop]

    /// Prepares delivery on these loops, at least one and at most eight; nothing runs yet. Called where no loop runs
    /// yet, or on the first of them.
    package init(_ parts: DeliveryParts, on places: [DeliveryPlace]) {
        precondition((1...ShardState.count).contains(places.count), "delivery lives on 1 to \(ShardState.count) loops")
        self.parts = parts
        homes = places.map { DeliveryLoop($0, parts) }
    }

    private func home(of uuid: UUID128) -> DeliveryLoop {
        homes[ShardState.shard(of: uuid) % homes.count]
    }

    // MARK: - Life

    /// Folds the recorded state and begins to deliver what the table of now says.
    /// - Parameter then: runs on the first loop.
    package func start(then: @escaping (Result<Void, LogError>) -> Void) {
        let first = homes[0]
        let then = Callback(run: then)
        first.later { [self] in
            makeTopic(Self.stateTopic, first.session) { [self] made in
                switch made {
                case .failure(let error): then.run(.failure(error))
                case .success(let state):
                    makeTopic(Self.attemptsTopic, first.session) { [self] made in
                        switch made {
                        case .failure(let error): then.run(.failure(error))
                        case .success(let attempts): startLoops(0, state, attempts, then)
                        }
                    }
                }
            }
        }
    }

    /// Makes one of the two topics, or finds it.
    private func makeTopic(
        _ name: TopicName, _ session: any LogSession, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        session.createTopic(name, partitions: Self.partitions, settings: Self.topicSettings) { made in
            guard case .success(let topic) = made, topic.settings != Self.topicSettings else { return then(made) }
            session.configureTopic(topic.id, Self.topicSettings, then: then)
        }
    }

    /// One loop after the other: start-up is not the time to save milliseconds by running wild.
    private func startLoops(
        _ index: Int, _ state: TopicDescription, _ attempts: TopicDescription,
        _ then: Callback<Result<Void, LogError>>
    ) {
        guard index < homes.count else { return homes[0].later { then.run(.success(())) } }
        let home = homes[index]
        let numbers = (0..<ShardState.count).filter { $0 % homes.count == index }
        home.later { [self] in
            load(numbers[...], home, state, attempts, [:]) { [self] loaded in
                switch loaded {
                case .failure(let error): homes[0].later { then.run(.failure(error)) }
                case .success(let states):
                    let mine = parts.interest().allSubscriptions.filter { self.home(of: $0.subscription.uuid) === home }
                        .sorted { $0.slot < $1.slot }
                    home.start(mine, states)
                    startLoops(index + 1, state, attempts, then)
                }
            }
        }
    }

    private func load(
        _ numbers: ArraySlice<Int>, _ home: DeliveryLoop, _ state: TopicDescription, _ attempts: TopicDescription,
        _ found: [UUID128: SubscriptionState],
        then: @escaping (Result<[UUID128: SubscriptionState], LogError>) -> Void
    ) {
        guard let number = numbers.first else { return then(.success(found)) }
        let records = PartitionID(state.id, Int32(number))
        StateLoader.load(shard: number, records, parts.log, home.session, parts.logger) { [self] result in
            switch result {
            case .failure(let error): then(.failure(error))
            case .success((let shard, let bytes)):
                home.shards.append(
                    StateShard(
                        number: number, records: records, notes: PartitionID(attempts.id, Int32(number)),
                        lastRecord: shard.lastRecord, bytesSince: bytes))
                let all = found.merging(shard.subscriptions) { _, new in new }
                load(numbers.dropFirst(), home, state, attempts, all, then: then)
            }
        }
    }

    /// Ends delivery: no attempt begins any more; those in flight may end within `deadline` and are broken off then;
    /// positions are recorded. When everything ended in time nothing is sent twice after the next start.
    /// - Parameter then: runs on the first loop, once; false when attempts had to be broken off, or positions could
    ///   not be recorded within ``recordingGrace`` more.
    package func stop(within deadline: Duration, then: @escaping (Bool) -> Void) {
        let then = Callback(run: then)
        let first = homes[0]
        first.later { [self] in
            let stopping = Stopping(homes.count, then: then.run)
            let timer = first.loop.schedule(after: deadline) { [self] in
                stopping.wasBrokenOff = true
                for home in homes { home.later { home.breakOff() } }
                let timer = first.loop.schedule(after: Self.recordingGrace) { stopping.giveUp() }
                stopping.timer = (first.loop, timer)
            }
            stopping.timer = (first.loop, timer)
            for home in homes {
                home.later { home.stop { first.later { stopping.oneStopped() } } }
            }
        }
    }

    /// How long recording may take beyond the deadline of a stop.
    package static let recordingGrace = Duration.seconds(2)

    /// Counts the loops that stopped; lives on the first one.
    private final class Stopping: @unchecked Sendable {
        private var left: Int
        private let then: (Bool) -> Void
        var wasBrokenOff = false
        var timer: (loop: any Loop, timer: LoopTimer)?

        init(_ count: Int, then: @escaping (Bool) -> Void) {
            left = count
            self.then = then
        }

        func oneStopped() {
            guard left > 0 else { return }
            left -= 1
            guard left == 0 else { return }
            if let timer { timer.loop.cancel(timer.timer) }
            then(!wasBrokenOff)
        }

        /// A log that takes nothing any more must not hold the process up.
        func giveUp() {
            guard left > 0 else { return }
            left = .min
            then(false)
        }
    }

    // MARK: - Subscriptions

    /// Takes over a subscription that was made or changed, after the table that has it was swapped in.
    /// - Parameter then: runs on `loop` when its events are on their way, and where it begins is durable.
    package func put(
        _ subscription: Subscription, slot: Int, on loop: any Loop, then: @escaping () -> Void = {}
    ) {
        let then = Callback<Void>(run: { then() })
        let home = home(of: subscription.uuid)
        home.later {
            home.put(subscription, slot: slot)
            home.writer.whenRecorded { loop.post { then.run(()) } }
        }
    }

    /// Ends a subscription that was deleted, after it left the table: when `then` runs on `loop` its attempts have
    /// ended or were broken off, nothing more is sent, and nothing is kept of it.
    package func remove(_ uuid: UUID128, on loop: any Loop, then: @escaping () -> Void = {}) {
        let then = Callback<Void>(run: { then() })
        let home = home(of: uuid)
        home.later { home.remove(uuid) { loop.post { then.run(()) } } }
    }

    /// Runs `body` with a subscription's runner on its loop and its answer's way back to `loop`.
    func ask<Value>(
        _ uuid: UUID128, on loop: any Loop, then: @escaping (Result<Value, Problem>) -> Void,
        _ body: @escaping (SubscriptionRunner, @escaping (Result<Value, Problem>) -> Void) -> Void
    ) {
        let then = Callback(run: then)
        let home = home(of: uuid)
        home.later {
            let answer: (Result<Value, Problem>) -> Void = { result in
                let answer = Callback<Void>(run: { then.run(result) })
                loop.post { answer.run(()) }
            }
            guard let runner = home.runners[uuid] else {
                return answer(.failure(Problem(.notFound, "there is no such subscription")))
            }
            body(runner, answer)
        }
    }
}
