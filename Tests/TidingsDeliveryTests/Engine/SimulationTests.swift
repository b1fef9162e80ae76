// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// Random lives of subscriptions: outcomes, latencies, crashes, stops, mending, by a seed that replays them.
@Suite struct SimulationTests {
    private static let perTest: UInt64 = 40

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `nothing is lost, nothing overtakes, nothing is repeated without a crash, while partitions are added`(
        _ batch: UInt64
    ) {
        for seed in batch * Self.perTest..<(batch + 1) * Self.perTest {
            let problems = SimulatedLife(seed: seed).run()
            #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(5))")
        }
    }

    #if TIDINGS_MUTATIONS
        /// The simulation has teeth: a position that is recorded before its events are answered is found.
        @Test func `a planted fault is found: recorded before answered`() throws {
            let found = (0..<50 as Range<UInt64>).lazy.compactMap { seed in
                SimulatedLife(seed: seed, plantsFault: true).run().first { $0.contains(" lost ") }.map { (seed, $0) }
            }.first
            let (seed, problem) = try #require(found, "it was not found within 50 seeds")
            print("mutation recordsBeforeAnswers: found by seed \(seed): \(problem.prefix(120))")
        }
    #endif
}

private final class SimulatedLife {
    private let random: SeededRandom
    private let world: DeliveryWorld
    private var subscriptions: [Subscription] = []
    private var crashes: [MonotonicTime] = []
    private var isHealed = false
    private var downUntil: [String: MonotonicTime] = [:]
    private let keys = (0..<12).map { "key\($0)" }
    private var topic: TopicDescription

    init(seed: UInt64, plantsFault: Bool = false) {
        random = SeededRandom(seed: seed &* 7_919 &+ 1)
        let commits: [InMemoryEventLog.Commits] = [.soon, .after(.milliseconds(1)), .after(.milliseconds(4))]
        world = DeliveryWorld(
            seed: seed, loops: 1 + Int(random.next(below: 3)), commits: commits[Int(random.next(below: 3))],
            recent: [1, 3, .max][Int(random.next(below: 3))])
        if random.next(below: 2) == 0 { world.log.readDelay = .milliseconds(3) }
        world.limits.window = [8, 70, 1_024][Int(random.next(below: 3))]
        world.limits.waiting = [30, 100_000][Int(random.next(below: 2))]
        world.limits.snapshotAfterBytes = [512, 8_192, 1 << 20][Int(random.next(below: 3))]
        #if TIDINGS_MUTATIONS
            world.limits.recordsBeforeAnswers = plantsFault
        #endif
        topic = world.topic("orders", partitions: 1 + Int32(random.next(below: 3)))
    }

    func run() -> [String] {
        world.endpoints.answer = { [unowned self] in answer($0) }
        world.start()
        for number in 0..<3 {
            subscriptions.append(
                world.subscribe(
                    "s\(number)", order: random.next(below: 4) == 0 ? .none : .entity,
                    concurrency: 1 + Int(random.next(below: 8)),
                    retry: RetryPolicy(
                        attempts: 2 + Int(random.next(below: 4)),
                        first: .milliseconds([5, 200, 1_500][Int(random.next(below: 3))]), factor: 2,
                        longest: .seconds(8)),
                    exhausted: number == 1 ? .letGo : .park, since: 1))
        }
        for _ in 0..<40 { step() }
        heal()
        return check()
    }

    private func answer(_ request: ScriptedEndpoints.Request) -> ScriptedEndpoints.Answer {
        let latency = Duration.milliseconds(1 + Int64(random.next(below: 200)))
        if isHealed { return .init(after: latency) }
        if let until = downUntil[request.subscription.text], until > world.clock.now {
            return .fault(.unreachable, after: .milliseconds(1))
        }
        if request.key == "key3" { return .status(500, after: latency) }
        switch random.next(below: 100) {
        case 0..<8: return .status(500, after: latency)
        case 8..<12: return .fault(.timedOut, after: .seconds(2))
        case 12..<14: return .status(503, after: latency)
        case 14: return .fault(.broken, after: latency)
        default: return .init(after: latency)
        }
    }

