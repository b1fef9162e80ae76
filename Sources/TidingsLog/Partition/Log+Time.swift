// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension Log {
    /// The first record at `time` or later. On a thread that may block.
    func firstOffset(in partition: Partition, atTime time: WallTime) -> Result<TimedOffset, LogError> {
        let start = partition.tail.withLock { $0.start }
        do throws(SegmentReader.Failure) {
            return try undisturbed(partition) { () throws(SegmentReader.Failure) in
                let views = try views(of: partition)
                for view in views where view.end > start {
                    guard try latestTime(in: view, of: partition) >= time.millis else { continue }
                    if let found = try first(in: view, of: partition, atTime: time, from: start) {
                        return .success(found)
                    }
                }
                // Where the files are behind, the start may lie in what only memory has.
                let from = max(start, views.last?.end ?? start)
                return .success(try firstInMemory(of: partition, atTime: time, from: from))
            }
        } catch {
            return .failure(failed(error, at: start, in: partition))
        }
    }

    /// The first record with the latest time. On a thread that may block.
    func latestOffset(in partition: Partition) -> Result<TimedOffset, LogError> {
        let start = partition.tail.withLock { $0.start }
        do throws(SegmentReader.Failure) {
            let latest = try undisturbed(partition) { () throws(SegmentReader.Failure) in
                var latest: Int64 = -1
                var from = start
                for view in try views(of: partition) where view.end > start {
                    latest = max(latest, try latestTime(in: view, of: partition, from: start))
                    from = max(from, view.end)
                }
                let recent = partition.tail.withLock { $0.batches(from: from, maxBytes: .max) ?? [] }
                return recent.reduce(latest) { max($0, BatchSummary.maxTimestamp($1.bytes)) }
            }
            return firstOffset(in: partition, atTime: WallTime(millis: max(latest, 0)))
        } catch {
            return .failure(failed(error, at: start, in: partition))
        }
    }

    /// The latest timestamp of a segment's records from `start` on; -1 when there is none.
    private func latestTime(
        in view: SegmentView, of partition: Partition, from start: Offset
    ) throws(SegmentReader.Failure) -> Int64 {
        if start <= view.base { return try latestTime(in: view, of: partition) }
        var latest: Int64 = -1
        var reader = try SegmentReader(view, of: partition.id, context)
        try reader.forEachSummary(from: start) { batch in
            latest = max(latest, batch.maxTimestamp)
            return true
        }
        return latest
    }

    /// Runs `work` again when files that it may have read went or were replaced meanwhile.
    func undisturbed<Value>(
        _ partition: Partition, _ work: () throws(SegmentReader.Failure) -> Value
    ) throws(SegmentReader.Failure) -> Value {
        while true {
            let (generation, isChanging) = partition.files.withLock { ($0.generation, $0.isChanging) }
            if isChanging {
                // Who changes files has the metadata: when it is free, that is over.
                control.withLock { _ in }
                continue
            }
            do throws(SegmentReader.Failure) {
                let value = try work()
                if partition.files.withLock({ $0.generation == generation }) { return value }
            } catch {
                if partition.files.withLock({ $0.generation == generation || $0.isDeleted }) { throw error }
            }
        }
    }

    func views(of partition: Partition) throws(SegmentReader.Failure) -> [SegmentView] {
        do throws(DiskError) {
            return try partition.files.withLock { files throws(DiskError) in try files.views(context) }
        } catch {
            throw .disk(error)
        }
    }

    /// Among what is durable and not in the files yet; the end when nothing is that young.
    private func firstInMemory(
        of partition: Partition, atTime time: WallTime, from offset: Offset
    ) throws(SegmentReader.Failure) -> TimedOffset {
        let (recent, end) = partition.tail.withLock { tail in
            (offset < tail.end ? tail.batches(from: offset, maxBytes: .max) ?? [] : [], tail.end)
        }
        for batch in recent where BatchSummary.maxTimestamp(batch.bytes) >= time.millis {
            if let found = first(in: batch, atTime: time, from: offset) { return found }
        }
        return TimedOffset(end, nil)
    }

    private func first(in batch: StoredBatch, atTime time: WallTime, from start: Offset) -> TimedOffset? {
        guard let records = try? batch.records(), !records.isControl else { return nil }
        for record in records where record.offset >= start && record.timestamp >= time {
            return TimedOffset(record.offset, record.timestamp)
        }
        return nil
    }

    private func first(
        in view: SegmentView, of partition: Partition, atTime time: WallTime, from start: Offset
    ) throws(SegmentReader.Failure) -> TimedOffset? {
        var reader = try SegmentReader(view, of: partition.id, context)
        let index = TimeIndex(view, context)
        var entry = index.floor(before: time.millis)
        if !index.isComplete {
            entry = try rebuildIndexes(of: view, partition).last { $0.timestamp < time.millis }
        } else if let named = entry, try !reader.confirms(named) {
            entry = try rebuildIndexes(of: view, partition).last { $0.timestamp < time.millis }
        }
        // Up to and with the batch that the entry names, everything is older.
        var from = max(start, view.base)
        if let entry { from = max(from, view.base + Int64(entry.relativeOffset) + 1) }
        var candidates: [Offset] = []
        var found: TimedOffset?
        while found == nil {
            candidates = []
            try reader.forEachSummary(from: from) { batch in
                if batch.maxTimestamp >= time.millis { candidates.append(batch.base) }
                return candidates.isEmpty
            }
            guard let candidate = candidates.first else { break }
            // A damaged batch is for the readers to report; here it is passed over.
            var next = candidate
            do throws(SegmentReader.Failure) {
                guard let batch = try reader.batches(from: candidate, maxBytes: 1).first else { break }
                found = first(in: batch, atTime: time, from: start)
                next = batch.lastOffset.next
            } catch {
                guard case .damage(let damage) = error else { throw error }
                next = max(damage.resume, candidate.next)
            }
            from = max(from.next, next)
        }
        return found
    }

    /// The latest timestamp of a segment's records; -1 when it has none.
    func latestTime(in view: SegmentView, of partition: Partition) throws(SegmentReader.Failure) -> Int64 {
        if let known = view.maxTimestamp { return known }
        let index = TimeIndex(view, context)
        var latest: Int64?
        if index.isComplete, let last = index.last {
            var reader = try SegmentReader(view, of: partition.id, context)
            if try reader.confirms(last) {
                // An index that lost its end would hide what came after.
                var isWhole = true
                try reader.forEachSummary(from: view.base + Int64(last.relativeOffset) + 1) { batch in
                    isWhole = batch.maxTimestamp <= last.timestamp
                    return isWhole
                }
                if isWhole { latest = last.timestamp }
            }
        }
        let found: Int64
        if let latest {
            found = latest
        } else {
            found = try rebuildIndexes(of: view, partition).last?.timestamp ?? -1
        }
        partition.files.withLock { $0.learn(maxTimestamp: found, of: view.base) }
        return found
    }

    /// Makes a segment's indexes of offsets and times again from its batches, and writes them.
    /// - Returns: the entries of the time index.
    @discardableResult
    func rebuildIndexes(
        of view: SegmentView, _ partition: Partition
    ) throws(SegmentReader.Failure) -> [TimeIndexEntry] {
        logger.notice(
            "the indexes of a segment are made again",
            [
                ("topic", partition.topic.text), ("partition", String(partition.id.index)),
                ("base", view.base.description),
            ])
        let generation = partition.files.withLock { $0.generation }
        var reader = try SegmentReader(view, of: partition.id, context)
        var maker = IndexMaker(base: view.base, interval: Int64(settings.indexIntervalBytes))
        try reader.forEachSummary(from: view.base) { batch in
            maker.add(batch)
            return true
        }
        let made = maker
        do throws(DiskError) {
            try partition.files.withLock { files throws(DiskError) in
                if files.isDeleted || files.generation != generation { return }
                try files.replaceIndexes(made, of: view, context)
            }
        } catch {
            // The answer does not need the file.
            logger.warning("an index could not be written", [("reason", error.description)])
        }
        return made.times + (made.closing.map { [$0] } ?? [])
    }
}

