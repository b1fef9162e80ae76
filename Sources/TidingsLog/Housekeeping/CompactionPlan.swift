// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the headers of a partition's batches say that compaction needs: which batch of a producer is its last, and how
/// transactions ended.
struct BatchFacts {
    private var lastOfProducer: [Int64: Offset] = [:]
    /// The one that has its last sequence: a marker has none.
    private var lastNumberedOfProducer: [Int64: Offset] = [:]
    private var markers: [Int64: [(at: Offset, isAbort: Bool)]] = [:]
    /// Whether a part could not be read: then nobody knows of a transaction which marker ended it.
    private(set) var isIncomplete = false

    init(of partition: Partition, _ views: [SegmentView], _ log: Log) throws(HouseFailure) {
        var controls: [Offset] = []
        var hasTransactions = false
        var all = views
        do throws(SegmentReader.Failure) {
            if let active = try log.views(of: partition).last, !active.isClosed { all.append(active) }
            for view in all {
                guard log.house.pace(log) else { return }
                var reader = try SegmentReader(view, of: partition.id, log.context)
                try reader.forEachSummary(from: view.base) { batch in
                    guard batch.producerID >= 0 else { return true }
                    lastOfProducer[batch.producerID] = batch.base
                    if batch.isControl {
                        controls.append(batch.base)
                    } else {
                        lastNumberedOfProducer[batch.producerID] = batch.base
                        if batch.isTransactional { hasTransactions = true }
                    }
                    return true
                }
                if !reader.passed.isEmpty { isIncomplete = true }
            }
            guard hasTransactions else { return }
            for offset in controls {
                guard let view = all.last(where: { $0.base <= offset }) else { continue }
                guard let marker = try Self.marker(at: offset, in: view, of: partition, log) else {
                    isIncomplete = true
                    continue
                }
                markers[marker.producerID, default: []].append((offset, !marker.isCommit))
            }
        } catch {
            if case .disk(let error) = error { throw .disk(error) }
            throw .ended
        }
    }

    /// A transaction's marker; nil when it cannot be read.
    private static func marker(
        at offset: Offset, in view: SegmentView, of partition: Partition, _ log: Log
    ) throws(SegmentReader.Failure) -> TransactionMarker? {
        do throws(SegmentReader.Failure) {
            var reader = try SegmentReader(view, of: partition.id, log.context)
            guard let batch = try reader.batches(from: offset, maxBytes: 1).first, batch.baseOffset == offset else {
                return nil
            }
            return try? TransactionMarker(reading: batch.bytes)
        } catch {
            guard case .damage = error else { throw error }
            return nil
        }
    }

    /// Whether the batch is the last one of its producer that the log has, or the last one with a sequence: what is known of
    /// the producer is found again from these two.
    func isLast(_ base: Offset, of producer: Int64) -> Bool {
        lastOfProducer[producer] == base || lastNumberedOfProducer[producer] == base
    }

    /// Whether the transaction that a batch is part of was aborted.
    func isAborted(_ last: Offset, of producer: Int64) -> Bool {
        markers[producer]?.first { $0.at > last }?.isAbort ?? false
    }
}

/// Decides, batch by batch, what compaction keeps: the rules without I/O.
///
/// Of each key the last record below ``learnedTo`` stays, with what lies above. A tombstone stays until a horizon, which
/// the first pass that sees it sets; so does the marker of a transaction of which no record is left. A record without a key
/// stays. Records of aborted transactions go; where a marker may be missing, all that transactions wrote stays. Of each
/// producer the last batch and the last one with a sequence stay, if only as headers.
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
    /// When the next tombstone or marker may go.
    private(set) var nextHorizon: WallTime?
    /// Producers whose transaction, as far as the judging has come, has batches that stay.
    private var staying: Set<Int64> = []
    /// Whether some batches were not judged: they may be of any transaction.
    private var isBlind = false

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
        if isAborted(batch) || isUnclear(batch) { return }
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

    /// Whether nobody knows how the transaction ended that the batch is part of: the marker behind it may be that of a later
    /// one.
    private func isUnclear(_ batch: StoredBatch) -> Bool {
        guard facts.isIncomplete, let header = try? RecordBatchHeader(reading: batch.bytes) else { return false }
        return header.isTransactional && !header.isControl
    }

    /// Learns that a part of the batches will not be judged.
    mutating func passOver() { isBlind = true }

    /// Says what becomes of a batch; asked for every one from the partition's start on.
    mutating func judge(_ batch: StoredBatch) -> Log.BatchFate {
        guard let header = try? RecordBatchHeader(reading: batch.bytes) else { return .stays }
        if header.isControl { return judge(markerIn: batch, header) }
        let fate = judge(recordsIn: batch, header)
        if header.isTransactional {
            if case .goes = fate {} else { staying.insert(header.producerID) }
        }
        return fate
    }

    private mutating func judge(markerIn batch: StoredBatch, _ header: RecordBatchHeader) -> Log.BatchFate {
        guard batch.marker != nil else { return .stays }
        let hasRecords = staying.remove(header.producerID) != nil
        if hasRecords || isBlind || batch.baseOffset >= learnedTo || isNeeded(batch, header) { return .stays }
        let horizon = header.deleteHorizon ?? WallTime(millis: now.millis + tombstoneTime.millis)
        if header.hasDeleteHorizon, horizon <= now { return .forgotten }
        nextHorizon = min(nextHorizon ?? horizon, horizon)
        return header.hasDeleteHorizon ? .stays : rebuild(batch, header, [true], horizon)
    }

    private mutating func judge(recordsIn batch: StoredBatch, _ header: RecordBatchHeader) -> Log.BatchFate {
        // What cannot be read stays as it is, like what was not learned.
        guard batch.baseOffset < learnedTo, !isUnclear(batch), let records = try? batch.records() else { return .stays }
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
