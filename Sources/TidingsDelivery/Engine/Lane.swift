// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Events of one key of one partition on their way to one subscription, one after another: the one in front, and those
/// that follow it. An event without a key, or out of order, has a lane to itself.
///
/// Where the key goes on in another partition, since partitions were added, another lane is chained to this one and held
/// until this one is over.
///
/// - Concurrency: lives on its subscription's loop.
final class Lane {
    /// What the event in front waits for.
    enum State {
        /// Its turn.
        case ready
        /// The log, which reads it.
        case loading
        /// The answer to its attempt.
        case inFlight
        /// Its time.
        case resting
        /// Somebody who mends it.
        case parked
        /// The end of the lane before it in the chain.
        case held
    }

    private struct Follower {
        let offset: Offset
        let time: WallTime
        let batch: StoredBatch?
    }

    /// Which; counts up within its subscription.
    let serial: UInt64
    let partition: PartitionID
    /// Where the offsets are outstanding while the lane is on the way.
    let cursor: PartitionCursor?
    /// What it is found by; nil when it is one event's alone.
    let id: LaneID?
    /// The key; known once the lane is out of the way.
    var key: [UInt8]?
    var state = State.ready
    /// The lane of the same key that was there before it.
    private(set) weak var previous: Lane?
    /// The lane of the same key that begins when this one is over.
    private(set) weak var next: Lane?
    /// The offset a lane is recorded by when the key alone does not name it: it was chained, or is one event's alone.
    private(set) var recordedBy: Offset?
    /// Whether its events are recorded one by one and no longer hold up the position.
    var isAway = false
    /// Since when it is out of the way.
    var since = WallTime(millis: 0)

    // The event in front.
    private(set) var offset: Offset
    var stored: WallTime
    private var batch: StoredBatch?
    var failures = 0
    /// Failed attempts that are not recorded yet.
    var attempts: [AttemptRecord] = []
    var chain: SubscriptionState.AttemptChain?
    var deadLetter: UInt64?
    var editedData: [UInt8]?
    /// When a resting one is due.
    var until: MonotonicTime?
    var handle: (any AttemptHandle)?
    /// When the first attempt of the event in front began; nil before.
    var began: MonotonicTime?

    private var followers: [Follower] = []
    private var firstFollower = 0

    /// Whether its changes wait to be recorded.
    var isDirty = false
    /// Events that are done and still recorded.
    private(set) var dropped = 0
    /// How many of the events, from the front, are recorded.
    private(set) var recorded = 0
    /// Whether records know of it.
    private(set) var wasRecorded = false

    init(
        serial: UInt64, partition: PartitionID, cursor: PartitionCursor?, id: LaneID?, offset: Offset,
        stored: WallTime, batch: StoredBatch?
    ) {
        self.serial = serial
        self.partition = partition
        self.cursor = cursor
        self.id = id
        self.offset = offset
        self.stored = stored
        self.batch = batch
        if id == nil { recordedBy = offset }
    }

    /// Chains a lane of the same key, which is held until this one is over.
    func chain(_ lane: Lane) {
        lane.previous = self
        lane.recordedBy = lane.recordedBy ?? lane.offset
        next = lane
    }

    /// Ends its part in the chain.
    /// - Returns: the lane that comes up.
    func unchain() -> Lane? {
        defer { next = nil }
        next?.previous = nil
        return next
    }

    /// Takes it out of its chain: its neighbours are chained to each other.
    func leaveChain() -> (before: Lane?, after: Lane?) {
        let (before, after) = (previous, next)
        before?.next = after
        after?.previous = before
        previous = nil
        next = nil
        return (before, after)
    }

    /// The first lane of its chain.
    var front: Lane {
        var lane = self
        while let before = lane.previous { lane = before }
        return lane
    }

    /// Whether its subscription sought another place while the lane was on the way: nothing more is sent.
    var isDropped: Bool { !isAway && cursor?.isOver == true }

    /// How many events it has, the one in front included.
    var count: Int { 1 + followers.count - firstFollower }

    /// How many events it and those chained to it have.
    var countOfChain: Int {
        var (count, after) = (count, next)
        while let lane = after {
            count += lane.count
            after = lane.next
        }
        return count
    }

    /// How many followers keep their batch in memory.
    static let loadedFollowers = 64