extension SegmentReader {
    /// Whether the batch that an entry of the time index names has the timestamp that the entry says.
    mutating func confirms(_ entry: TimeIndexEntry) throws(Failure) -> Bool {
        let offset = base + Int64(entry.relativeOffset)
        var isConfirmed = false
        try forEachSummary(from: offset) { batch in
            isConfirmed = batch.last == offset && batch.maxTimestamp == entry.timestamp
            return false
        }
        return isConfirmed
    }
}

/// Makes the entries of the indexes from a segment's batches.
struct IndexMaker: Sendable {
    private let base: Offset
    private let interval: Int64
    private(set) var times: [TimeIndexEntry] = []
    private(set) var offsets: [OffsetIndexEntry] = []
    private(set) var latest = TimeIndexEntry.beginning
    private var lastIndexed: Int64 = 0

    init(base: Offset, interval: Int64) {
        self.base = base
        self.interval = interval
    }

    /// The entry that a closed segment's index ends with, unless it is there already.
    var closing: TimeIndexEntry? {
        guard latest.timestamp >= 0, latest.timestamp > times.last?.timestamp ?? -1 else { return nil }
        return latest
    }

    mutating func add(_ batch: BatchSummary) {
        if batch.maxTimestamp > latest.timestamp {
            latest = TimeIndexEntry(
                timestamp: batch.maxTimestamp, relativeOffset: UInt32(clamping: batch.last - base))
        }
        if batch.position - lastIndexed >= interval {
            lastIndexed = batch.position
            offsets.append(
                OffsetIndexEntry(
                    relativeOffset: UInt32(clamping: batch.base - base), position: UInt32(clamping: batch.position)))
            if let closing { times.append(closing) }
        }
    }
}
