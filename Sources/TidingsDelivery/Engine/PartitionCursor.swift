// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How the keys of a topic were spread before it got more partitions, as one loop knows it: shared by its tails.
///
/// - Concurrency: lives on its loop.
final class TopicLayouts {
    let topic: TopicID
    var former: [PartitionLayout]

    init(_ topic: TopicID, _ former: [PartitionLayout]) {
        self.topic = topic
        self.former = former
    }
}

/// What one loop knows of a partition's tail: how far it has been dispatched.
///
/// - Concurrency: lives on its loop.
final class PartitionTail {
    let partition: PartitionID
    let topic: TopicName
    /// Its place among the loop's tails; for arrays.
    let index: Int
    let layouts: TopicLayouts
    /// The offset after the last record that was dispatched.
    var seen: Offset
    /// The log was told that nothing below it is still needed but what was named then: nobody begins there any more.
    var givenUp = Offset.zero
    /// Whether an open transaction keeps what follows `seen` from being dispatched.
    var isHeld = false

    init(_ partition: PartitionID, topic: TopicName, index: Int, layouts: TopicLayouts, seen: Offset) {
        self.partition = partition
        self.topic = topic
        self.index = index
        self.layouts = layouts
        self.seen = seen
    }
}

/// How far one subscription is in one partition: at the tail, where every dispatched event that it wants is handed to
/// it, or behind, where it reads by itself.
///
/// - Concurrency: lives on its subscription's loop.
final class PartitionCursor {
    enum Mode {
        /// Its first offset is being looked up.
        case starting
        /// It reads from `place` on.
        case behind
        /// It is where the dispatcher is.
        case tail
    }

    let tail: PartitionTail
    private(set) var mode = Mode.starting
    /// Where it reads on when it is behind.
    private(set) var place = Offset.zero
    var outstanding = OutstandingOffsets()
    /// Offsets that were taken and not answered when the process before ended; of those below `resumeEnd` only these
    /// are taken again.
    private var resume: [Offset] = []
    private var resumed = 0
    private var resumeEnd = Offset.zero
    var isReading = false
    /// So many of the topic's former layouts are known to be taken whole.
    var layoutsPassed = 0
    /// Whether its position waits to be recorded.
    var isDirty = false
    /// What was recorded last of where it reads on.
    var recordedNext: Offset?

    init(_ tail: PartitionTail) { self.tail = tail }

    var partition: PartitionID { tail.partition }

    /// Begins to read at an offset.
    func begin(at offset: Offset) {
        place = offset
        mode = .behind
        layoutsPassed = 0
    }

    /// Everything below it was taken, or is wanted by nobody; nil before there is such a place.
    var taken: Offset? {
        switch mode {
        case .starting: nil
        case .behind: place
        case .tail: tail.seen
        }
    }

    /// Whether somebody sought another place: what its lanes still say concerns nobody.
    private(set) var isOver = false

    /// Ends it; another cursor reads its partition.
    func end() { isOver = true }

    /// Goes on from a recorded position.
    func begin(at position: SubscriptionState.Position) {
        resume = position.outstanding
        resumeEnd = position.next
        recordedNext = position.next
        begin(at: min(position.outstanding.first ?? position.next, position.next))
    }

    /// Reaches the end: from now on events are handed to it.
    func join() { mode = .tail }

    /// Falls behind: the event at `offset` is the first it has not taken.
    func fallBehind(at offset: Offset) {
        guard mode == .tail else { return }
        mode = .behind
        place = offset
    }

    /// Has read everything below `offset`.
    func advance(to offset: Offset) { place = max(place, offset) }

    /// The log gives up what lies below `limit`: of it only what was taken already is still read.
    /// - Returns: what had not been taken and is gone; nil when there is none.
    func expire(below limit: Offset) -> Range<Offset>? {
        let next = next
        guard mode != .starting, limit > next else { return nil }
        fallBehind(at: next)
        resumeEnd = limit
        return next..<limit
    }

    /// Whether the record at `offset` is to be looked at: false for those answered by the process before. Asked in
    /// ascending order.
    func looks(at offset: Offset) -> Bool {
        guard offset < resumeEnd else { return true }
        while resumed < resume.count, resume[resumed] < offset { resumed += 1 }
        return resumed < resume.count && resume[resumed] == offset
    }

    /// The next offset below `resumeEnd` worth looking at, so that answered ranges are not read again.
    var nextWorthReading: Offset {
        guard place < resumeEnd else { return place }
        while resumed < resume.count, resume[resumed] < place { resumed += 1 }
        return resumed < resume.count ? resume[resumed] : resumeEnd
    }

    /// Where it reads on, wherever that is.
    var next: Offset { mode == .tail ? tail.seen : max(place, resumeEnd) }

    /// Its position to be recorded; nil before it has one.
    var position: SubscriptionState.Position? {
        guard mode != .starting else { return nil }
        var open = outstanding.all
        if mode == .behind, place < resumeEnd {
            while resumed < resume.count, resume[resumed] < place { resumed += 1 }
            // What was taken of them is outstanding already.
            let last = open.last
            open += resume[resumed...].filter { offset in last.map { offset > $0 } ?? true }
        }
        return SubscriptionState.Position(next: next, outstanding: open)
    }

    /// How many records lie between what it has answered and the end.
    var lag: Int64 { mode == .starting ? 0 : max(0, tail.seen.value - next.value) + Int64(outstanding.count) }
}