    private func step() {
        switch random.next(below: 21) {
        case 0..<9:
            world.publish(
                (0...Int(random.next(below: 9))).map { _ in
                    random.next(below: 8) == 0 ? nil : keys[Int(random.next(below: 12))]
                }, topic: topic)
        case 9..<15: world.clock.advance(by: .milliseconds(Int64(random.next(below: 3_000))))
        case 15:
            world.clock.advance(by: .milliseconds(Int64(random.next(below: 30))))
            crashes.append(world.clock.now)
            world.crash(keepsPending: random.next(below: 2) == 0)
            world.start()
        case 16:
            if !world.stop(within: .seconds(3)) { crashes.append(world.clock.now) }
            world.start()
        case 17:
            let name = subscriptions[Int(random.next(below: 3))].name.text
            downUntil[name] = world.clock.now + .seconds(Int64(random.next(below: 20)))
        case 18 where topic.partitionCount < 9:
            topic = world.grow(topic, upTo: topic.partitionCount + 1 + Int32(random.next(below: 3)))
        default: redriveAll()
        }
    }

    private func redriveAll() {
        for subscription in subscriptions {
            _ = world.ask {
                world.engine.redrive(
                    of: subscription.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
            }
        }
    }

    private func heal() {
        isHealed = true
        for _ in 0..<60 {
            world.clock.advance(by: .seconds(40))
            let statuses = subscriptions.map { world.status($0) }
            if statuses.allSatisfy({ $0.lag == 0 && $0.waiting == 0 && $0.deadLetters == 0 && $0.inFlight == 0 }) {
                return
            }
            redriveAll()
        }
    }

    private func check() -> [String] {
        var problems: [String] = []
        var keysByEvent: [EventReference: String?] = [:]
        for partition in topic.partitions {
            for batch in world.log.batches(of: partition) {
                guard let records = try? batch.records() else { return ["a batch cannot be read"] }
                for record in records {
                    keysByEvent.updateValue(record.key?.text, forKey: EventReference(partition, record.offset))
                }
            }
        }
        for subscription in subscriptions {
            let name = subscription.name.text
            let receipts = world.endpoints.receipts(of: name)
            let status = world.status(subscription)
            if status.lag != 0 || status.waiting != 0 || status.deadLetters != 0 {
                problems.append("\(name) never finished: \(status)")
            }
            var times: [EventReference: MonotonicTime] = [:]
            var last: [String: Int] = [:]
            let letGo = Set(
                world.announced.filter { $0.subscription == subscription.name && $0.kind == .deadLettered }
                    .compactMap(\.event))
            for receipt in receipts {
                if let before = times[receipt.event] {
                    if !crashes.contains(where: {
                        $0 >= before && $0 <= receipt.time && $0 - before < .milliseconds(160)
                    }) {
                        problems.append("\(name) got \(receipt.event) again without a crash")
                    }
                    times[receipt.event] = receipt.time
                    continue
                }
                times[receipt.event] = receipt.time
                guard subscription.order == .entity, let key = receipt.key else { continue }
                if subscription.exhausted == .letGo, letGo.contains(receipt.event) { continue }
                // By the order of publishing: a key moves to another partition when some are added.
                if let last = last[key], last > receipt.number {
                    problems.append("\(name) got \(key) \(receipt.number) after \(last)")
                }
                last[key] = receipt.number
            }
            let lost = keysByEvent.keys.filter { times[$0] == nil }
            if !lost.isEmpty { problems.append("\(name) lost \(lost.count): \(lost.prefix(3)) \(status)") }
            let phantoms = times.keys.filter { keysByEvent[$0] == nil }
            if !phantoms.isEmpty { problems.append("\(name) got \(phantoms.count) that are not stored") }
        }
        return problems
    }
}
