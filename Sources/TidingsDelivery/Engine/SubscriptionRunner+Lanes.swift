// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Lanes that rest, leave the way, park, go on and end.
extension SubscriptionRunner {
    /// The event in front waits for its time; when that is far away its lane leaves the way.
    func rest(_ lane: Lane, for pause: Duration) {
        let due = home.time.now + pause
        lane.state = .resting
        lane.until = due
        resting.push(lane, due: due)
        if pause > home.limits.longestRestOnTheWay { leaveTheWay(lane) }
        if lane.isAway {
            lane.load(nil)
            markDirty(lane)
        }
        setRestTimer()
    }

    func setRestTimer() {
        guard let next = resting.next, !isDeleted else { return }
        if let restTimer {
            if restTimer.due <= next { return }
            home.loop.cancel(restTimer.timer)
        }
        let timer = home.loop.schedule(after: max(.zero, next - home.time.now)) { [weak tie] in
            guard let self = tie?.owner else { return }
            self.restTimer = nil
            let now = self.home.time.now
            while let lane = self.resting.popDue(at: now) {
                lane.state = .ready
                lane.until = nil
                self.ready.append(lane)
            }
            self.setRestTimer()
            self.pump()
        }
        restTimer = (timer, next)
    }

    /// The lane's events become references that are recorded one by one: they hold up nothing any more. Those chained to
    /// it follow it.
    func leaveTheWay(_ lane: Lane) {
        guard !lane.isAway, let (records, index) = lane.records() else { return }
        let key = lane.id == nil ? nil : records[index].key.map { [UInt8]($0) }
        var leaving: Lane? = lane
        while let lane = leaving {
            leave(lane, key)
            leaving = lane.next
        }
    }

    /// One lane leaves the way; the one before it in its chain is out of it.
    func leave(_ lane: Lane, _ key: [UInt8]?) {
        let count = lane.count
        lane.leave(key: key, at: home.time.wall)
        if lane.state == .held { lane.load(nil) }
        if let cursor = lane.cursor {
            lane.forEachOffset { cursor.outstanding.answer($0) }
            markDirty(cursor)
        }
        windowCount -= count
        waitingCount += count
        away[lane.serial] = lane
        markDirty(lane)
    }

    /// The event in front is done: its lane goes on with the next, or is over.
    func finish(_ lane: Lane) {
        if lane.isAway {
            waitingCount -= 1
        } else {
            windowCount -= 1
            if let cursor = lane.cursor {
                cursor.outstanding.answer(lane.offset)
                markDirty(cursor)
            }
        }
        let name = lane.isAway ? lane.name : nil
        if lane.advance() {
            lane.state = .ready
            ready.append(lane)
            if lane.isAway { markDirty(lane) }
            return
        }
        if let id = lane.id, lanes[id] === lane { lanes[id] = nil }
        if let next = lane.unchain(), held.removeValue(forKey: next.serial) != nil {
            next.state = .ready
            ready.append(next)
        }
        guard let name else { return }
        away[lane.serial] = nil
        lane.isDirty = false
        if lane.wasRecorded { closedLanes.append(name) }
        markDirty()
    }

    // MARK: - Giving up

    /// Every attempt failed: the event in front becomes a dead letter.
    func giveUp(_ lane: Lane, mayBlock: Bool = true) {
        guard lane.deadLetter != nil || letters.count < home.limits.deadLetters else {
            // No room: it is tried on until somebody makes some.
            return rest(lane, for: .seconds(30))
        }
        let blocks = mayBlock && lane.id != nil && subscription.exhausted == .park
        let known = lane.deadLetter.flatMap { letters[$0]?.state }
        let found = lane.records()
        let event = found.map { home.event($0.records[$0.index], in: lane.partition) }
        if known == nil { lastLetter += 1 }
        var letter = Letter(
            state: SubscriptionState.DeadLetter(
                id: known?.id ?? lastLetter, event: EventReference(lane.partition, lane.offset),
                key: known?.key ?? lane.key ?? found.flatMap { $0.records[$0.index].key.map { [UInt8]($0) } },
                type: known?.type ?? event?.type.text ?? "", eventID: known?.eventID ?? event?.id.text ?? "",
                time: home.time.wall, reason: String((lane.attempts.last ?? lastFailure)?.reason.prefix(300) ?? ""),
                attempts: (lane.chain?.count ?? 0) + lane.attempts.count, isBlocking: blocks, isRedriven: false,
                chain: lane.chain, edit: known?.edit),
            attempts: lane.attempts, edit: known.flatMap { letters[$0.id]?.edit }, lane: blocks ? lane : nil)
        lane.attempts = []
        home.logger.warning(
            "a delivery was given up on: \(letter.state.reason)",
            [
                ("subscription", subscription.name.text), ("dead_letter", DeadLetterID(letter.state.id).description),
                ("attempts", String(letter.state.attempts)),
            ])
        announceDeadLetter(letter.state, event)
        if blocks {
            leaveTheWay(lane)
            lane.state = .parked
            lane.until = nil
            lane.deadLetter = letter.state.id
            lane.chain = nil
            lane.load(nil)
            parkedCount += 1
            letter.lane = lane
            markDirty(lane)
        }
        letters[letter.state.id] = letter
        markDirty(letter: letter.state.id)
        metrics.deadLettered.add()
        if !blocks { finish(lane) }
    }

    /// A dead letter is no more.
    func forgetLetter(_ id: UInt64) {
        guard letters.removeValue(forKey: id) != nil else { return }
        markDirty(letter: id)
    }

    // MARK: - What people are told

    private func isOwn(_ event: EventView?) -> Bool { event?.type.hasPrefix("tidings.") ?? false }

    private func announceDeadLetter(_ letter: SubscriptionState.DeadLetter, _ event: EventView?) {
        guard !isOwn(event) else { return }
        let subject = event?.subject?.text
        home.announce(.init(.deadLettered, subscription: subscription.name, letter: letter, entity: subject))
        if letter.isBlocking {
            home.announce(.init(.parked, subscription: subscription.name, letter: letter, entity: subject))
        }
    }

    func announceDown(_ lane: Lane) {
        home.logger.warning(
            "an endpoint is down: \(downReason ?? "")",
            [("subscription", subscription.name.text), ("url", subscription.endpoint.url.text)])
        let event = lane.records().map { home.event($0.records[$0.index], in: lane.partition) }
        guard !isOwn(event), !downWasAnnounced else { return }
        downWasAnnounced = true
        home.announce(.init(.endpointDown, subscription: subscription.name, reason: downReason ?? ""))
    }

    func announceUp() {
        guard downWasAnnounced else { return }
        downWasAnnounced = false
        home.announce(.init(.endpointUp, subscription: subscription.name))
    }
}
