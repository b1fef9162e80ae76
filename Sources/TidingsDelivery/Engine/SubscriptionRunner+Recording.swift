// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is recorded of a subscription, and how it goes on from that.
extension SubscriptionRunner {
    func markDirty() { home.writer.markDirty(self) }

    func markDirty(_ cursor: PartitionCursor) {
        if cursor.isOver { return }
        if !cursor.isDirty {
            cursor.isDirty = true
            dirtyCursors.append(cursor)
        }
        markDirty()
    }

    func markDirty(_ lane: Lane) {
        if !lane.isDirty {
            lane.isDirty = true
            dirtyLanes.append(lane)
        }
        markDirty()
    }

    func markDirty(letter id: UInt64) {
        dirtyLetters.insert(id)
        markDirty()
    }

    /// Marks positions that moved over events nobody wanted.
    func markIdleMoves() {
        for case let cursor? in cursors where cursor.mode != .starting && cursor.recordedNext != cursor.next {
            markDirty(cursor)
        }
    }

    /// Hands over everything that changed since the last time; it counts as recorded from now on.
    /// - Parameter note: stores a record of attempts and says where it will lie.
    func takeChanges(note: (AttemptNote) -> Offset, _ entry: (StateEntry) -> Void) {
        let (now, wall) = (home.time.now, home.time.wall)
        for cursor in dirtyCursors {
            cursor.isDirty = false
            guard let position = position(of: cursor) else { continue }
            cursor.recordedNext = position.next
            entry(.position(cursor.partition, position))
        }
        dirtyCursors.removeAll(keepingCapacity: true)
        for name in closedLanes { entry(.laneClosed(name)) }
        closedLanes.removeAll()
        for lane in dirtyLanes where lane.isDirty {
            store(&lane.attempts, EventReference(lane.partition, lane.offset), &lane.chain, note)
            entry(lane.takeChange(at: now, wall))
        }
        dirtyLanes.removeAll()
        for id in dirtyLetters.sorted() {
            guard var letter = letters[id] else {
                entry(.deadLetterGone(id))
                continue
            }
            store(&letter.attempts, letter.state.event, &letter.state.chain, note)
            if let edit = letter.edit {
                letter.state.edit = note(
                    AttemptNote(uuid: uuid, event: letter.state.event, previous: nil, content: .edit(edit)))
                letter.edit = nil
            }
            letters[id] = letter
            entry(.deadLetter(letter.state))
        }
        dirtyLetters.removeAll()
        if stoppedIsDirty {
            stoppedIsDirty = false
            entry(.stopped(stopped))
        }
    }

    private func position(of cursor: PartitionCursor) -> SubscriptionState.Position? {
        #if TIDINGS_MUTATIONS
            if home.limits.recordsBeforeAnswers {
                return cursor.position.map { SubscriptionState.Position(next: $0.next, outstanding: []) }
            }
        #endif
        return cursor.position
    }

    private func store(
        _ attempts: inout [AttemptRecord], _ event: EventReference, _ chain: inout SubscriptionState.AttemptChain?,
        _ note: (AttemptNote) -> Offset
    ) {
        for attempt in attempts {
            let place = note(
                AttemptNote(uuid: uuid, event: event, previous: chain?.last, content: .attempt(attempt)))
            chain = SubscriptionState.AttemptChain(
                first: chain?.first ?? place, last: place, count: (chain?.count ?? 0) + 1)
        }
        attempts = []
    }

    /// Hands over everything, for a snapshot; called when nothing waits to be recorded.
    func forEachEntry(_ entry: (StateEntry) -> Void) {
        let (now, wall) = (home.time.now, home.time.wall)
        for (partition, position) in restoredPositions.sorted(by: { $0.key < $1.key }) {
            entry(.position(partition, position))
        }
        for case let cursor? in cursors {
            guard let position = position(of: cursor) else { continue }
            entry(.position(cursor.partition, position))
        }
        for (_, lane) in away.sorted(by: { $0.key < $1.key }) { entry(lane.wholeState(at: now, wall)) }
        for (_, letter) in letters.sorted(by: { $0.key < $1.key }) { entry(.deadLetter(letter.state)) }
        if lastLetter > 0 { entry(.lastDeadLetter(lastLetter)) }
        if let stopped { entry(.stopped(stopped)) }
    }

