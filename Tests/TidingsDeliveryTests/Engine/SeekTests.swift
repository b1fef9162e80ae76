// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

@Suite struct SeekTests {
    private func seek(
        _ world: DeliveryWorld, _ subscription: Subscription, _ request: SeekRequest, dryRun: Bool = false
    ) -> [SeekStep] {
        world.ask { world.engine.seek(of: subscription.uuid, request, dryRun: dryRun, on: world.loop, then: $0) }
    }

    @Test func `a subscription starts at a time`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        world.start()
        world.publishAndCommit(["a"], topic: topic)
        world.clock.advance(by: .seconds(60))
        let moment = world.clock.wall
        world.publishAndCommit(["b"], topic: topic)
        world.clock.advance(by: .seconds(60))
        world.publishAndCommit(["c"], topic: topic)
        world.subscribe(start: .time(moment))
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.map(\.event.offset.value) == [1, 2])
    }

    @Test(arguments: [
        (SeekRequest.Target.beginning, 10, 0, 20), (.now, 0, 0, 10), (.offset(Offset(7)), 3, 0, 13),
        (.time(WallTime(millis: .max)), 0, 0, 10),
    ])
    func `a seek says what it will do, and does that`(
        _ target: SeekRequest.Target, _ again: Int64, _ skipped: Int64, _ receipts: Int
    ) {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        world.start()
        let email = world.subscribe()
        for key in 0..<10 { world.publishAndCommit(["k\(key % 3)"], topic: topic) }
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == 10)
        let request = SeekRequest(target, topic: topic.id, partition: 0)
        let plan = seek(world, email, request, dryRun: true)
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == 10, "asked only")
        #expect(seek(world, email, request) == plan)
        #expect(plan.map(\.again) == [again] && plan.map(\.skipped) == [skipped])
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == receipts)
        world.publishAndCommit(["k0"], topic: topic)
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.receipts.count == receipts + 1 && world.status(email).lag == 0)
    }

    @Test func `what is on its way is broken off, and what is passed over never comes`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        var isSlow = true
        world.endpoints.answer = { _ in isSlow ? .init(after: .seconds(20)) : .ok }
        world.start()
        let email = world.subscribe(concurrency: 4)
        for key in 0..<50 { world.publishAndCommit(["k\(key)"], topic: topic) }
        let steps = seek(world, email, SeekRequest(.now))
        #expect(steps.map(\.skipped) == [50] && steps.map(\.again) == [0])
        #expect(world.status(email).inFlight == 0 && world.status(email).lag == 0)
        isSlow = false
        let before = world.endpoints.receipts.count
        world.publishAndCommit(["k7", "k7"], topic: topic)
        world.clock.advance(by: .seconds(60))
        #expect(world.endpoints.receipts.dropFirst(before).filter { $0.event.offset.value >= 50 }.count == 2)
        let after = world.endpoints.receipts.count
        world.restart()
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).lag == 0 && world.endpoints.receipts.count == after)
    }

    @Test func `a seek is refused where it makes no sense`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        let other = world.topic("other", partitions: 1)
        world.start()
        let email = world.subscribe()
        world.publishAndCommit(["a"], topic: topic)
        for request in [
            SeekRequest(.offset(Offset(9)), topic: topic.id, partition: 0), SeekRequest(.now, topic: other.id),
        ] {
            let result: Result<[SeekStep], Problem> = world.tryAsk {
                world.engine.seek(of: email.uuid, request, dryRun: false, on: world.loop, then: $0)
            }
            guard case .failure(let problem) = result else { Issue.record("it was taken"); continue }
            #expect(problem.code == .conflict)
        }
    }

    @Test func `parked entities stay parked, and get what is delivered again behind them`() {
        let world = DeliveryWorld()
        let topic = world.topic("orders", partitions: 1)
        var isPoisoned = true
        world.endpoints.answer = { $0.key == "bad" && isPoisoned ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 1))
        for key in ["good", "bad", "bad", "good"] { world.publishAndCommit([key], topic: topic) }
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).parkedEntities == 1 && world.status(email).waiting == 2)
        _ = seek(world, email, SeekRequest(.beginning))
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).parkedEntities == 1 && world.status(email).waiting == 4)
        isPoisoned = false
        _ = world.ask {
            world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
        }
        world.clock.advance(by: .seconds(5))
        #expect(world.status(email).waiting == 0 && world.status(email).deadLetters == 0)
        let bad = world.endpoints.receipts.filter { $0.key == "bad" }.map(\.event.offset.value)
        #expect(bad.suffix(4) == [1, 2, 1, 2])
    }
}
