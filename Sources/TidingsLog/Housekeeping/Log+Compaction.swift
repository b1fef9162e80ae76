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
            let decoded = try DecodedBatch(batch)
            if decoded.records(in: batch).allSatisfy({ $0.key != nil }) { return }
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        throw noKey(topic)
    }

    /// Keeps of each key the last record, when enough of a partition is new since the last time.
    func compact(_ partition: Partition, _ settings: TopicSettings, _ now: WallTime) throws(HouseFailure) {
        let bounds = partition.tail.withLock { $0.bounds }
        let lag = settings.minCompactionLag.millis
        let horizon = house.state.withLock { $0.horizons[partition.id] }
        let isHorizonOver = horizon.map { $0 <= now } ?? false
        let (end, isDue) = partition.files.withLock { files -> (Offset, Bool) in
            var (end, clean, dirty) = (files.start, Int64(0), Int64(0))
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
                }
            }
            let isDirty = dirty > 0 && dirty * 100 >= (clean + dirty) * Int64(settings.minDirtyPercent)
            return (end, isDirty || isHorizonOver && clean + dirty > 0)
        }
        guard isDue else { return }
        // Only what a checkpoint has synced is replaced.
        guard checkpoint() else { throw .ended }
        let begun = time.now
        while try compactOnce(partition, until: end, settings, now) {}
        metrics.compactionDuration.observe(time.now - begun)
        metrics.compactions.add(1)
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
            do throws(HouseFailure) {
                _ = try rewrite(partition, group, at: now) { batch throws(HouseFailure) in
                    plan.judge(batch)
                }
            } catch {
                guard case .damaged = error else { throw error }
            }
        }
        partition.files.withLock { $0.cleanedTo = max($0.cleanedTo, cleaned) }
        noteDirty(partition)
        house.state.withLock { $0.horizons[partition.id] = plan.nextHorizon }
        return cleaned < end && cleaned > from
    }

    private func closedViews(of partition: Partition) throws(HouseFailure) -> [SegmentView] {
        do throws(SegmentReader.Failure) {
            return try views(of: partition).filter(\.isClosed)
        } catch {
            if case .disk(let error) = error { throw .disk(error) }
            throw .damaged
        }
    }
}

/// What the headers of a partition's batches say that compaction needs: which batch of a producer is its last, and how
/// transactions ended.
struct BatchFacts {
    private var lastOfProducer: [Int64: Offset] = [:]
    private var markers: [Int64: [(at: Offset, isAbort: Bool)]] = [:]

    init(of partition: Partition, _ views: [SegmentView], _ log: Log) throws(HouseFailure) {
        var controls: [Offset] = []
        var hasTransactions = false
        var all = views
        if let active = try? log.views(of: partition).last, !active.isClosed { all.append(active) }
        do throws(SegmentReader.Failure) {
            for view in all {
                guard log.house.pace(log) else { return }
                var reader = try SegmentReader(view, of: partition.id, log.context)
                try reader.forEachSummary(from: view.base) { batch in
                    guard batch.producerID >= 0 else { return true }
                    lastOfProducer[batch.producerID] = batch.base
                    if batch.isControl {
                        controls.append(batch.base)
                    } else if batch.isTransactional {
                        hasTransactions = true
                    }
                    return true
                }
            }
            guard hasTransactions else { return }
            for offset in controls {
                guard let view = all.last(where: { $0.base <= offset }) else { continue }
                var reader = try SegmentReader(view, of: partition.id, log.context)
                guard let batch = try reader.batches(from: offset, maxBytes: 1).first,
                    let marker = try? TransactionMarker(reading: batch.bytes)
                else { continue }
                markers[marker.producerID, default: []].append((offset, !marker.isCommit))
            }
        } catch {
            if case .disk(let error) = error { throw .disk(error) }
            throw .ended
        }
    }

    /// Whether the batch is the last one of its producer that the log has.
    func isLast(_ base: Offset, of producer: Int64) -> Bool { lastOfProducer[producer] == base }

    /// Whether the transaction that a batch is part of was aborted.
    func isAborted(_ last: Offset, of producer: Int64) -> Bool {
        markers[producer]?.first { $0.at > last }?.isAbort ?? false
    }
}

