// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A loop that runs what it was handed only when a test says so, in an order that is always the same.
///
/// - Concurrency: any thread may post; everything else happens on the test's thread, which counts as the loop's.
package final class SimulatedLoop: Loop, @unchecked Sendable {
    private struct Scheduled {
        let deadline: MonotonicTime
        let number: UInt64
        let work: () -> Void
    }

    private let clock: ManualClock
    private let posted = Locked<[@Sendable () -> Void]>([])
    /// A heap by deadline, then number; cancelled ones stay until they come to the top.
    private var heap: [Scheduled] = []
    private var waiting: Set<UInt64> = []
    private var lastNumber: UInt64 = 0
    private var isHalted = false

    /// Makes a loop that goes by `clock`, on which other loops may live as well.
    package init(clock: ManualClock = ManualClock()) {
        self.clock = clock
        clock.add(self)
    }

    package var isCurrent: Bool { true }
    package var time: any TimeSource { clock }

    package func post(_ work: @escaping @Sendable () -> Void) { posted.withLock { $0.append(work) } }

    package func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer {
        lastNumber += 1
        guard !isHalted else { return LoopTimer(lastNumber) }
        waiting.insert(lastNumber)
        push(Scheduled(deadline: clock.now + max(delay, .zero), number: lastNumber, work: work))
        return LoopTimer(lastNumber)
    }

    package func cancel(_ timer: LoopTimer) { waiting.remove(timer.number) }

    /// How many timers are set.
    package var timerCount: Int { waiting.count }

    /// Moves the clock by `delay` and runs what all its loops have to do until then, in the order of time.
    package func advance(by delay: Duration) { clock.advance(by: delay) }

    /// Runs what all loops of the clock have to do now, until nothing is left.
    package func runUntilIdle() { clock.runUntilIdle() }

    // MARK: - For the clock

    var nextDeadline: MonotonicTime? {
        while let first = heap.first, !waiting.contains(first.number) { pop() }
        return heap.first?.deadline
    }

    /// Runs everything posted so far and the timers that are due; whether there was any.
    func runOnce() -> Bool {
        let work = posted.withLock { posted in
            defer { posted = [] }
            return posted
        }
        for piece in work where !isHalted { piece() }
        return fireDueTimers() || !work.isEmpty
    }

    @discardableResult
    func fireDueTimers() -> Bool {
        var fired = false
        let now = clock.now
        while let deadline = nextDeadline, deadline <= now {
            let first = heap[0]
            pop()
            waiting.remove(first.number)
            first.work()
            fired = true
        }
        return fired
    }

    func halt() {
        isHalted = true
        heap = []
        waiting = []
        posted.withLock { $0 = [] }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        heap[left].deadline != heap[right].deadline
            ? heap[left].deadline < heap[right].deadline : heap[left].number < heap[right].number
    }

    private func push(_ scheduled: Scheduled) {
        heap.append(scheduled)
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
