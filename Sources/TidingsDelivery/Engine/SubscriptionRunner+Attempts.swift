// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Making attempts, and what follows from their answers.
extension SubscriptionRunner {
    /// Begins as many attempts as may be in flight now.
    func pump() {
        while mayAttempt,
            inFlight.count + loading < breaker.limit(of: subscription.concurrency, at: home.time.now),
            let lane = ready.popFirst()
        {
            begin(lane)
        }
    }

    private func begin(_ lane: Lane) {
        guard lane.state == .ready, !lane.isDropped else { return }
        guard let (records, index) = lane.records() else { return load(lane) }
        if lane.editedData == nil, let id = lane.deadLetter, let letter = letters[id] {
            if let edit = letter.edit {
                lane.editedData = edit
            } else if let place = letter.state.edit {
                return loadEdit(place, for: lane)
            }
        }
        let now = home.time.now
        lane.state = .inFlight
        if lane.began == nil { lane.began = now }
        lane.stored = records[index].timestamp
        inFlight[lane.serial] = lane
        breaker.began()
        metrics.inFlight.set(Int64(inFlight.count))
        let attempt = DeliveryAttempt(
            target: target, records: records, index: index, topic: home.topicName(of: lane.partition),
            editedData: lane.editedData,
            messageID: DeliveryNames.messageID(uuid, lane.partition, lane.offset), number: lane.failures + 1,
            trace: home.trace(of: records[index], in: lane.partition))
        lane.handle = home.transport.send(attempt) { [weak tie] result in
            tie?.owner.ended(lane, result, began: now)
        }
    }

    private func ended(_ lane: Lane, _ result: AttemptResult, began: MonotonicTime) {
        guard lane.state == .inFlight, inFlight.removeValue(forKey: lane.serial) != nil else { return }
        lane.handle = nil
        let now = home.time.now
        let took = now - began
        metrics.count(result, took)
        metrics.inFlight.set(Int64(inFlight.count))
        let signal = Breaker.Signal(result)
        if signal != .success { note(AttemptRecord(result, began: home.wall(minus: took), took: took)) }
        if result.outcome == .answered(status: 410) {
            breaker.ended(at: now)
            lane.state = .ready
            ready.prepend(lane)
            let reason = "the endpoint answered 410 Gone: it wants no more events"
            setStopped(reason)
            home.logger.warning(
                "a subscription was paused: \(reason)",
                [("subscription", subscription.name.text), ("url", subscription.endpoint.url.text)])
        } else {
            let verdict = breaker.take(
                signal, of: lane.serial, retryAfter: result.retryAfter, first: subscription.retry.first,
                concurrency: subscription.concurrency, at: now)
            switch verdict {
            case .counts: answered(lane, signal, result)
            case .cameBack:
                downReason = nil
                home.logger.notice("an endpoint answers again", [("subscription", subscription.name.text)])
                announceUp()
                answered(lane, signal, result)
            case .spared: spare(lane)
            case .wentDown:
                for serial in breaker.suspects { forgive(serial) }
                breaker.forgetSuspects()
                downReason = lastFailure?.reason
                announceDown(lane)
                spare(lane)
            }
            setProbeTimer()
        }
        if endIfIdle() || isDeleted { return }
        home.attemptEnded()
        pump()
        readOnIfRoom()
    }

    private func note(_ failure: AttemptRecord) {
        failedAttempts += 1
        lastFailure = failure
    }

    private func answered(_ lane: Lane, _ signal: Breaker.Signal, _ result: AttemptResult) {
        guard !isDeleted else { return }
        if signal == .success {
            delivered += 1
            if let id = lane.deadLetter { forgetLetter(id) }
            finish(lane)
        } else {
            lane.failures += 1
            if let lastFailure { lane.attempts.append(lastFailure) }
            retryOrGiveUp(lane, retryAfter: result.retryAfter)
        }
    }

    private func retryOrGiveUp(_ lane: Lane, retryAfter: Duration?) {
        let step = schedule.step(
            afterFailure: lane.failures, retryAfter: retryAfter, chance: home.random.nextFraction())
        switch step {
        case .retry(let pause): rest(lane, for: pause)
        case .exhausted: giveUp(lane)
        }
    }

    /// The endpoint is down: the event waits for its return as if nothing had been tried.
    private func spare(_ lane: Lane) {
        lane.state = .ready
        // At the end: the next probe is another event.
        ready.append(lane)
    }

    /// Takes back the failure that a lane was charged with just before its endpoint turned out to be down.
    private func forgive(_ serial: UInt64) {
        guard let lane = resting.lane(serial), lane.failures > 0 else { return }
        lane.failures -= 1
        if !lane.attempts.isEmpty { lane.attempts.removeLast() }
        if lane.isAway { markDirty(lane) }
    }

    private func setProbeTimer() {
        if let probeTimer { home.loop.cancel(probeTimer) }
        probeTimer = nil
        guard let probe = breaker.probeTime, !isDeleted else { return }
        probeTimer = home.loop.schedule(after: max(.zero, probe - home.time.now)) { [weak tie] in
            guard let self = tie?.owner else { return }
            self.probeTimer = nil
            self.pump()
        }
    }

    // MARK: - Events that are not in memory

    private func load(_ lane: Lane) {
        if let batch = home.session.recent(lane.partition, from: lane.offset) {
            lane.load(batch)
            if lane.records() != nil { return begin(lane) }
        }
        lane.state = .loading
        loading += 1
        home.session.read(lane.partition, from: lane.offset, maxBytes: 1) { [weak tie] result in
            guard let self = tie?.owner else { return }
            self.loading -= 1
            guard !self.isDeleted, lane.state == .loading, !lane.isDropped else { return }
            lane.state = .ready
            switch result {
            case .success(let batches):
                lane.load(batches.first)
                if lane.records() != nil { self.ready.prepend(lane) } else { self.lose(lane, "it is no longer stored") }
            case .failure(let error): self.loadFailed(lane, error)
            }
            self.pump()
        }
    }

    private func loadFailed(_ lane: Lane, _ error: LogError) {
        switch error.code {
        case .outOfRange, .quarantined, .corruptBatch, .unknownTopic: lose(lane, error.description)
        default: rest(lane, for: .seconds(1))
        }
    }

    private func loadEdit(_ place: Offset, for lane: Lane) {
        lane.state = .loading
        loading += 1
        home.readNote(at: place, shard: home.shardNumber(of: uuid)) { [weak tie] note in
            guard let self = tie?.owner else { return }
            self.loading -= 1
            guard !self.isDeleted, lane.state == .loading else { return }
            lane.state = .ready
            if let note, note.uuid == self.uuid, case .edit(let data) = note.content {
                lane.editedData = data
                self.ready.prepend(lane)
            } else {
                self.lose(lane, "its edited data cannot be read")
            }
            self.pump()
        }
    }

    /// An event that cannot be delivered any more, since it cannot be read: a dead letter that lets its lane go on.
    private func lose(_ lane: Lane, _ why: String) {
        home.logger.error(
            "an event cannot be read any more: \(why)",
            [
                ("subscription", subscription.name.text), ("partition", home.name(of: lane.partition)),
                ("offset", lane.offset.description),
            ])
        let failure = AttemptRecord(
            time: home.time.wall, duration: .zero, status: nil, fault: .unwritable,
            reason: "the stored event cannot be read: \(why)", responseHead: [], responseBody: [])
        note(failure)
        lane.attempts.append(failure)
        giveUp(lane, mayBlock: false)
    }
}
