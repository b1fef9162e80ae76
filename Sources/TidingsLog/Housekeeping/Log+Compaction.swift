// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension Log {
    static func noKey(_ topic: TopicName) -> LogError {
        LogError(.invalidSetting, "a record without a key: the topic \(topic) is compacted, which goes by keys")
    }

    /// Refuses a client's batch with a record without a key. Only here is a batch looked into before it is stored.
    static func requireKeys(of batch: UnsafeRawBufferPointer, _ topic: TopicName) throws(LogError) {
        do throws(RecordError) {
            let decoded = try DecodedBatch(batch, limit: DecodedBatch.checkedLimit)
            if decoded.records(in: batch).allSatisfy({ $0.key != nil }) { return }
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        throw noKey(topic)
    }

    /// Refuses a client's batch with a record whose time its topic does not take. Only topics that limit times are asked.
    static func requireTimes(
        of batch: UnsafeRawBufferPointer, in window: TimeWindow, at now: WallTime, _ topic: TopicName
    ) throws(LogError) {
        do throws(RecordError) {
            let decoded = try DecodedBatch(batch, limit: DecodedBatch.checkedLimit)
            if decoded.records(in: batch).allSatisfy({ window.takes($0.timestamp, at: now) }) { return }
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        throw LogError(
            .invalidTimestamp,
            "a record's time is further from the server's clock than the topic \(topic) takes "
                + "(message.timestamp.before.max.ms, message.timestamp.after.max.ms)")
    }

    /// Keeps of each key the last record, when enough of a partition is new since the last time.
    func compact(_ partition: Partition, _ settings: TopicSettings, _ now: WallTime) throws(HouseFailure) {
        let bounds = partition.tail.withLock { $0.bounds }
        let lag = settings.minCompactionLag.millis
        // A segment is closed after half of the longest lag, and compacted after the other half.
        let longest = settings.maxCompactionLag.map { $0.millis / 2 }
        let isHorizonOver = horizon(of: partition).map { $0 <= now } ?? false
        let (end, isDue) = partition.files.withLock { files -> (Offset, Bool) in
            var (end, clean, dirty) = (files.start, Int64(0), Int64(0))
            var isOverdue = false
            for place in files.sealed.indices {
                let segmentEnd = files.end(ofSealed: place)
                guard segmentEnd <= bounds.lastStable, let age = files.age(ofSealed: place),
                    lag == 0 || now.millis - age.millis >= lag
                else { break }
                end = segmentEnd
                if segmentEnd <= files.cleanedTo {
                    clean += files.sealed[place].byteCount
                } else {
                    dirty += files.sealed[place].byteCount
                    if let longest, now.millis - age.millis >= longest { isOverdue = true }
                }
            }
            let isDirty = dirty > 0 && dirty * 100 >= (clean + dirty) * Int64(settings.minDirtyPercent)
            return (end, isDirty || isOverdue || isHorizonOver && clean + dirty > 0)
        }
        guard isDue else { return }
        // Only what a checkpoint has synced is replaced.
        guard checkpoint() else { throw .ended }
        let begun = time.now
        while try compactOnce(partition, until: end, settings, now) {}
        try joinCrumbs(of: partition, below: end, at: now)
        metrics.compactionDuration.observe(time.now - begun)
        metrics.compactions.add(1)
    }

    /// - Returns: false when a part of the group is damaged: it stays as it is.
    private func compact(
        _ partition: Partition, _ group: [SegmentView], _ plan: inout CompactionPlan, _ now: WallTime
    ) throws(HouseFailure) -> Bool {
        do throws(HouseFailure) {
            _ = try rewrite(partition, group, at: now) { batch throws(HouseFailure) in plan.judge(batch) }
            return true
        } catch {
            guard case .damaged = error else { throw error }
            return false
        }
    }

    /// One pass: as far as the map of keys goes.
    /// - Returns: whether another pass is needed.
    private func compactOnce(
        _ partition: Partition, until end: Offset, _ settings: TopicSettings, _ now: WallTime
    ) throws(HouseFailure) -> Bool {
        let from = partition.files.withLock { max($0.cleanedTo, $0.start) }
        let views = try closedViews(of: partition)
        let facts = try BatchFacts(of: partition, views, self)
        var plan = CompactionPlan(
            from: from, end: end, facts: facts, now: now, tombstoneTime: settings.tombstoneTime,
            memory: self.settings.compactionMapBytes)
        for view in views where view.end > from && view.base < end && !plan.isFull {
            do throws(HouseFailure) {
                try forEachBatch(in: view, of: partition, from: from) { batch throws(HouseFailure) in
                    plan.learn(batch)
                }
            } catch {
                // A damaged range is passed over, with the rest of its segment; a later record of a key may be in it, so
                // nothing before it is judged by what is not known.
                guard case .damaged = error else { throw error }
            }
        }
        plan.endLearning()
        let cleaned = plan.learnedTo
        guard cleaned > from || !plan.isFull else { return false }
        for group in groups(
            of: views.filter { $0.base < cleaned && $0.end <= end },
            upTo: partition.files.withLock { $0.segmentBytes })
        {
            if try compact(partition, group, &plan, now) { continue }
            plan.passOver()
            // What lies beside a damaged segment is no worse for it.
            guard group.count > 1 else { continue }
            for view in group { _ = try compact(partition, [view], &plan, now) }
        }
        // The horizon is kept before anything counts as cleaned: else nobody would look there again.
        try keep(horizon: plan.nextHorizon, of: partition)
        partition.files.withLock { $0.cleanedTo = max($0.cleanedTo, cleaned) }
        noteDirty(partition)
        return cleaned < end && cleaned > from
    }
}
