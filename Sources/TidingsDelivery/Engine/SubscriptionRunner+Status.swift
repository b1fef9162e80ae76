// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// How a subscription stands, for people and for those who scrape.
extension SubscriptionRunner {
    /// What it does now, and why.
    var status: SubscriptionStatus {
        var status = SubscriptionStatus()
        (status.state, status.reason) = state
        status.lag = lag
        status.oldestAge = oldest.map { .milliseconds(home.time.wall.millisPassed(since: WallTime(millis: $0))) }
        status.inFlight = inFlight.count
        status.delivered = delivered
        status.failedAttempts = failedAttempts
        status.waiting = waitingCount
        status.parkedEntities = parkedCount
        status.deadLetters = letters.count
        status.lastFailure = lastFailure
        status.expired = expired
        status.retention = retentionUse
        return status
    }

    private var state: (SubscriptionStatus.State, String?) {
        if let stopped { return (.paused, stopped) }
        if subscription.isPaused { return (.paused, "it was paused") }
        if breaker.isDown { return (.resting, "the endpoint is down: \(downReason ?? "")") }
        if letters.count >= home.limits.deadLetters {
            return (.resting, "there is no room for more than \(home.limits.deadLetters) dead letters")
        }
        if waitingCount >= home.limits.waiting {
            return (.resting, "there is no room for more than \(home.limits.waiting) waiting events")
        }
        return (.delivering, nil)
    }

    /// Records between what is answered and the end, those out of the way apart.
    var lag: Int64 { cursors.reduce(0) { $0 + ($1?.lag ?? 0) } }

    /// When the oldest undelivered event was stored.
    private var oldest: Int64? {
        var oldest: Int64?
        for case let cursor? in cursors {
            let time = cursor.outstanding.firstTime ?? timeOfUnread(cursor, from: cursor.place, isUntaken: false)
            if let time { oldest = min(oldest ?? .max, time.millis) }
        }
        for (_, lane) in away { oldest = min(oldest ?? .max, lane.stored.millis) }
        return oldest
    }

    /// When the first event from a place of a cursor on was stored. What is no longer in memory is read from disk once per place,
    /// and known from then on; until it is, nil.
    func timeOfUnread(_ cursor: PartitionCursor, from place: Offset, isUntaken: Bool) -> WallTime? {
        guard cursor.mode == .behind, place < cursor.tail.seen else { return nil }
        let partition = cursor.partition
        let cold = ColdPlace(partition: partition, isUntaken: isUntaken)
        if let records = try? home.session.recent(partition, from: place)?.records() {
            return Self.time(in: records, from: place)
        }
        if let known = coldTimes[cold], known.place == place { return known.time }
        coldTimes[cold] = (place, nil)
        home.session.read(partition, from: place, maxBytes: 1) { [self] result in
            guard coldTimes[cold]?.place == place, let batch = try? result.get().first,
                let records = try? batch.records()
            else { return }
            coldTimes[cold] = (place, Self.time(in: records, from: place))
        }
        return nil
    }

    private static func time(in records: BatchRecords, from place: Offset) -> WallTime? {
        let index = records.index(from: place)
        return index < records.count ? records[index].timestamp : nil
    }

    /// Shows how it stands to those who scrape.
    func updateGauges() {
        metrics.inFlight.set(Int64(inFlight.count))
        metrics.lag.set(lag)
        metrics.waiting.set(Int64(waitingCount))
        metrics.parked.set(Int64(parkedCount))
        metrics.deadLetters.set(Int64(letters.count))
        metrics.isDown.set(breaker.isDown ? 1 : 0)
        metrics.oldest.set(oldest)
    }
}
