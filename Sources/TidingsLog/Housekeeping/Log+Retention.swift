// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension PartitionFiles {
    /// How much later than the file a record's time may say it was stored.
    static let trustedAhead: Int64 = 3_600_000

    /// Looks up when older segments were written last, and corrects what cannot be: what a clock dated that had jumped,
    /// as far as this process saw the writing, a file of the future, and one that is older than those before it.
    ///
    /// While the clock is doubtful nothing of that is written: should the wall clock be right, what is dated meanwhile is
    /// dated again.
    mutating func date(_ context: FileContext, _ clock: RetentionClock.Reading) throws(DiskError) {
        follow(clock.jumped)
        let now = clock.expected
        var latest = Int64.min
        for place in sealed.indices {
            if let known = sealed[place].modified {
                if sealed[place].doubted != nil, !clock.isDoubtful {
                    let file = try context.open.file(SegmentNames.log(folder, sealed[place].base), .write)
                    try file.setModified(known)
                    sealed[place].doubted = nil
                }
                latest = max(latest, known.millis)
                continue
            }
            let file = try context.open.file(SegmentNames.log(folder, sealed[place].base), .write)
            let stamp = try file.modified()
            var modified = stamp.millis
            if let saw = lastWrite(of: sealed[place], now), abs(saw.millis - modified) > Self.trustedAhead {
                modified = saw.millis
            }
            modified = max(min(modified, now.millis), latest)
            if modified != stamp.millis {
                if clock.isDoubtful {
                    sealed[place].doubted = stamp
                } else {
                    try file.setModified(WallTime(millis: modified))
                }
            }
            sealed[place].modified = WallTime(millis: modified)
            latest = max(latest, modified)
        }
        guard active.byteCount > 0 else { return }
        if activeSince == nil { activeSince = now }
        if let seen, seen.base == active.base, seen.byteCount == active.byteCount { return }
        // What was there when the process began was written nobody knows when.
        seen = SeenSegment(base: active.base, byteCount: active.byteCount, at: seen == nil ? nil : now)
    }

    /// When the wall clock turned out to be right: what was dated by the other one is dated anew.
    private mutating func follow(_ jumped: Int64) {
        let (jump, _) = jumped.subtractingReportingOverflow(followedJumps)
        followedJumps = jumped
        guard jump != 0 else { return }
        for place in sealed.indices where sealed[place].doubted != nil {
            sealed[place].modified = nil
            sealed[place].doubted = nil
        }
        func moved(_ time: WallTime) -> WallTime {
            WallTime(millis: time.millis.addingReportingOverflow(jump).partialValue)
        }
        activeSince = activeSince.map(moved)
        if let known = seen {
            seen = SeenSegment(base: known.base, byteCount: known.byteCount, at: known.at.map(moved))
        }
    }

    /// When this process saw that something was written to a segment last, if it did.
    private func lastWrite(of segment: Segment, _ now: WallTime) -> WallTime? {
        if let seen, seen.base == segment.base, seen.byteCount == segment.byteCount { return seen.at }
        return isUnsynced(segment.base) ? now : nil
    }

    /// When an older segment counts as written: the latest of its records' times and of its file's, where records cannot
    /// be much later than their file.
    func age(ofSealed place: Int) -> WallTime? {
        guard let modified = sealed[place].modified else { return nil }
        let ahead = (sealed[place].maxTimestamp ?? .min).subtractingReportingOverflow(modified.millis)
        if ahead.overflow { return modified }
        return WallTime(millis: modified.millis + min(max(0, ahead.partialValue), Self.trustedAhead))
    }
}

extension Log {
    /// Closes the segment that is written to when it is old, so that a topic to which nothing is written loses its
    /// records in time too.
    func closeIfOld(
        _ partition: Partition, _ settings: TopicSettings, _ clock: RetentionClock.Reading
    ) throws(DiskError) {
        var limit = settings.segmentTime.millis
        if settings.cleanup.contains(.delete), !partition.topic.isInternal, let time = settings.retentionTime {
            limit = min(limit, max(1, time.millis))
        }
        if settings.cleanup.contains(.compact), let lag = settings.maxCompactionLag {
            limit = min(limit, max(1, lag.millis / 2))
        }
        let isClosed = try partition.files.withLock { files throws(DiskError) -> Bool in
            guard let since = files.activeSince, clock.expected.millis - since.millis >= limit else { return false }
            return try files.closeActive(context)
        }
        if isClosed {
            noteDirty(partition)
            try partition.files.withLock { files throws(DiskError) in try files.date(context, clock) }
        }
    }

    /// Lets go of the segments that are too old or too many, but for the records that are pinned.
    func retain(_ partition: Partition, _ settings: TopicSettings, _ now: WallTime) throws(HouseFailure) {
        guard house.state.withLock({ $0.mayRetain }) else { return }
        guard let limit = try expired(partition, settings, now) else {
            house.state.withLock { $0.questions[partition.id] = nil }
            return
        }
        let (pins, question) = house.state.withLock { ($0.pins, $0.questions[partition.id]) }
        guard let pins else { return try release(partition, below: limit, keeping: []) }
        if let question, let answer = question.answer {
            house.state.withLock { $0.questions[partition.id] = nil }
            return try release(partition, below: question.limit, keeping: answer)
        }
        if question != nil { return }
        house.state.withLock { $0.questions[partition.id] = .init(limit: limit) }
        let house = house
        let id = partition.id
        pins.pins(in: id, below: limit) { offsets in
            house.state.withLock { state in
                guard state.questions[id]?.limit == limit else { return }
                state.questions[id]?.answer = offsets.filter { $0 < limit }.sorted()
            }
            house.bell.ring()
        }
    }

