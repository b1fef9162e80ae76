// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// Retries while the wall clock jumps (F9 of the fault catalogue): they neither stall nor storm.
@Suite struct ClockTests {
    static let jumps: [[Duration]] = [
        [.seconds(3_600)], [.seconds(-3_600)], [.seconds(400 * 86_400)], [.seconds(-400 * 86_400)],
        // A clock that strobes.
        (0..<20).map { .seconds($0 % 2 == 0 ? 3_600 : -3_600) },
    ]

    /// When each attempt of an event that fails for a minute came about, with these jumps a second apart.
    private func attempts(_ jumps: [Duration], restarting: Bool = false) -> [Duration] {
        let world = DeliveryWorld(seed: 3)
        let topic = world.topic()
        let begun = world.clock.now
        var times: [Duration] = []
        world.endpoints.answer = { _ in
            times.append(world.clock.now - begun)
            return .status(500)
        }
        world.start()
        world.subscribe(
            retry: RetryPolicy(attempts: 16, first: .seconds(1), factor: 2, longest: .seconds(8), jitter: 0), since: 1)
        world.publish(["key"], topic: topic)
        world.clock.advance(by: .seconds(5))
        for jump in jumps {
            if restarting { world.crash() }
            world.clock.jumpWall(by: jump)
            if restarting { world.start() }
            world.clock.advance(by: .seconds(1))
        }
        world.clock.advance(by: .seconds(60 - jumps.count))
        return times
    }

    @Test(arguments: jumps)
    func `attempts come when they would have come anyway`(_ jumps: [Duration]) {
        let plain = attempts(jumps.map { _ in .zero })
        #expect(plain.count > 7)
        #expect(attempts(jumps) == plain)
    }

    @Test(arguments: jumps)
    func `after a crash and a jump, attempts go on within the longest pause and are no more than usual`(
        _ jumps: [Duration]
    ) {
        let plain = attempts(jumps.map { _ in .zero }, restarting: true)
        let times = attempts(jumps, restarting: true)
        let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
        // A crash forgets what was not recorded yet, so an attempt may come again; and where the clock went back, the
        // pause begins again with each life.
        #expect(pauses.allSatisfy { $0 <= .seconds(8 + jumps.count) }, "\(times)")
        #expect(times.count <= plain.count + jumps.count, "\(times) where \(plain) is usual")
        #expect(times.last.map { $0 > .seconds(50) } ?? false, "\(times)")
    }
}
