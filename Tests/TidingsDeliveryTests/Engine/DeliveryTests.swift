// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

@Suite struct DeliveryTests {
    @Test func `every event is delivered, those of a key one after another`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.start()
        world.subscribe()
        world.publish(["a", "b", "a", nil, "a"])
        world.clock.advance(by: .seconds(1))
        let receipts = world.endpoints.receipts(of: "email")
        #expect(receipts.count == 5)
        #expect(receipts.filter { $0.key == "a" }.map(\.event.offset.value).isSorted)
        #expect(Set(receipts.map(\.messageID)).count == 5)
    }

    @Test func `now means after it was made, beginning means everything`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.start()
        world.publishAndCommit(["a", "b"])
        world.subscribe("late")
        world.subscribe("all", start: .beginning)
        world.publishAndCommit(["c"])
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts(of: "late").map(\.key) == ["c"])
        #expect(world.endpoints.receipts(of: "all").count == 3)
    }

    @Test func `a topic made later is read from its beginning`() {
        let world = DeliveryWorld()
        world.start()
        world.subscribe()
        world.clock.advance(by: .seconds(1))
        let later = world.topic("later", partitions: 1)
        world.publish(["a", "a"], topic: later)
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == 2)
    }

    @Test func `a poisoned entity parks and holds up nobody else`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { $0.key == "bad" ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 3, first: .seconds(2), factor: 2, jitter: 0))
        world.publish(["bad", "good", "bad"])
        world.clock.advance(by: .seconds(60))
        world.publish(["good", "bad"])
        world.clock.advance(by: .seconds(60))
        #expect(world.endpoints.receipts.map(\.key) == ["good", "good"])
        #expect(world.endpoints.requests.filter { $0.key == "bad" }.count == 3)
        let status = world.status(email)
        #expect(status.parkedEntities == 1 && status.deadLetters == 1 && status.waiting == 3)
        #expect(status.lag == 0)
        #expect(world.announced.map(\.kind) == [.deadLettered, .parked])
        let entities = world.ask {
            world.engine.entities(of: email.uuid, in: .parked, after: nil, limit: 10, on: world.loop, then: $0)
        }
        #expect(entities.items.map(\.behind) == [2])
        #expect(entities.items[0].key == "bad")
    }

    @Test func `a redrive with edited data lets its entity go on in order`() {
        let world = DeliveryWorld()
        _ = world.topic()
        var isFixed = false
        world.endpoints.answer = { $0.key == "bad" && !isFixed && $0.edited == nil ? .status(422) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 2, first: .milliseconds(10), jitter: 0))
        world.publish(["bad", "bad", "bad"])
        world.clock.advance(by: .seconds(5))
        world.restart()
        let page = world.ask {
            world.engine.deadLetters(of: email.uuid, where: .init(), after: nil, limit: 9, on: world.loop, then: $0)
        }
        #expect(page.items.count == 1 && page.items[0].isBlocking && page.items[0].attempts == 2)
        let details = world.ask {
            world.engine.deadLetter(of: email.uuid, id: page.items[0].id, on: world.loop, then: $0)
        }
        #expect(details.attempts.map(\.status) == [422, 422])
        isFixed = true
        world.ask {
            world.engine.redrive(of: email.uuid, id: page.items[0].id, data: [1, 2], on: world.loop, then: $0)
        }
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value).isSorted)
        #expect(world.endpoints.receipts.count == 3)
        #expect(world.endpoints.requests.compactMap(\.edited) == [[1, 2]])
        #expect(world.status(email).deadLetters == 0)
        #expect(world.status(email).waiting == 0)
    }

    @Test func `a redrive that fails is a dead letter again, with all attempts`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { _ in .status(500) }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 2, first: .milliseconds(10), jitter: 0))
        world.publish(["bad", "bad"])
        world.clock.advance(by: .seconds(5))
        let count = world.ask {
            world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: true, on: world.loop, then: $0)
        }
        #expect(count.redriven == 1)
        _ = world.ask {
            world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
        }
        world.clock.advance(by: .seconds(5))
        let details = world.ask {
            world.engine.deadLetter(of: email.uuid, id: DeadLetterID(1), on: world.loop, then: $0)
        }
        #expect(details.attempts.count == 4 && details.summary.attempts == 4 && details.summary.isBlocking)
    }

    @Test func `a discarded dead letter lets its entity go on`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { $0.event.offset == .zero ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 1))
        world.publish(["bad", "bad", "bad"])
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.isEmpty)
        world.ask { world.engine.discard(of: email.uuid, id: DeadLetterID(1), on: world.loop, then: $0) }
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value) == [1, 2])
        #expect(world.status(email).deadLetters == 0)
    }

    @Test func `an exhausted event that is let go does not hold its entity`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { $0.event.offset == .zero && $0.edited == nil ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(
            retry: RetryPolicy(attempts: 2, first: .milliseconds(10)), exhausted: .letGo)
        world.publish(["a", "a", "a"])
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value) == [1, 2])
        let status = world.status(email)
        #expect(status.deadLetters == 1 && status.parkedEntities == 0 && status.waiting == 0)
        #expect(world.announced.map(\.kind) == [.deadLettered])
        world.ask { world.engine.redrive(of: email.uuid, id: DeadLetterID(1), data: [7], on: world.loop, then: $0) }
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.map(\.event.offset.value) == [1, 2, 0])
        #expect(world.status(email).deadLetters == 0)
    }

    @Test func `410 pauses the subscription, resume lets it go on`() {
        let world = DeliveryWorld()
        _ = world.topic()
        var isGone = true
        world.endpoints.answer = { _ in isGone ? .status(410) : .ok }
        world.start()
        let email = world.subscribe()
        world.publish(["a", "b"])
        world.clock.advance(by: .seconds(60))
        #expect(world.status(email).state == .paused)
        #expect(world.status(email).reason?.contains("410") == true)
        let before = world.endpoints.requests.count
        world.restart()
        world.clock.advance(by: .seconds(60))
        #expect(world.endpoints.requests.count == before)
        isGone = false
        world.ask { world.engine.resume(of: email.uuid, on: world.loop, then: $0) }
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.count == 2)
        #expect(world.status(email).state == .delivering)
    }

    @Test(arguments: [(Duration.seconds(90), 90.0), (.seconds(100_000), 86_400)])
    func `Retry-After is obeyed, up to a day`(_ asked: Duration, _ seconds: Double) {
        let world = DeliveryWorld()
        _ = world.topic()
        var times: [MonotonicTime] = []
        world.endpoints.answer = { [clock = world.clock] _ in
            times.append(clock.now)
            return times.count == 1
                ? .init(result: AttemptResult(.answered(status: 503), retryAfter: asked)) : .ok
        }
        world.start()
        world.subscribe()
        world.publish(["a"])
        world.clock.advance(by: .seconds(87_000))
        #expect(times.count == 2)
        let waited = Double((times[1] - times[0]).millis) / 1_000
        #expect(waited >= seconds && waited < seconds + 1)
    }

    @Test func `paused means no attempts, and everything afterwards`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        world.publish(["a", "b"])
        world.clock.advance(by: .seconds(60))
        #expect(world.endpoints.requests.isEmpty)
        #expect(world.status(email).state == .paused && world.status(email).lag == 2)
        email.isPaused = false
        world.put(email)
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == 2)
    }

    @Test func `the age of the oldest event is known although it is no longer in memory`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.log.recentBatchCount = 0
        world.start()
        var email = world.subscribe()
        email.isPaused = true
        world.put(email)
        world.publishAndCommit(["a"])
        world.clock.advance(by: .seconds(5))
        _ = world.status(email)
        world.clock.advance(by: .seconds(1))
        #expect((world.status(email).oldestAge ?? .zero) >= .seconds(6))
    }

    @Test func `a test event goes out beside everything else`() {
        let world = DeliveryWorld()
        world.start()
        let email = world.subscribe()
        var answer: AttemptRecord?
        world.engine.test(of: email.uuid, on: world.loop) { answer = try? $0.get() }
        world.clock.advance(by: .seconds(1))
        #expect(answer?.status == 200)
        #expect(world.endpoints.requests.map(\.type) == ["tidings.delivery.test"])
    }

    @Test func `nothing is sent after a deletion was answered`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { _ in .init(after: .seconds(2)) }
        world.start()
        let email = world.subscribe(concurrency: 2)
        world.publish(["a", "b", "c", "d", "a"])
        world.clock.advance(by: .milliseconds(100))
        #expect(world.endpoints.inFlight == 2)
        var sentBefore: Int?
        world.delete(email) { sentBefore = world.endpoints.requests.count }
        world.clock.advance(by: .milliseconds(100))
        #expect(sentBefore == nil)
        world.clock.advance(by: .seconds(10))
        world.publish(["a"])
        world.clock.advance(by: .seconds(10))
        #expect(sentBefore == 2 && world.endpoints.requests.count == 2)

        // One made again under the name inherits nothing.
        world.subscribe()
        world.clock.advance(by: .seconds(10))
        #expect(world.endpoints.requests.count == 2)
    }

    @Test func `a stop in time sends nothing twice`() {
        let world = DeliveryWorld()
        _ = world.topic()
        world.endpoints.answer = { _ in .init(after: .milliseconds(700)) }
        world.start()
        world.subscribe(concurrency: 3)
        world.publish((0..<20).map { "k\($0 % 7)" })
        world.clock.advance(by: .milliseconds(1_000))
        for _ in 0..<4 {
            #expect(world.stop())
            world.start()
            world.clock.advance(by: .milliseconds(900))
        }
        world.clock.advance(by: .seconds(30))
        #expect(world.endpoints.receipts.count == 20)
        #expect(Set(world.endpoints.receipts.map(\.event)).count == 20)
    }
}

extension Array where Element: Comparable {
    var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
