// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    /// A list that lives on a loop.
    private final class Notes: @unchecked Sendable {
        var numbers: [Int] = []
    }

    @Test func `ten thousand posts run in order, on the loop`() async throws {
        let loop = try EventLoop("test")
        let notes = Notes()
        for number in 0..<10_000 { loop.post { notes.numbers.append(loop.isCurrent ? number : -1) } }
        let seen = await loop.run { notes.numbers }
        #expect(seen == Array(0..<10_000))
        #expect(!loop.isCurrent)
        loop.stop()
        loop.join()
    }

    @Test func `posts of many threads all run, each thread's in order`() async throws {
        let loop = try EventLoop("test")
        let notes = Notes()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    for number in 0..<5_000 { loop.post { notes.numbers.append(thread * 10_000 + number) } }
                }
            }
        }
        let seen = await loop.run { notes.numbers }
        #expect(seen.count == 20_000)
        for thread in 0..<4 {
            #expect(seen.filter { $0 / 10_000 == thread } == (0..<5_000).map { thread * 10_000 + $0 })
        }
        loop.stop()
        loop.join()
    }

    @Test func `work that posts itself leaves timers their turn`() async throws {
        let loop = try EventLoop("test")
        let ended = Atomic<Bool>(false)
        @Sendable func again() { if !ended.load(ordering: .relaxed) { loop.post { again() } } }
        await withCheckedContinuation { continuation in
            loop.post {
                again()
                _ = loop.schedule(after: .milliseconds(1)) { continuation.resume() }
            }
        }
        ended.store(true, ordering: .relaxed)
        loop.stop()
        loop.join()
    }

    @Test func `timers fire by their deadline and cancelled ones do not`() async throws {
        let loop = try EventLoop("test")
        let notes = Notes()
        let began = SystemTime().now
        await withCheckedContinuation { continuation in
            loop.post {
                for delay in [30, 10, 20, 10] {
                    _ = loop.schedule(after: .milliseconds(delay)) { notes.numbers.append(delay) }
                }
                let cancelled = loop.schedule(after: .milliseconds(15)) { notes.numbers.append(15) }
                _ = loop.schedule(after: .milliseconds(12)) { loop.cancel(cancelled) }
                _ = loop.schedule(after: .milliseconds(31)) { continuation.resume() }
            }
        }
        #expect(SystemTime().now - began >= .milliseconds(31))
        #expect(await loop.run { notes.numbers } == [10, 10, 20, 30])
        loop.stop()
        loop.join()
    }

    @Test func `a clock of the test's drives the timers`() async throws {
        let clock = HandClock()
        let loop = try EventLoop("test", time: clock)
        let notes = Notes()
        await loop.run {
            _ = loop.schedule(after: .seconds(3600)) { notes.numbers.append(2) }
            _ = loop.schedule(after: .seconds(60)) {
                notes.numbers.append(1)
                _ = loop.schedule(after: .zero) { notes.numbers.append(3) }
            }
        }
        clock.advance(by: .seconds(59))
        loop.timeMoved()
        #expect(await loop.run { notes.numbers } == [])
        clock.advance(by: .seconds(1))
        loop.timeMoved()
        #expect(await loop.run { notes.numbers } == [1])
        loop.timeMoved()
        #expect(await loop.run { notes.numbers } == [1, 3])
        clock.advance(by: .seconds(3540))
        loop.timeMoved()
        #expect(await loop.run { notes.numbers } == [1, 3, 2])
        #expect(await loop.run { loop.timerCount } == 0)
        loop.stop()
        loop.join()
    }

    @Test func `a stop runs what was posted before and drops the rest`() throws {
        let loop = try EventLoop("test")
        let ran = Atomic<Int>(0)
        for _ in 0..<100 { loop.post { ran.add(1, ordering: .relaxed) } }
        loop.stop()
        loop.join()
        loop.join()
        #expect(ran.load(ordering: .relaxed) == 100)
        loop.post { ran.add(1, ordering: .relaxed) }
        #expect(ran.load(ordering: .relaxed) == 100)
    }

    @Test func `a stopped loop closes what was open and forgets timers and work`() async throws {
        final class Witness: Sendable {}
        weak var witness: Witness?
        weak var gone: EventLoop?
        do {
            let pair = try await Pair()
            let held = Witness()
            witness = held
            gone = pair.client.loop
            await pair.client.loop.run { [client = pair.client] in
                _ = client.loop.schedule(after: .seconds(1000)) { withExtendedLifetime(held) {} }
            }
            pair.client.loop.stop()
            pair.client.loop.join()
            pair.stop()
            #expect(pair.clientProbe.closes == 1)
            #expect(pair.clientProbe.error?.code == .stopped)
            #expect(pair.serverProbe.closes == 1)
            #expect(!pair.client.isOpen)
        }
        #expect(witness == nil)
        #expect(gone == nil)
    }

    @Test func `tasks that prefer the loop run on it`() async throws {
        let loop = try EventLoop("test")
        let places = await Task(executorPreference: loop.executor) {
            var places: [Bool] = []
            for _ in 0..<100 {
                places.append(loop.isCurrent)
                await Task.yield()
            }
            return places
        }.value
        #expect(places == Array(repeating: true, count: 100))
        loop.stop()
        loop.join()
    }

    @Test func `a group hands out its loops in turn`() throws {
        let group = try EventLoopGroup(count: 3, name: "g")
        #expect((0..<6).map { _ in group.next().name } == ["g-0", "g-1", "g-2", "g-0", "g-1", "g-2"])
        #expect(group.loop(for: 7).name == "g-1")
        group.stop()
        group.join()
    }
}
