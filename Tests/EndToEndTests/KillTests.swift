// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Testing
import TidingsCore
import TidingsTesting

/// The real server, killed with SIGKILL at random points under load; what its clients sent, were told and read is judged by
/// the history checker (F1 of the fault catalogue).
@Suite(.serialized) struct KillTests {
    /// How often the server is killed: some times on every run, 1,000 times in a soak.
    static let cycles = Int(ProcessInfo.processInfo.environment["TIDINGS_KILL_CYCLES"] ?? "") ?? 10
    static let seed = UInt64(ProcessInfo.processInfo.environment["TIDINGS_SEED"] ?? "")

    @Test func `whenever the server is killed, what was acknowledged is there, once and in order`() throws {
        let seed = Self.seed ?? UInt64.random(in: 0...UInt64.max)
        print("kill test: seed \(seed), \(Self.cycles) cycles")
        let random = SeededRandom(seed: seed)
        let server = try ServerUnderTest(environment: RecordedLoad.smallStorage)
        try server.start()
        // A long run needs no more events per second, only more kills.
        let load = try RecordedLoad(on: server, seed: seed, pause: Self.cycles > 50 ? 40_000 : 1_000)
        try load.prepare()
        load.start(writers: 4, readers: 2)
        var recoveries: [Duration] = []
        for _ in 0..<Self.cycles {
            usleep(20_000 + UInt32(random.next() % 880_000))
            server.crash()
            let begun = ContinuousClock.now
            try server.start()
            recoveries.append(ContinuousClock.now - begun)
        }
        let report = try load.finish()
        recoveries.sort()
        let p50 = recoveries[recoveries.count / 2].millis
        let p99 = recoveries[(recoveries.count - 1) * 99 / 100].millis
        print("kill test: serving again after p50 \(p50) ms, p99 \(p99) ms\n\(report)")
        #expect(report.isClean, "seed \(seed): \(report)")
        #expect(report.acknowledged > Self.cycles * 5)
        #expect(server.stop() == 0)
    }
}