    /// Up to where records are past the limits; nil when none are.
    private func expired(
        _ partition: Partition, _ settings: TopicSettings, _ now: WallTime
    ) throws(HouseFailure) -> Offset? {
        if settings.retentionTime != nil {
            // The times in the segments are looked up once.
            let unknown = partition.files.withLock { files in
                files.sealed.contains { $0.maxTimestamp == nil }
            }
            if unknown {
                do throws(SegmentReader.Failure) {
                    for view in try views(of: partition) where view.isClosed && view.maxTimestamp == nil {
                        do throws(SegmentReader.Failure) { _ = try latestTime(in: view, of: partition) } catch {
                            // Of one that is gone or cannot be read the time of its file counts.
                            if case .disk(let error) = error, error.code != .failed { throw .disk(error) }
                        }
                    }
                } catch {
                    switch error {
                    case .disk(let error): throw .disk(error)
                    case .damage: throw .ended
                    }
                }
            }
        }
        return partition.files.withLock { files -> Offset? in
            var left = files.totalBytes
            var limit: Offset?
            for place in files.sealed.indices {
                let size = files.sealed[place].byteCount
                var goes = false
                if let time = settings.retentionTime, let age = files.age(ofSealed: place) {
                    goes = now.millis - age.millis > time.millis
                }
                if let most = settings.retentionBytes, left - size >= most { goes = true }
                guard goes else { break }
                left -= size
                limit = files.end(ofSealed: place)
            }
            return limit
        }
    }

    /// Drops everything below `limit` but the records at `pins`.
    private func release(
        _ partition: Partition, below limit: Offset, keeping pins: [Offset]
    ) throws(HouseFailure) {
        let before = partition.tail.withLock { $0.bounds }
        let wanted = pins.first { $0 >= before.start } ?? limit
        let moved: Result<Offset, LogError> = control.withLock { control in
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            do throws(DiskError) {
                return .success(try moveStart(of: partition, to: wanted, &control))
            } catch {
                return .failure(changeFailed(error))
            }
        }
        guard case .success = moved else { throw .ended }
        let after = partition.tail.withLock { $0.bounds }
        metrics.retainedBytes.add(Int(clamping: before.byteCount - after.byteCount))
        let kept = pins.filter { $0 >= after.start }
        guard !kept.isEmpty else {
            house.state.withLock { $0.thinned[partition.id] = nil }
            return
        }
        try thin(partition, below: limit, to: kept)
    }

    /// Rewrites the segments below `limit` so that they hold the records at `pins` only.
    private func thin(_ partition: Partition, below limit: Offset, to pins: [Offset]) throws(HouseFailure) {
        let known = house.state.withLock { $0.thinned[partition.id] }
        // A rewrite is worth it when more is too old than last time, or when half of what stayed then is not needed.
        if let known, known.limit >= limit, pins.count * 2 > known.kept { return }
        guard checkpoint(savesProducers: mustKeepProducers(of: partition, below: limit)) else { throw .ended }
        let all: [SegmentView]
        do throws(SegmentReader.Failure) {
            all = try views(of: partition).filter { $0.isClosed && $0.end <= limit }
        } catch {
            throw .ended
        }
        let most = partition.files.withLock { $0.segmentBytes }
        // What was thinned out before stays as it is.
        let going = all.filter { view in
            guard let known, pins.count * 2 > known.kept else { return true }
            return view.end > known.limit
        }
        var rebuilder = PinFilter(pins: pins)
        for group in groups(of: going, upTo: most) {
            do throws(HouseFailure) {
                _ = try rewrite(partition, group, at: WallTime(millis: 0)) {
                    batch throws(HouseFailure) in try rebuilder.fate(of: batch)
                }
            } catch {
                guard case .damaged = error else { throw error }
            }
        }
        try joinCrumbs(of: partition, below: limit, at: WallTime(millis: 0))
        house.state.withLock { $0.thinned[partition.id] = (limit, pins.count) }
    }
}

/// Keeps the records at some offsets, and no others.
private struct PinFilter: ~Copyable {
    private let pins: [Offset]
    private var rebuilder = BatchRebuilder()

    init(pins: [Offset]) { self.pins = pins }

    mutating func fate(of batch: StoredBatch) throws(HouseFailure) -> Log.BatchFate {
        var (low, high) = (0, pins.count)
        while low < high {
            let middle = (low + high) / 2
            if pins[middle] < batch.baseOffset { low = middle + 1 } else { high = middle }
        }
        guard low < pins.count, pins[low] <= batch.lastOffset else { return .goes }
        var next = low
        let pins = pins
        do throws(RecordError) {
            let outcome = try rebuilder.rebuild(batch.bytes) { record in
                while next < pins.count, pins[next] < record.offset { next += 1 }
                return next < pins.count && pins[next] == record.offset
            }
            switch outcome {
            case .unchanged: return .stays
            case .rebuilt(let bytes): return .rebuilt([UInt8](bytes))
            case .emptied: return .goes
            }
        } catch {
            // What cannot be read stays as it is.
            return .stays
        }
    }
}