/// Decides, batch by batch, what compaction keeps: the rules without I/O.
///
/// Of each key the last record below ``learnedTo`` stays, with what lies above. A tombstone stays until a horizon, which
/// the first pass that sees it sets; a marker of a transaction and a record without a key stay. Records of aborted
/// transactions go. A batch that is a producer's last one stays, if only as a header.
struct CompactionPlan: ~Copyable {
    private let from: Offset
    private let end: Offset
    private let facts: BatchFacts
    private let now: WallTime
    private let tombstoneTime: Duration
    private var keys: KeyMap
    private var rebuilder = BatchRebuilder()
    /// Every record below was learned, as far as it can be read.
    private(set) var learnedTo: Offset
    /// Whether no more keys can be learned: the rest is for the next pass.
    private(set) var isFull = false
    /// When the next tombstone may go.
    private(set) var nextHorizon: WallTime?

    init(from: Offset, end: Offset, facts: BatchFacts, now: WallTime, tombstoneTime: Duration, memory: Int) {
        self.from = from
        self.end = end
        self.facts = facts
        self.now = now
        self.tombstoneTime = tombstoneTime
        keys = KeyMap(byteCount: memory)
        learnedTo = from
    }

    /// Learns the keys of a batch.
    mutating func learn(_ batch: StoredBatch) {
        guard !isFull, batch.baseOffset < end else { return }
        defer { if !isFull { learnedTo = max(learnedTo, min(batch.lastOffset.next, end)) } }
        guard let records = try? batch.records(), !records.isControl else { return }
        if isAborted(batch) { return }
        for record in records where record.offset >= from && record.offset < end {
            guard let key = record.key else { continue }
            guard keys.note(key, at: record.offset) else {
                isFull = true
                learnedTo = max(learnedTo, record.offset)
                return
            }
        }
    }

    /// Counts what could not be read as learned: it is not judged either.
    mutating func endLearning() {
        if !isFull { learnedTo = end }
    }

    private func isAborted(_ batch: StoredBatch) -> Bool {
        guard let header = try? RecordBatchHeader(reading: batch.bytes), header.isTransactional, !header.isControl,
            // What was cleaned before has none, and its markers may be those of later transactions.
            batch.lastOffset >= from
        else { return false }
        return facts.isAborted(batch.lastOffset, of: header.producerID)
    }

    /// Says what becomes of a batch.
    mutating func judge(_ batch: StoredBatch) -> Log.BatchFate {
        // What cannot be read stays as it is, like what was not learned.
        guard batch.baseOffset < learnedTo, let header = try? RecordBatchHeader(reading: batch.bytes),
            let records = try? batch.records()
        else { return .stays }
        if header.isControl { return .stays }
        if header.recordCount == 0 { return isNeeded(batch, header) ? .stays : .goes }
        let isAborted = isAborted(batch)
        var keeps: [Bool] = []
        keeps.reserveCapacity(records.count)
        var hasTombstone = false
        for record in records {
            let keep = !isAborted && self.keeps(record, header)
            if keep, record.value == nil, record.key != nil { hasTombstone = true }
            keeps.append(keep)
        }
        var horizon: WallTime?
        if hasTombstone {
            let known = header.deleteHorizon ?? WallTime(millis: now.millis + tombstoneTime.millis)
            if header.deleteHorizon == nil { horizon = known }
            nextHorizon = min(nextHorizon ?? known, known)
        }
        return rebuild(batch, header, keeps, horizon)
    }

    private func keeps(_ record: RecordView, _ header: RecordBatchHeader) -> Bool {
        guard record.offset < learnedTo, let key = record.key else { return true }
        if let last = keys.offset(of: key), last > record.offset { return false }
        if record.value == nil, let horizon = header.deleteHorizon { return horizon > now }
        return true
    }

    private mutating func rebuild(
        _ batch: StoredBatch, _ header: RecordBatchHeader, _ keeps: [Bool], _ horizon: WallTime?
    ) -> Log.BatchFate {
        let isNeeded = isNeeded(batch, header)
        if !keeps.contains(true), !isNeeded { return .goes }
        if horizon == nil, !keeps.contains(false) { return .stays }
        var place = 0
        do throws(RecordError) {
            switch try rebuilder.rebuild(
                batch.bytes, deleteHorizon: horizon,
                keeping: { _ in
                    defer { place += 1 }
                    return keeps[place]
                })
            {
            case .unchanged: return .stays
            case .rebuilt(let bytes): return .rebuilt([UInt8](bytes))
            case .emptied(let bytes): return isNeeded ? .rebuilt([UInt8](bytes)) : .goes
            }
        } catch {
            return .stays
        }
    }

    private func isNeeded(_ batch: StoredBatch, _ header: RecordBatchHeader) -> Bool {
        header.producerID >= 0 && facts.isLast(batch.baseOffset, of: header.producerID)
    }
}
