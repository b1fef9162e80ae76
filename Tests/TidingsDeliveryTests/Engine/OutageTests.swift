// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

@Suite struct OutageTests {
    @Test(arguments: [ScriptedEndpoints.Answer.fault(.unreachable), .fault(.timedOut), .status(503)])
    func `35 minutes without an endpoint park nobody`(_ outage: ScriptedEndpoints.Answer) {
        let world = DeliveryWorld()
        _ = world.topic()
        var isDown = true
        world.endpoints.answer = { _ in isDown ? outage : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 5, first: .seconds(1)))
        for hundred in 0..<10 { world.publishAndCommit((0..<100).map { "entity-\(hundred * 100 + $0)" }) }
        world.clock.advance(by: .seconds(17 * 60))
        #expect(world.status(email).state == .resting && world.status(email).parkedEntities == 0)
        world.crash()
        world.start()
        world.clock.advance(by: .seconds(18 * 60))
        #expect(world.endpoints.requests.count < 120)
        isDown = false
        world.clock.advance(by: .seconds(60))
        let status = world.status(email)
        #expect(status.parkedEntities == 0 && status.deadLetters == 0 && status.state == .delivering)
        #expect(Set(world.endpoints.receipts.map(\.key)).count == 1_000)
        #expect(world.endpoints.receipts.count == 1_000)
        #expect(world.announced.map(\.kind) == [.endpointDown, .endpointDown, .endpointUp])
    }

    @Test func `it comes back gently`() {
        let world = DeliveryWorld()
        _ = world.topic()
        var isDown = true
        world.endpoints.answer = { _ in isDown ? .fault(.unreachable) : .init(after: .milliseconds(100)) }
        world.start()
        world.subscribe(concurrency: 64)
        world.publishAndCommit((0..<500).map { "e\($0)" })
        world.clock.advance(by: .seconds(40))
        isDown = false
        while world.endpoints.receipts.isEmpty { world.clock.advance(by: .milliseconds(10)) }
        var waves: [Int] = []
        for _ in 0..<9 {
            waves.append(world.endpoints.inFlight)
            world.clock.advance(by: .milliseconds(100))
        }
        #expect(waves.first.map { $0 <= 2 } == true && waves.contains(64), "\(waves)")
        #expect(zip(waves, waves.dropFirst()).allSatisfy { $1 <= 2 * $0 }, "\(waves)")
    }

    @Test func `events about a failing reader of Tidings' own events are not made`() {
        let world = DeliveryWorld()
        let own = world.topic("tidings", partitions: 1)
        world.endpoints.answer = { _ in .fault(.unreachable) }
        world.start()
        world.subscribe(types: "tidings.*", retry: RetryPolicy(attempts: 1))
        world.publishAndCommit(["email"], type: "tidings.delivery.parked", topic: own)
        world.clock.advance(by: .seconds(60))
        world.endpoints.answer = { _ in .status(500) }
        world.clock.advance(by: .seconds(60))
        #expect(world.announced.isEmpty)
    }

    @Test func `99 of 100 keep their rate beside a poisoned one`() {
        func rate(poisoned: Bool) -> Int {
            let world = DeliveryWorld()
            let topic = world.topic("orders", partitions: 4)
            world.endpoints.answer = { request in
                poisoned && request.key == "e7"
                    ? .status(500, after: .milliseconds(10)) : .init(after: .milliseconds(10))
            }
            world.start()
            world.subscribe(concurrency: 8, retry: RetryPolicy(attempts: 6, first: .milliseconds(100)))
            for _ in 0..<100 { world.publishAndCommit((0..<100).map { "e\($0)" }, topic: topic) }
            world.clock.advance(by: .seconds(10))
            return world.endpoints.receipts.count { $0.key != "e7" }
        }
        let (with, without) = (rate(poisoned: true), rate(poisoned: false))
        #expect(Double(with) >= 0.95 * Double(without), "\(with) of \(without)")
    }
}
