// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a subscription took from a partition and has not answered yet: with where it reads on, its position. Everything
/// below that place is answered, except these.
///
/// Taking and answering cost a constant time when answers come about in order, a binary search otherwise; the size is
/// that of what is unanswered, give or take a factor of three.
struct OutstandingOffsets {
    private struct Entry {
        let offset: Offset
        let time: WallTime
        var isAnswered = false
    }

    private var entries: [Entry] = []
    private var head = 0
    /// How many are unanswered.
    private(set) var count = 0

    /// The first unanswered one.
    var first: Offset? { head < entries.count ? entries[head].offset : nil }
    /// When the first unanswered one was stored.
    var firstTime: WallTime? { head < entries.count ? entries[head].time : nil }
    /// Whether one was answered that lies above one that is not.
    var hasGaps: Bool { entries.count - head > count }

    /// Notes an offset above all before.
    mutating func take(_ offset: Offset, storedAt time: WallTime) {
        precondition(entries.last.map { $0.offset < offset } ?? true, "offsets are taken in order")
        entries.append(Entry(offset: offset, time: time))
        count += 1
    }

    /// Notes an answer.
    /// - Returns: false when the offset was not outstanding.
    @discardableResult
    mutating func answer(_ offset: Offset) -> Bool {
        var (low, high) = (head, entries.count)
        if low < high, entries[low].offset == offset {
            high = low
        }
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].offset == offset, !entries[low].isAnswered else { return false }
        entries[low].isAnswered = true
        count -= 1
        while head < entries.count, entries[head].isAnswered { head += 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        } else if entries.count - head > 3 * count + 64 {
            entries = entries[head...].filter { !$0.isAnswered }
            head = 0
        }
        return true
    }

    /// All unanswered ones, in order.
    func forEach(_ body: (Offset) -> Void) {
        for entry in entries[head...] where !entry.isAnswered { body(entry.offset) }
    }

    /// All unanswered ones, in order.
    var all: [Offset] { entries[head...].compactMap { $0.isAnswered ? nil : $0.offset } }
}
