// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct BlockingPoolTests {
    @Test func `work runs on threads of its own and answers on the loop`() async throws {
        let loop = try EventLoop("test")
        let pool = BlockingPool("pool")
        let (wasOnLoop, isOnLoop) = await withCheckedContinuation { continuation in
            let taken = pool.run({ loop.isCurrent }, on: loop) { continuation.resume(returning: ($0, loop.isCurrent)) }
            #expect(taken)
        }
        #expect(!wasOnLoop)
        #expect(isOnLoop)
        pool.stop()
        pool.join()
        #expect(!pool.run {})
        loop.stop()
        loop.join()
    }

    @Test func `a full queue refuses, and a stop drops what waits`() async throws {
        var settings = BlockingPool.Settings()
        settings.threads = 2
        settings.queueLimit = 3
        let pool = BlockingPool("pool", settings: settings)
        let gate = BlockingGate()
        let ran = Atomic<Int>(0)
        for number in 1...2 {
            #expect(pool.run { gate.pass() })
            while gate.arrivals < number { await Task.yield() }
        }
        for _ in 0..<3 { #expect(pool.run { ran.add(1, ordering: .relaxed) }) }
        #expect(!pool.run {})
        pool.stop()
        gate.open()
        pool.join()
        #expect(ran.load(ordering: .relaxed) == 0)
    }

    @Test func `much work is done in order by one thread`() async throws {
        var settings = BlockingPool.Settings()
        settings.threads = 1
        settings.queueLimit = 1000
        let pool = BlockingPool("pool", settings: settings)
        let seen = Locked<[Int]>([])
        for number in 0..<1000 { #expect(pool.run { seen.withLock { $0.append(number) } }) }
        await withCheckedContinuation { continuation in
            while !pool.run({ continuation.resume() }) {}
        }
        #expect(seen.withLock { $0 } == Array(0..<1000))
        pool.stop()
        pool.join()
    }
}
