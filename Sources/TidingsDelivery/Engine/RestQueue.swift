// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The lanes that rest, by the time they are due, then by their age; one timer serves them all.
struct RestQueue {
    private var heap: [(due: MonotonicTime, lane: Lane)] = []

    /// When the first one is due.
    var next: MonotonicTime? { heap.first?.due }

    mutating func push(_ lane: Lane, due: MonotonicTime) {
        heap.append((due, lane))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The next lane that is due; one that no longer rests until that time is passed over.
    mutating func popDue(at now: MonotonicTime) -> Lane? {
        while let first = heap.first, first.due <= now {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
            sink()
            if first.lane.state == .resting, first.lane.until == first.due { return first.lane }
        }
        return nil
    }

    mutating func removeAll() { heap = [] }

    /// The lane of that serial, if it rests; looked for among all, for rare occasions.
    func lane(_ serial: UInt64) -> Lane? { heap.first { $0.lane.serial == serial && $0.lane.state == .resting }?.lane }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        heap[left].due != heap[right].due
            ? heap[left].due < heap[right].due : heap[left].lane.serial < heap[right].lane.serial
    }

    private mutating func sink() {
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

/// Lanes whose turn it is, first come, first served.
struct ReadyQueue {
    private var lanes: [Lane] = []
    private var head = 0

    var isEmpty: Bool { head == lanes.count }

    mutating func append(_ lane: Lane) { lanes.append(lane) }

    /// Puts a lane before all others.
    mutating func prepend(_ lane: Lane) {
        if head > 0 {
            head -= 1
            lanes[head] = lane
        } else {
            lanes.insert(lane, at: 0)
        }
    }

    mutating func popFirst() -> Lane? {
        guard head < lanes.count else { return nil }
        let lane = lanes[head]
        head += 1
        if head == lanes.count {
            lanes.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 256, head > lanes.count / 2 {
            lanes.removeFirst(head)
            head = 0
        }
        return lane
    }

    mutating func removeAll() {
        lanes = []
        head = 0
    }
}
