// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Taking events in: from the dispatcher at the tail, or by reading behind it.
extension SubscriptionRunner {
    /// The cursor for a tail; made, and its first offset looked up, when there is none yet.
    @discardableResult
    func cursor(for tail: PartitionTail) -> PartitionCursor {
        while cursors.count <= tail.index { cursors.append(nil) }
        if let cursor = cursors[tail.index] { return cursor }
        let cursor = PartitionCursor(tail)
        cursors[tail.index] = cursor
        start(cursor)
        return cursor
    }

    /// The cursor for a tail that a changed subscription reads from now on.
    func cursorFromNow(for tail: PartitionTail) {
        while cursors.count <= tail.index { cursors.append(nil) }
        guard cursors[tail.index] == nil else { return }
        guard restoredPositions[tail.partition] == nil else { return _ = cursor(for: tail) }
        let cursor = PartitionCursor(tail)
        cursors[tail.index] = cursor
        begin(cursor, at: tail.seen)
    }

    private func start(_ cursor: PartitionCursor) {
        if let position = restoredPositions.removeValue(forKey: cursor.partition) {
            cursor.begin(at: position)
            if movedBack.remove(cursor.partition) != nil { markDirty(cursor) }
            return readOnSoon()
        }
        let end = cursor.tail.seen
        switch subscription.start {
        case .beginning: begin(cursor, at: home.log.bounds(of: cursor.partition)?.start ?? end)
        case .now:
            guard subscription.since > 0 else { return begin(cursor, at: end) }
            home.session.offset(in: cursor.partition, atRound: subscription.since) { [weak tie] found in
                tie?.owner.found(found, for: cursor, or: end)
            }
        case .time(let time):
            home.session.offset(in: cursor.partition, atTime: time) { [weak tie] found in
                tie?.owner.found(found.map(\.offset), for: cursor, or: end)
            }
        }
    }

    /// The first offset was looked up.
    private func found(_ found: Result<Offset, LogError>, for cursor: PartitionCursor, or end: Offset) {
        guard !isDeleted, cursor.mode == .starting else { return }
        switch found {
        case .success(let offset): begin(cursor, at: min(offset, cursor.tail.seen))
        case .failure(let error):
            home.logger.error(
                "a subscription's first offset could not be found: \(error)",
                [("subscription", subscription.name.text)])
            begin(cursor, at: end)
        }
    }

    func begin(_ cursor: PartitionCursor, at offset: Offset) {
        let from = max(offset, cursor.tail.givenUp)
        cursor.begin(at: from)
        if from > offset, subscription.start != .beginning { tellExpired(offset..<from, cursor) }
        markDirty(cursor)
        readOnSoon()
    }

    /// The dispatcher hands over an event at the tail.
    func offer(_ tail: PartitionTail, _ record: RecordView, _ batch: StoredBatch) {
        guard !isDeleted else { return }
        guard tail.index < cursors.count, let cursor = cursors[tail.index] else {
            cursor(for: tail)
            return
        }
        guard cursor.mode == .tail, cursor.looks(at: record.offset) else { return }
        guard mayTake(cursor, record.offset) else { return cursor.fallBehind(at: record.offset) }
        guard canTake else {
            relieve()
            guard canTake else { return cursor.fallBehind(at: record.offset) }
            return take(cursor, record, batch)
        }
        take(cursor, record, batch)
    }

    private func take(_ cursor: PartitionCursor, _ record: RecordView, _ batch: StoredBatch) {
        let offset = record.offset
        guard subscription.order == .entity, let key = record.key else {
            cursor.outstanding.take(offset, storedAt: record.timestamp)
            return queue(makeLane(cursor, nil, record, batch))
        }
        let id = LaneID(topic: cursor.partition.topic, key: key, seed: home.hashSeed)
        guard let lane = lanes[id], lane.partition == cursor.partition else {
            cursor.outstanding.take(offset, storedAt: record.timestamp)
            let lane = makeLane(cursor, id, record, batch)
            return begin(lane, id)
        }
        lane.follow(offset, storedAt: record.timestamp, in: batch)
        if lane.isAway {
            waitingCount += 1
            markDirty(lane)
            markDirty(cursor)
        } else {
            cursor.outstanding.take(offset, storedAt: record.timestamp)
            windowCount += 1
        }
    }

    /// Begins a lane, or chains it to the one its key has in another partition.
    private func begin(_ lane: Lane, _ id: LaneID) {
        let before = lanes.updateValue(lane, forKey: id)
        guard let before else { return queue(lane) }
        hold(lane, behind: before)
        if before.isAway { leave(lane, before.key) }
    }

    /// Holds a lane until the one before it is over.
    func hold(_ lane: Lane, behind before: Lane) {
        lane.state = .held
        held[lane.serial] = lane
        before.chain(lane)
    }

    private func makeLane(
        _ cursor: PartitionCursor, _ id: LaneID?, _ record: RecordView, _ batch: StoredBatch
    ) -> Lane {
        lastSerial += 1
        windowCount += 1
        return Lane(
            serial: lastSerial, partition: cursor.partition, cursor: cursor, id: id, offset: record.offset,
            stored: record.timestamp, batch: batch)
    }

    private func queue(_ lane: Lane) {
        ready.append(lane)
        home.touch(self)
    }

    // MARK: - Behind the tail

