// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Names, each with the time at which it is to be looked at: a heap in which an earlier time replaces a later one.
struct Alarms: Sendable {
    private var heap: [(time: MonotonicTime, name: String)] = []
    private var times: [String: MonotonicTime] = [:]

    /// When the next name is due.
    var first: MonotonicTime? { heap.first?.time }

    /// Sees to it that the name comes up at that time or earlier.
    mutating func set(_ name: String, at time: MonotonicTime?) {
        guard let time, times[name].map({ time < $0 }) ?? true else { return }
        times[name] = time
        push(time, name)
        // What an earlier time replaced stays in the heap until it comes up, but never is most of it.
        guard heap.count > 4 * times.count + 64 else { return }
        heap.removeAll()
        for (name, time) in times { push(time, name) }
    }

    mutating func remove(_ name: String) { times[name] = nil }

    /// Takes the next name whose time has come.
    mutating func next(at now: MonotonicTime) -> String? {
        while let first = heap.first, first.time <= now {
            pop()
            guard times[first.name] == first.time else { continue }
            times[first.name] = nil
            return first.name
        }
        return nil
    }

    private mutating func push(_ time: MonotonicTime, _ name: String) {
        heap.append((time, name))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].time <= heap[child].time { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
            if heap[parent].time <= heap[child].time { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
