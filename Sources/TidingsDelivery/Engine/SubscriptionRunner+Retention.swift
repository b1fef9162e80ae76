// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What retention means to a subscription: what it still needs is kept; what it was too late for has expired, and is
/// told.
extension SubscriptionRunner {
    /// The offsets below `limit` that are taken and not answered, wait out of the way, or were given up on. Nothing
    /// else below it is taken from now on.
    func pins(in partition: PartitionID, below limit: Offset) -> [Offset] {
        guard !isDeleted else { return [] }
        var pins = restoredPositions[partition]?.outstanding.filter { $0 < limit } ?? []
        for (_, lane) in away where lane.partition == partition {
            lane.forEachOffset { if $0 < limit { pins.append($0) } }
        }
        for (_, letter) in letters where letter.state.event.partition == partition {
            if letter.state.event.offset < limit { pins.append(letter.state.event.offset) }
        }
        for case let cursor? in cursors where cursor.partition == partition {
            pins += cursor.position?.outstanding.filter { $0 < limit } ?? []
            expire(cursor, below: limit)
        }
        return pins
    }

    /// Passes over what is no longer stored, after a read said so.
    /// - Returns: false when nothing below the partition's start was still to be taken.
    func expire(_ cursor: PartitionCursor) -> Bool {
        guard let start = home.log.bounds(of: cursor.partition)?.start else { return false }
        return expire(cursor, below: start)
    }

    @discardableResult
    private func expire(_ cursor: PartitionCursor, below limit: Offset) -> Bool {
        guard let gone = cursor.expire(below: limit) else { return false }
        tellExpired(gone, cursor)
        markDirty(cursor)
        readOnSoon()
        return true
    }

    /// Counts and tells what was gone before it was taken.
    func tellExpired(_ gone: Range<Offset>, _ cursor: PartitionCursor) {
        let count = gone.upperBound - gone.lowerBound
        expired += UInt64(count)
        metrics.expired.add(Int(clamping: count))
        home.logger.error(
            "records expired before a subscription had taken them",
            [
                ("subscription", subscription.name.text), ("partition", home.name(of: cursor.partition)),
                ("from", gone.lowerBound.description), ("to", gone.lastOffset?.description ?? "-"),
            ])
        if !isOwn(cursor) {
            home.announce(.init(subscription: subscription.name, expired: gone, in: cursor.partition))
        }
    }

    // MARK: - Nearing the end of retention

    /// How near it is, in the partition where it is nearest; nil when nothing it reads has a limit, or it is at the tail
    /// everywhere.
    var retentionUse: RetentionUse? {
        var nearest: RetentionUse?
        for case let cursor? in cursors where cursor.mode == .behind && cursor.next < cursor.tail.seen {
            guard let use = use(of: cursor) else { continue }
            if nearest.map({ $0.percent < use.percent }) ?? true { nearest = use }
        }
        return nearest
    }

    private func use(of cursor: PartitionCursor) -> RetentionUse? {
        guard let settings = home.log.topics[cursor.partition.topic]?.settings, settings.cleanup.contains(.delete)
        else { return nil }
        var nearest: RetentionUse?
        if let longest = settings.retentionTime, longest > .zero,
            let stored = timeOfUnread(cursor, from: cursor.next, isUntaken: true)
        {
            let age = home.time.wall.millisPassed(since: stored)
            nearest = RetentionUse(
                partition: cursor.partition, percent: Self.percent(age, of: longest.millis), by: .time)
        }
        if let most = settings.retentionBytes, most > 0, let bounds = home.log.bounds(of: cursor.partition) {
            let records = max(1, bounds.end - bounds.start)
            let unread = min(records, max(0, bounds.end - cursor.next))
            // Records are about equally long: the log knows no size from an offset on.
            let bytes = Int64(Double(bounds.byteCount) * Double(unread) / Double(records))
            let percent = Self.percent(bytes, of: most)
            if nearest.map({ $0.percent < percent }) ?? true {
                nearest = RetentionUse(partition: cursor.partition, percent: percent, by: .bytes)
            }
        }
        return nearest
    }

    private static func percent(_ part: Int64, of whole: Int64) -> Int {
        Int(min(100, Double(part) * 100 / Double(max(1, whole))))
    }

    /// Tells people when a threshold is crossed; asked every second.
    func warnOfRetention() {
        let use = retentionUse
        metrics.retention.set(Int64(use?.percent ?? 0))
        guard let crossed = retentionWarning.take(use?.percent ?? 0), let use else { return }
        home.logger.warning(
            "a subscription nears the end of its topic's retention: it will miss records that it has not taken by then",
            [
                ("subscription", subscription.name.text), ("partition", home.name(of: use.partition)),
                ("percent", String(use.percent)), ("threshold", String(crossed)), ("by", use.by.rawValue),
            ])
        guard home.log.topics[use.partition.topic]?.name != Self.operationalTopic else { return }
        home.announce(.init(subscription: subscription.name, nears: use))
    }

    /// Where operational events lie: what happens to their own deliveries is not announced there.
    private static let operationalTopic = TopicName("tidings")!

    private func isOwn(_ cursor: PartitionCursor) -> Bool { cursor.tail.topic == Self.operationalTopic }
}