    /// Reads on, soon, wherever the subscription is behind.
    func readOnSoon() {
        guard !readsOnSoon, !isDeleted else { return }
        readsOnSoon = true
        home.later { [weak tie] in
            guard let self = tie?.owner else { return }
            self.readsOnSoon = false
            self.readOn()
        }
    }

    /// Reads on if an answer made enough room.
    func readOnIfRoom() {
        guard !readsOnSoon, windowCount <= home.limits.window * 3 / 4, canTake else { return }
        for case let cursor? in cursors where cursor.mode == .behind && !cursor.isReading { return readOnSoon() }
    }

    private func readOn() {
        let before = moves
        for case let cursor? in cursors where cursor.mode == .behind && !cursor.isReading { readOn(cursor) }
        // What was taken just now may be the last that a newer layout waits for.
        if waitsForLayout, moves != before {
            waitsForLayout = false
            readOnSoon()
        }
        pump()
    }

    private func readOn(_ cursor: PartitionCursor) {
        // A few batches per turn of the loop, so that others get theirs.
        for _ in 0..<4 {
            guard !isDeleted, cursor.mode == .behind else { return }
            cursor.advance(to: cursor.nextWorthReading)
            if cursor.place >= cursor.tail.seen {
                moves += 1
                return cursor.join()
            }
            if !canTake { relieve() }
            guard canTake, mayTake(cursor, cursor.place) else { return }
            moves += 1
            guard let batch = home.session.recent(cursor.partition, from: cursor.place) else { return read(cursor) }
            guard process(batch, cursor) else { return }
        }
        readOnSoon()
    }

    private func read(_ cursor: PartitionCursor) {
        cursor.isReading = true
        home.session.read(cursor.partition, from: cursor.place, maxBytes: home.limits.readBytes) { [weak tie] result in
            guard let self = tie?.owner, !self.isDeleted, !cursor.isOver else { return }
            cursor.isReading = false
            switch result {
            case .success(let batches):
                if batches.isEmpty { cursor.advance(to: cursor.tail.seen) }
                for batch in batches where !self.process(batch, cursor) { break }
                self.readOn()
            case .failure(let error): self.readFailed(cursor, error)
            }
        }
    }

    private func readFailed(_ cursor: PartitionCursor, _ error: LogError) {
        let fields = [("subscription", subscription.name.text), ("partition", home.name(of: cursor.partition))]
        switch error.code {
        case .outOfRange where expire(cursor):
            readOnSoon()
        case .outOfRange, .quarantined, .corruptBatch:
            let resume = max(error.resume ?? cursor.tail.seen, cursor.place.next)
            home.logger.error("events from offset \(cursor.place) to \(resume) cannot be read: \(error)", fields)
            cursor.advance(to: min(resume, cursor.tail.seen))
            markDirty(cursor)
            readOnSoon()
        case .unknownTopic:
            if cursor.tail.index < cursors.count { cursors[cursor.tail.index] = nil }
        default:
            home.logger.warning("reading is tried again in 1 s: \(error)", fields)
            cursor.isReading = true
            _ = home.loop.schedule(after: .seconds(1)) { [weak tie] in
                guard let self = tie?.owner else { return }
                cursor.isReading = false
                self.readOnSoon()
            }
        }
    }

    /// Takes what it wants of a batch.
    /// - Returns: false when there is no room for more.
    private func process(_ batch: StoredBatch, _ cursor: PartitionCursor) -> Bool {
        guard cursor.mode == .behind else { return false }
        let end = cursor.tail.seen
        if batch.fate == .open { return false }
        if batch.fate == .aborted {
            cursor.advance(to: min(batch.lastOffset.next, end))
            return true
        }
        guard let records = try? batch.records() else {
            home.logger.error(
                "a batch cannot be read as events and is passed over",
                [("partition", home.name(of: cursor.partition)), ("offset", batch.baseOffset.description)])
            cursor.advance(to: min(batch.lastOffset.next, end))
            return true
        }
        let table = home.interest()
        let first = records.isControl ? records.count : records.index(from: cursor.place)
        for index in first..<records.count {
            let record = records[index]
            guard record.offset < end else { break }
            guard cursor.looks(at: record.offset) else { continue }
            let event = home.lens.event(record, in: cursor.tail.topic, cursor.partition.index)
            guard table.wants(uuid, event, in: cursor.tail.topic) else { continue }
            guard canTake, mayTake(cursor, record.offset) else {
                cursor.advance(to: record.offset)
                return false
            }
            take(cursor, record, batch)
            cursor.advance(to: record.offset.next)
        }
        cursor.advance(to: min(batch.lastOffset.next, end))
        return true
    }

    // MARK: - Room

    /// Makes room in a full window when one lane fills it that others pass, or that has not moved: that lane leaves
    /// the way.
    func relieve() {
        let now = home.time.now
        guard mayAttempt, windowCount >= home.limits.window, now >= nextRelief else { return }
        nextRelief = now + .milliseconds(100)
        guard !breaker.isDown, waitingCount < home.limits.waiting else { return }
        var largest: Lane?
        for (_, lane) in lanes where !lane.isAway && lane.count > Lane.loadedFollowers {
            if let found = largest, (found.count, lane.serial) >= (lane.count, found.serial) { continue }
            largest = lane
        }
        guard let largest = largest?.front, let cursor = largest.cursor else { return }
        let fills = largest.count >= home.limits.window / 2 && cursor.outstanding.hasGaps
        let stands = largest.began.map { now - $0 > home.limits.longestRestOnTheWay } ?? false
        if fills || stands { leaveTheWay(largest) }
    }
}
