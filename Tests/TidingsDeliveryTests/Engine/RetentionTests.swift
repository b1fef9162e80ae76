// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

@Suite struct RetentionTests {
    private func pins(_ world: DeliveryWorld, _ topic: TopicDescription, below limit: Int64) -> [Int64] {
        let held = Mutex<[Int64]?>(nil)
        world.engine.pins(in: PartitionID(topic.id, 0), below: Offset(limit)) { found in
            held.withLock { $0 = found.map(\.value) }
        }
        world.clock.advance(by: .seconds(6))
        return held.withLock { $0 } ?? [-1]
    }

    @Test func `what waits, was given up on, or is in flight is kept, whatever the subscription does`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        world.endpoints.answer = { receipt in
            switch receipt.key {
            case "bad": .status(500)
            case "slow": .init(after: .seconds(1_000))
            default: .ok
            }
        }
        world.start()
        let park = world.subscribe("park", retry: RetryPolicy(attempts: 1))
        world.subscribe("drop", retry: RetryPolicy(attempts: 1), exhausted: .letGo)
        for key in ["good", "bad", "good", "slow", "bad", "good"] { world.publishAndCommit([key], topic: topic) }
        world.clock.advance(by: .seconds(2))
        #expect(pins(world, topic, below: 6) == [1, 3, 4])
        #expect(pins(world, topic, below: 4) == [1, 3])
        #expect(world.announced.filter { $0.kind == .expired }.isEmpty)
        var paused = park
        paused.isPaused = true
        world.put(paused)
        #expect(pins(world, topic, below: 6) == [1, 3, 4])
        world.crash()
        world.start()
        #expect(pins(world, topic, below: 6) == [1, 3, 4], "after a crash as well")
        world.delete(park)
        world.clock.advance(by: .seconds(10))
        #expect(pins(world, topic, below: 6) == [1, 3, 4], "the other one still needs them")
    }

    @Test func `what was not taken has expired: it is told, counted, and never comes`() {
        let world = DeliveryWorld(recent: 2)
        let topic = world.topic("orders", partitions: 1)
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        for key in 0..<20 { world.publishAndCommit(["k\(key)"], topic: topic) }
        world.clock.advance(by: .seconds(2))
        #expect(pins(world, topic, below: 12).isEmpty)
        let told = world.announced.filter { $0.kind == .expired }
        #expect(told.count == 1 && told[0].range?.offsets == Offset(0)..<Offset(12))
        #expect(world.status(email).expired == 12 && world.status(email).lag == 8)
        #expect(pins(world, topic, below: 12).isEmpty && world.announced.count == told.count, "once")
        world.crash()
        world.start()
        email.isPaused = false
        world.put(email)
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value).sorted() == Array(12..<20))
        #expect(world.announced.filter { $0.kind == .expired }.count == 1)
    }

    @Test func `what a power loss took of a topic that is not synced is let go, and what comes in its place is taken`()
    {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        world.endpoints.answer = { $0.key == "bad" ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 1))
        for key in ["a", "bad", "b", "c", "bad", "other"] { world.publishAndCommit([key], topic: topic) }
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).waiting == 2, "a dead letter, and one that waits behind it")
        world.crash()
        world.log.lose(PartitionID(topic.id, 0), from: Offset(3))
        for _ in 0..<2 {
            world.start()
            #expect(world.status(email).lag == 0)
            #expect(world.status(email).waiting == 1)
            world.clock.advance(by: .seconds(1))
            world.crash()
        }
        world.start()
        let before = world.endpoints.receipts.count
        for key in ["d", "e", "f", "g"] { world.publishAndCommit([key], topic: topic) }
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.dropFirst(before).map(\.key) == ["d", "e", "f", "g"])
        #expect(world.endpoints.receipts.dropFirst(before).map(\.event.offset.value) == [3, 4, 5, 6])
    }

    @Test func `nobody goes back to what was given up, although it may still lie there`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        world.start()
        let email = world.subscribe()
        for key in 0..<10 { world.publishAndCommit(["k\(key)"], topic: topic) }
        world.clock.advance(by: .seconds(2))
        #expect(pins(world, topic, below: 6).isEmpty && world.announced.isEmpty, "it was answered, so nothing expired")
        let steps: [SeekStep] = world.ask {
            world.engine.seek(of: email.uuid, SeekRequest(.beginning), dryRun: false, on: world.loop, then: $0)
        }
        #expect(steps.map(\.to) == [Offset(6)] && steps.map(\.again) == [4])
        let late = world.subscribe("late", start: .beginning)
        world.clock.advance(by: .seconds(2))
        #expect(world.endpoints.receipts(of: "late").map(\.event.offset.value).sorted() == Array(6..<10))
        #expect(world.status(late).expired == 0 && world.announced.isEmpty)
    }

    @Test func `a start that moved without a word is found by reading`() {
        let world = DeliveryWorld(recent: 0)
        let topic = world.topic("orders", partitions: 1)
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        for key in 0..<20 { world.publishAndCommit(["k\(key)"], topic: topic) }
        world.log.session(on: world.loop).deleteRecords(PartitionID(topic.id, 0), before: Offset(15)) { _ in }
        world.clock.runUntilIdle()
        email.isPaused = false
        world.put(email)
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value).sorted() == Array(15..<20))
        #expect(world.status(email).expired == 15 && world.announced.map(\.kind) == [.expired])
    }

    @Test func `a subscription that nears the end of retention is warned of, once per threshold`() {
        let world = DeliveryWorld()
        var settings = TopicSettings()
        settings.retentionTime = .seconds(1_000)
        let topic = world.log.makeTopic(TopicName("orders")!, partitions: 1, settings: settings)
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        world.publishAndCommit(["a"], topic: topic)
        func told() -> [Int] { world.announced.compactMap { $0.retention?.percent } }
        world.clock.advance(by: .seconds(490))
        #expect(told().isEmpty && world.status(email).retention?.percent == 49)
        world.clock.advance(by: .seconds(20))
        #expect(told() == [50])
        world.clock.advance(by: .seconds(300))
        #expect(told() == [50, 80])
        world.clock.advance(by: .seconds(400))
        #expect(told() == [50, 80, 95] && world.status(email).retention?.percent == 100)
        email.isPaused = false
        world.put(email)
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).retention == nil && told().count == 3)
        #expect(world.endpoints.receipts.count == 1, "a warning takes nothing away")
    }

    @Test func `bytes count as well`() {
        let world = DeliveryWorld()
        var settings = TopicSettings()
        settings.retentionTime = nil
        settings.retentionBytes = 10_000
        let topic = world.log.makeTopic(TopicName("orders")!, partitions: 1, settings: settings)
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        for _ in 0..<40 { world.publishAndCommit(["a"], topic: topic) }
        world.clock.advance(by: .seconds(2))
        let bounds = world.log.bounds(of: PartitionID(topic.id, 0))
        let use = world.status(email).retention
        #expect(use?.by == .bytes && use.map { Int64($0.percent) } == bounds.map { min(100, $0.byteCount / 100) })
        #expect(!world.announced.isEmpty)
    }

    @Test(arguments: [
        ([10, 49, 50, 51, 79, 80, 96, 100], [50, 80, 95]), ([100], [95]), ([50, 49, 50, 45, 50], [50]),
        ([55, 39, 50], [50, 50]), ([96, 90, 96, 84, 96, 0, 51], [95, 95, 50]),
    ])
    func `thresholds are told once, and again only after it had been well below`(_ percents: [Int], _ told: [Int]) {
        var warning = RetentionWarning()
        #expect(percents.compactMap { warning.take($0) } == told)
    }

    @Test func `what is recorded of subscriptions that a table with a hole does not have stays`() {
        let world = DeliveryWorld()
        world.limits.snapshotAfterBytes = 200
        let topic = world.topic("orders", partitions: 1)
        world.endpoints.answer = { $0.key == "bad" ? .status(500) : .ok }
        world.start()
        let lost = world.subscribe("lost", retry: RetryPolicy(attempts: 1))
        let kept = world.subscribe("kept")
        for key in ["bad", "good", "bad"] { world.publishAndCommit([key], topic: topic) }
        world.clock.advance(by: .seconds(2))
        world.stop()
        world.table.remove(lost.uuid)
        world.table.now.isWhole = false
        world.start()
        #expect(pins(world, topic, below: 3).contains(0))
        for _ in 0..<50 { world.publishAndCommit(["good"], topic: topic) }
        world.clock.advance(by: .seconds(5))
        world.stop()
        _ = world.table.put(lost)
        world.start()
        #expect(world.status(lost).deadLetters == 1 && world.status(lost).parkedEntities == 1)
        world.clock.advance(by: .seconds(5))
        #expect(world.status(lost).lag == 0 && world.status(kept).lag == 0)
    }
}
