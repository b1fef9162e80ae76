// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Two clocks that stand still until a test moves them, and the loops that go by them.
///
/// - Concurrency: any thread may read the clocks; one test thread moves them and runs the loops.
package final class ManualClock: TimeSource, @unchecked Sendable {
    private let nanos: Locked<Int64>
    private let wallAhead: Locked<Int64>
    private var loops: [SimulatedLoop] = []

    /// Sets both clocks: the monotonic one at `nanos`, the wall clock at `wall` (November 2026 when not said).
    package init(nanos: Int64 = 1_000_000_000, wall: WallTime = WallTime(millis: 1_795_000_000_000)) {
        self.nanos = Locked(nanos)
        wallAhead = Locked(wall.millis - nanos / 1_000_000)
    }

    package var now: MonotonicTime { MonotonicTime(nanos: nanos.withLock { $0 }) }
    package var wall: WallTime {
        WallTime(millis: nanos.withLock { $0 } / 1_000_000 + wallAhead.withLock { $0 })
    }

    /// Moves only the wall clock, as an administrator or NTP does; may go back.
    package func jumpWall(by change: Duration) { wallAhead.withLock { $0 += change.millis } }

    /// Moves both clocks by `delay` and runs, in the order of time, everything the loops have to do until then.
    /// - Parameter stepLimit: how many pieces of work may run before the test is stopped as one that never ends.
    package func advance(by delay: Duration, stepLimit: Int = 50_000_000) {
        let target = now + delay
        runUntilIdle(stepLimit: stepLimit)
        while let next = loops.compactMap(\.nextDeadline).min(), next <= target {
            if next > now { nanos.withLock { $0 = next.nanos } }
            for loop in loops { loop.fireDueTimers() }
            runUntilIdle(stepLimit: stepLimit)
        }
        if target > now { nanos.withLock { $0 = target.nanos } }
    }

    /// Moves to the next timer of any loop, if there is one within `limit`, and runs what is due.
    /// - Returns: whether there was one.
    @discardableResult
    package func advanceToNextTimer(within limit: Duration) -> Bool {
        runUntilIdle()
        guard let next = loops.compactMap(\.nextDeadline).min(), next <= now + limit else { return false }
        advance(by: next > now ? next - now : .zero)
        return true
    }

    /// Runs the loops' posted and due work until none is left; time stands still.
    package func runUntilIdle(stepLimit: Int = 50_000_000) {
        var steps = 0
        var worked = true
        while worked {
            worked = false
            for loop in loops where loop.runOnce() {
                worked = true
                steps += 1
                precondition(steps < stepLimit, "the loops never came to rest")
            }
        }
    }

    func add(_ loop: SimulatedLoop) { loops.append(loop) }

    /// Forgets a loop: what it still had to do never happens, as when its process is killed.
    package func remove(_ loop: SimulatedLoop) {
        loop.halt()
        loops.removeAll { $0 === loop }
    }
}