    /// Queues another event behind.
    func follow(_ offset: Offset, storedAt time: WallTime, in batch: StoredBatch?) {
        let keeps = !isAway && count <= Self.loadedFollowers
        followers.append(Follower(offset: offset, time: time, batch: keeps ? batch : nil))
    }

    /// The record in front, if it is in memory.
    func records() -> (records: BatchRecords, index: Int)? {
        guard let batch, let records = try? batch.records() else { return nil }
        let index = records.index(from: offset)
        guard index < records.count, records[index].offset == offset else { return nil }
        return (records, index)
    }

    /// Takes the batch of the event in front into memory.
    func load(_ batch: StoredBatch?) { self.batch = batch }

    /// The event in front is done: the next one comes up.
    /// - Returns: false when there is none; the lane is over then.
    func advance() -> Bool {
        if recorded > 0 {
            recorded -= 1
            dropped += 1
        }
        failures = 0
        attempts = []
        chain = nil
        deadLetter = nil
        editedData = nil
        until = nil
        began = nil
        guard firstFollower < followers.count else { return false }
        let next = followers[firstFollower]
        firstFollower += 1
        if firstFollower == followers.count {
            followers.removeAll(keepingCapacity: true)
            firstFollower = 0
        } else if firstFollower > 64, firstFollower > followers.count / 2 {
            followers.removeFirst(firstFollower)
            firstFollower = 0
        }
        offset = next.offset
        stored = next.time
        // Neighbours often lie in the same batch.
        if let found = next.batch { batch = found } else if let held = batch, held.lastOffset < offset { batch = nil }
        return true
    }

    /// Leaves the way: followers keep their places only.
    func leave(key: [UInt8]?, at time: WallTime) {
        isAway = true
        since = time
        self.key = key
        followers = followers[firstFollower...].map { Follower(offset: $0.offset, time: $0.time, batch: nil) }
        firstFollower = 0
    }

    /// All offsets from the front.
    func forEachOffset(_ body: (Offset) -> Void) {
        body(offset)
        for follower in followers[firstFollower...] { body(follower.offset) }
    }

    // MARK: - Records

    /// The lane as records name it.
    var name: SubscriptionState.LaneName {
        SubscriptionState.LaneName(
            partition: partition, key: id == nil ? nil : key, lone: recordedBy)
    }

    /// The event in front as records hold it.
    func head(at now: MonotonicTime, _ wall: WallTime) -> SubscriptionState.Head {
        var head = SubscriptionState.Head(since: since, stored: stored)
        head.failures = failures
        if state == .resting, let until {
            let pause = max(0, (until - now).millis)
            head.until = WallTime(millis: wall.millis + pause)
            head.pause = .milliseconds(pause)
        }
        head.chain = chain
        head.deadLetter = deadLetter
        head.isParked = state == .parked
        return head
    }

    /// What changed since the last record; counts as recorded from now on.
    func takeChange(at now: MonotonicTime, _ wall: WallTime) -> StateEntry {
        isDirty = false
        wasRecorded = true
        let change = StateEntry.lane(name, head(at: now, wall), dropped: dropped, added: offsets(from: recorded))
        dropped = 0
        recorded = count
        return change
    }

    /// All of it, as if nothing were recorded.
    func wholeState(at now: MonotonicTime, _ wall: WallTime) -> StateEntry {
        .lane(name, head(at: now, wall), dropped: 0, added: offsets(from: 0))
    }

    /// Puts it back as it was recorded.
    func restore(_ state: SubscriptionState.Lane, as name: SubscriptionState.LaneName) {
        leave(key: name.key, at: state.head.since)
        recordedBy = name.lone
        stored = state.head.stored
        failures = state.head.failures
        chain = state.head.chain
        deadLetter = state.head.deadLetter
        for offset in state.waiting.dropFirst() { follow(offset, storedAt: state.head.stored, in: nil) }
        recorded = count
        wasRecorded = true
    }

    /// What is recorded of it is closed: the next record has all of it.
    func isRecordedAnew() { recorded = 0 }

    private func offsets(from place: Int) -> [Offset] {
        guard place < count else { return [] }
        let rest = followers[(firstFollower + max(0, place - 1))...].map(\.offset)
        return place == 0 ? [offset] + rest : rest
    }
}
