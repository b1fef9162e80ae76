// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Work waiting for its time: a binary heap that knows no clock. Adding, cancelling and taking cost O(log n).
///
/// Works with the same deadline come out in the order they were added.
///
/// - Concurrency: a value; its owner's.
struct TimerHeap<Work>: ~Copyable {
    private struct Entry {
        let deadline: MonotonicTime
        let sequence: UInt64
        let slot: UInt32

        @inline(__always)
        func isBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
        }
    }

    /// Where a timer's work is kept. A slot is used again, under the next generation.
    private struct Slot {
        var generation: UInt32
        var position: Int32
        var work: Work?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    /// The number of the next timer to be added, in the order of adding.
    private(set) var nextSequence: UInt64 = 0

    /// How many timers wait.
    var count: Int { entries.count }
    /// When the first is due; nil when none waits.
    var earliest: MonotonicTime? { entries.first?.deadline }

    /// Adds work that is due at `deadline`.
    mutating func add(at deadline: MonotonicTime, _ work: Work) -> LoopTimer {
        let slot: UInt32
        if let unused = free.popLast() {
            slot = unused
            slots[Int(slot)].work = work
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot(generation: 0, position: -1, work: work))
        }
        entries.append(Entry(deadline: deadline, sequence: nextSequence, slot: slot))
        nextSequence += 1
        siftUp(entries.count - 1)
        return LoopTimer(UInt64(slots[Int(slot)].generation) << 32 | UInt64(slot))
    }

    /// Forgets a timer; nothing happens when it was taken or cancelled before.
    mutating func cancel(_ timer: LoopTimer) {
        let slot = Int(truncatingIfNeeded: timer.number & 0xFFFF_FFFF)
        guard slot < slots.count, slots[slot].generation == UInt32(truncatingIfNeeded: timer.number >> 32),
            slots[slot].position >= 0
        else { return }
        remove(at: Int(slots[slot].position))
    }

    /// Takes the work that is due first, if it is due at `now` and was added before the timer numbered `sequence`.
    mutating func takeDue(at now: MonotonicTime, addedBefore sequence: UInt64) -> Work? {
        guard let first = entries.first, first.deadline <= now, first.sequence < sequence else { return nil }
        let work = slots[Int(first.slot)].work
        remove(at: 0)
        return work
    }

    /// Forgets every timer.
    mutating func removeAll() {
        while !entries.isEmpty { remove(at: entries.count - 1) }
    }

    private mutating func remove(at position: Int) {
        let slot = entries[position].slot
        slots[Int(slot)].work = nil
        slots[Int(slot)].position = -1
        slots[Int(slot)].generation &+= 1
        free.append(slot)
        let last = entries.removeLast()
        guard position < entries.count else { return }
        entries[position] = last
        slots[Int(last.slot)].position = Int32(truncatingIfNeeded: position)
        if position > 0, last.isBefore(entries[(position - 1) / 2]) {
            siftUp(position)
        } else {
            siftDown(position)
        }
    }

    private mutating func siftUp(_ from: Int) {
        var position = from
        let entry = entries[position]
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            put(entries[parent], at: position)
            position = parent
        }
        put(entry, at: position)
    }

    private mutating func siftDown(_ from: Int) {
        var position = from
        let entry = entries[position]
        while true {
            var child = 2 * position + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(entry) else { break }
            put(entries[child], at: position)
            position = child
        }
        put(entry, at: position)
    }

    private mutating func put(_ entry: Entry, at position: Int) {
        entries[position] = entry
        slots[Int(entry.slot)].position = Int32(truncatingIfNeeded: position)
    }
}