    /// The first record of attempts that is still needed; nil when none is.
    var firstNoteNeeded: Offset? {
        var first: Offset?
        func need(_ offset: Offset?) {
            if let offset { first = min(first ?? offset, offset) }
        }
        for (_, lane) in away { need(lane.chain?.first) }
        for (_, letter) in letters {
            need(letter.state.chain?.first)
            need(letter.state.edit)
        }
        return first
    }

    /// Goes on from what was recorded.
    func restore(_ recorded: SubscriptionState) {
        var state = recorded
        let lost = state.moveBack { [home] in home.log.bounds(of: $0)?.end }
        if !lost.isEmpty { tell(lost, state) }
        stopped = state.stopped
        lastLetter = state.lastDeadLetter
        restoredPositions = state.positions
        for (id, letter) in state.deadLetters { letters[id] = Letter(state: letter) }
        let wall = home.time.wall
        // Of one key those of an older layout come first: the others are chained to them.
        let lanes = state.lanes.map { (layout: layout(of: $0, $1.waiting.first), name: $0, lane: $1) }
        for (_, name, recorded) in lanes.sorted(by: {
            $0.layout == $1.layout ? $0.lane.order < $1.lane.order : $0.layout < $1.layout
        }) {
            guard let offset = recorded.waiting.first else { continue }
            let lane = restore(name, recorded, offset, at: wall)
            guard lost.lanes.contains(name) else { continue }
            lane.isRecordedAnew()
            markDirty(lane)
        }
    }

    /// Warns of what a power loss took, and records that nothing refers to it any more.
    private func tell(_ lost: SubscriptionState.Lost, _ state: SubscriptionState) {
        for (partition, from) in lost.positions.sorted(by: { $0.key < $1.key }) {
            home.logger.warning(
                "a position beyond the end of its partition was moved back: a power loss took records that were not synced",
                [
                    ("subscription", subscription.name.text), ("partition", home.name(of: partition)),
                    ("from", from.description), ("to", state.positions[partition]?.next.description ?? ""),
                ])
        }
        if !lost.lanes.isEmpty || !lost.deadLetters.isEmpty {
            home.logger.warning(
                "waiting events and dead letters are gone: a power loss took records that were not synced",
                [
                    ("subscription", subscription.name.text), ("lanes", String(lost.lanes.count)),
                    ("dead_letters", String(lost.deadLetters.count)),
                ])
        }
        movedBack = Set(lost.positions.keys)
        closedLanes += lost.lanes
        dirtyLetters.formUnion(lost.deadLetters)
        markDirty()
    }

    /// How many layouts of its topic are older than that of a lane's first event.
    private func layout(of name: SubscriptionState.LaneName, _ offset: Offset?) -> Int {
        guard let offset, let topic = home.log.topics[name.partition.topic] else { return 0 }
        return topic.formerLayouts.count { !$0.holds(offset, of: name.partition.index) }
    }

    private func restore(
        _ name: SubscriptionState.LaneName, _ recorded: SubscriptionState.Lane, _ offset: Offset, at wall: WallTime
    ) -> Lane {
        var id: LaneID?
        if let key = name.key {
            id = key.withUnsafeBytes { LaneID(topic: name.partition.topic, key: $0, seed: home.hashSeed) }
        }
        lastSerial += 1
        let lane = Lane(
            serial: lastSerial, partition: name.partition, cursor: nil, id: id, offset: offset,
            stored: recorded.head.stored, batch: nil)
        lane.restore(recorded, as: name)
        let before = id.flatMap { lanes.updateValue(lane, forKey: $0) }
        away[lane.serial] = lane
        waitingCount += lane.count
        if let before, !recorded.head.wasTried {
            hold(lane, behind: before)
        } else if recorded.head.isParked {
            lane.state = .parked
            parkedCount += 1
        } else if let until = recorded.head.until, until > wall {
            lane.state = .resting
            let left = Duration.milliseconds(until.millis - wall.millis)
            let due = home.time.now + min(left, recorded.head.pause ?? left)
            lane.until = due
            resting.push(lane, due: due)
        } else {
            ready.append(lane)
        }
        if let deadLetter = lane.deadLetter { letters[deadLetter]?.lane = lane }
        return lane
    }
}
