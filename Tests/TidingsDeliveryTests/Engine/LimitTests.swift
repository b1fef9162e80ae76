// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

@Suite struct LimitTests {
    @Test func `a full window leaves the tail and comes back to it`() {
        let world = DeliveryWorld(recent: 2)
        world.limits.window = 8
        _ = world.topic()
        world.endpoints.answer = { _ in .init(after: .milliseconds(50)) }
        world.start()
        let email = world.subscribe(concurrency: 4)
        for round in 0..<50 { world.publishAndCommit((0..<4).map { "k\(round)-\($0)" }) }
        #expect(world.endpoints.mostInFlight == 4)
        world.clock.advance(by: .seconds(60))
        #expect(world.endpoints.receipts.count == 200)
        #expect(world.status(email).lag == 0)
        world.publishAndCommit(["x"])
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == 201)
    }

    @Test func `waiting events have a limit; when it is reached the subscription rests, and goes on later`() {
        let world = DeliveryWorld()
        world.limits.window = 8
        world.limits.waiting = 20
        _ = world.topic()
        var isPoisoned = true
        world.endpoints.answer = { $0.key == "good" || !isPoisoned ? .ok : .status(500) }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 1))
        for round in 0..<60 { world.publishAndCommit(["bad\(round)", "bad\(round % 3)", "good"]) }
        world.clock.advance(by: .seconds(60))
        let status = world.status(email)
        #expect(status.state == .resting && status.reason?.contains("waiting") == true)
        #expect(status.waiting >= 20 && status.waiting <= 28 && status.lag > 0)
        isPoisoned = false
        for _ in 0..<200 where world.endpoints.receipts.count < 180 {
            _ = world.ask {
                world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
            }
            world.clock.advance(by: .seconds(5))
        }
        #expect(world.endpoints.receipts.count == 180)
        #expect(world.status(email).state == .delivering && world.status(email).waiting == 0)
    }

    @Test func `dead letters have a limit; nothing is given up on without one`() {
        let world = DeliveryWorld()
        world.limits.deadLetters = 5
        _ = world.topic()
        var isPoisoned = true
        world.endpoints.answer = { _ in isPoisoned ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 1), exhausted: .letGo)
        for round in 0..<30 { world.publishAndCommit(["k\(round)"]) }
        world.clock.advance(by: .seconds(120))
        #expect(world.status(email).deadLetters == 5 && world.status(email).state == .resting)
        isPoisoned = false
        for _ in 0..<20 {
            _ = world.ask {
                world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
            }
            world.clock.advance(by: .seconds(60))
        }
        #expect(Set(world.endpoints.receipts.map(\.event)).count == 30)
        #expect(world.status(email).deadLetters == 0)
    }

    @Test func `a hot entity that fills the window leaves the way of the others`() {
        let world = DeliveryWorld()
        world.limits.window = 256
        let topic = world.topic("orders", partitions: 1)
        world.endpoints.answer = { .init(after: $0.key == "hot" ? .milliseconds(500) : .milliseconds(1)) }
        world.start()
        let email = world.subscribe()
        for round in 0..<100 {
            world.publishAndCommit(Array(repeating: "hot", count: 9) + ["cold\(round)"], topic: topic)
            world.clock.advance(by: .milliseconds(100))
        }
        #expect(world.endpoints.receipts.count { $0.key != "hot" } == 100)
        #expect(world.status(email).waiting > 500)
        world.restart()
        world.clock.advance(by: .seconds(600))
        let hot = world.endpoints.receipts.filter { $0.key == "hot" }.map(\.event.offset.value)
        #expect(hot.count == 900 && hot.isSorted)
        #expect(world.status(email).waiting == 0)
    }

    @Test func `state stays bounded: snapshots replace records`() {
        let world = DeliveryWorld()
        world.limits.snapshotAfterBytes = 4_096
        _ = world.topic()
        world.endpoints.answer = { $0.key == "bad" ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 2, first: .milliseconds(10)))
        world.publishAndCommit(["bad", "bad"])
        for round in 0..<400 {
            world.publishAndCommit((0..<5).map { "k\(round)-\($0)" })
            world.clock.advance(by: .milliseconds(20))
        }
        let topic = world.log.topics[DeliveryEngine.stateTopic]!
        let kept = topic.partitions.compactMap { world.log.bounds(of: $0) }.map { $0.end - $0.start }.max() ?? 0
        #expect(kept < 300)
        #expect(!world.log.snapshots.isEmpty)
        world.crash()
        world.start()
        let details = world.ask {
            world.engine.deadLetter(of: email.uuid, id: DeadLetterID(1), on: world.loop, then: $0)
        }
        #expect(details.attempts.count == 2)
        #expect(world.status(email).waiting == 2)
        let before = world.endpoints.receipts.count
        world.clock.advance(by: .seconds(10))
        #expect(world.endpoints.receipts.count - before < 30)
    }

    @Test func `a log that refuses for a while loses nothing and repeats nothing`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.start()
        let email = world.subscribe()
        world.publishAndCommit((0..<50).map { "k\($0)" })
        world.log.refusal = LogError(.diskFull, "no space is left")
        world.clock.advance(by: .seconds(30))
        world.log.refusal = nil
        world.publishAndCommit(["after"])
        world.clock.advance(by: .seconds(30))
        #expect(world.status(email).lag == 0)
        world.crash()
        world.start()
        world.clock.advance(by: .seconds(30))
        #expect(world.endpoints.receipts.count == 51)
    }

    @Test func `a log that takes nothing does not hold a stop up`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.start()
        world.subscribe()
        world.publishAndCommit(["a"])
        world.log.refusal = LogError(.offline, "a sync failed")
        world.clock.advance(by: .seconds(1))
        #expect(!world.stop(within: .seconds(3)))
    }
}
