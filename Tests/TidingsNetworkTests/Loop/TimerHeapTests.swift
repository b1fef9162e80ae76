// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite struct TimerHeapTests {
    @Test func `work comes out by deadline, then in the order added`() {
        var heap = TimerHeap<Int>()
        let deadlines: [Int64] = [5, 3, 9, 3, 1, 5, 3]
        for (index, deadline) in deadlines.enumerated() { _ = heap.add(at: MonotonicTime(nanos: deadline), index) }
        var out: [Int] = []
        while let work = heap.takeDue(at: MonotonicTime(nanos: 5), addedBefore: .max) { out.append(work) }
        #expect(out == [4, 1, 3, 6, 0, 5])
        #expect(heap.count == 1)
        #expect(heap.earliest == MonotonicTime(nanos: 9))
    }

    @Test func `a cancelled timer stays away, and its name is never another's`() {
        var heap = TimerHeap<Int>()
        let first = heap.add(at: MonotonicTime(nanos: 1), 1)
        heap.cancel(first)
        let second = heap.add(at: MonotonicTime(nanos: 1), 2)
        #expect(first != second)
        heap.cancel(first)
        heap.cancel(LoopTimer(.max))
        #expect(heap.takeDue(at: MonotonicTime(nanos: 1), addedBefore: .max) == 2)
        heap.cancel(second)
        #expect(heap.count == 0)
    }

    @Test func `what is added later than a number waits`() {
        var heap = TimerHeap<Int>()
        _ = heap.add(at: MonotonicTime(nanos: 1), 1)
        let last = heap.nextSequence
        _ = heap.add(at: MonotonicTime(nanos: 0), 2)
        #expect(heap.takeDue(at: MonotonicTime(nanos: 9), addedBefore: last) == nil)
        #expect(heap.takeDue(at: MonotonicTime(nanos: 9), addedBefore: last + 1) == 2)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `it agrees with a sorted list`(_ seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var heap = TimerHeap<Int>()
        var model: [(deadline: Int64, number: Int, timer: LoopTimer)] = []
        for number in 0..<5000 {
            switch random.next(below: 4) {
            case 0, 1:
                let deadline = Int64(random.next(below: 1000))
                model.append((deadline, number, heap.add(at: MonotonicTime(nanos: deadline), number)))
            case 2 where !model.isEmpty:
                heap.cancel(model.remove(at: Int(random.next(below: UInt64(model.count)))).timer)
            default:
                let due = model.enumerated().min { ($0.1.deadline, $0.1.number) < ($1.1.deadline, $1.1.number) }
                #expect(
                    heap.takeDue(at: MonotonicTime(nanos: 1000), addedBefore: .max) == due?.1.number, "seed \(seed)")
                if let due { model.remove(at: due.0) }
            }
            #expect(heap.count == model.count, "seed \(seed)")
        }
    }
}
