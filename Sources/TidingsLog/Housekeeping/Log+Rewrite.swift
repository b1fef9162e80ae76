// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Why housekeeping left something as it is.
enum HouseFailure: Error {
    case disk(DiskError)
    /// A damaged range is for its readers to report; nothing is written over it.
    case damaged
    /// The topic is gone, the files are not what they were, or the log ends.
    case ended
}

extension Log {
    /// How often a folder is tried that cannot be opened.
    private static let mostOpenings = 50

    /// What becomes of one batch of a rewritten segment.
    enum BatchFate {
        case stays
        case goes
        /// A marker goes, and with it what the index of aborted transactions says of its transaction: no record of that is left.
        case forgotten
        /// Only a part of it stays, or its horizon is new.
        case rebuilt([UInt8])
    }

    /// Writes a group of older segments anew, as one, and puts that in their place. Readers are not disturbed.
    /// - Parameters:
    ///   - time: when it counts as written, if the last of the old ones does not know; else it counts as that one does.
    ///   - judge: is asked for every batch, in order.
    /// - Returns: whether anything changed.
    func rewrite(
        _ partition: Partition, _ group: [SegmentView], at time: WallTime,
        _ judge: (StoredBatch) throws(HouseFailure) -> BatchFate
    ) throws(HouseFailure) -> Bool {
        guard let first = group.first, let last = group.last else { return false }
        do throws(HouseFailure) {
            guard let new = try write(partition, group, at: time, judge) else {
                SegmentRewriter.discard(partition.folder, at: first.base, context)
                return false
            }
            let old = group.map { PartitionFiles.Segment(base: $0.base, byteCount: $0.byteCount) }
            guard try replace(partition, old, with: new, end: last.end) else { throw .ended }
            metrics.rewrittenBytes.add(Int(clamping: new.byteCount))
            metrics.reclaimedBytes.add(Int(clamping: old.reduce(0) { $0 + $1.byteCount } - new.byteCount))
            return true
        } catch {
            // A swap that failed half-way is finished by the next opening, which needs all of its files.
            if !isOffline, !partition.files.withLock({ $0.isDeleted }) {
                SegmentRewriter.discard(partition.folder, at: first.base, context)
            }
            throw error
        }
    }

    /// Puts segments together that are too small for files of their own, with their neighbours: what a rewrite makes of a
    /// large segment is known only afterwards. Beside a full one they may take it past its size, by an eighth.
    func joinCrumbs(of partition: Partition, below end: Offset, at time: WallTime) throws(HouseFailure) {
        let limit = partition.files.withLock { $0.segmentBytes }
        let crumb = limit / 8
        let closed = try closedViews(of: partition).filter { $0.end <= end }
        for group in groups(of: closed, upTo: min(limit + crumb, Int(Int32.max)))
        where group.count > 1 && group.contains(where: { $0.byteCount < crumb }) {
            do throws(HouseFailure) {
                _ = try rewrite(partition, group, at: time) { batch in
                    // What stands for batches that were left out is made anew, once for all of them.
                    guard let header = try? RecordBatchHeader(reading: batch.bytes) else { return .stays }
                    return header.recordCount == 0 && header.producerID < 0 && !header.isControl ? .goes : .stays
                }
            } catch {
                guard case .damaged = error else { throw error }
            }
        }
    }

    func closedViews(of partition: Partition) throws(HouseFailure) -> [SegmentView] {
        do throws(SegmentReader.Failure) {
            return try views(of: partition).filter(\.isClosed)
        } catch {
            if case .disk(let error) = error { throw .disk(error) }
            throw .damaged
        }
    }

    /// Neighbouring segments that together are no larger than one may be.
    func groups(of views: [SegmentView], upTo limit: Int) -> [[SegmentView]] {
        var groups: [[SegmentView]] = []
        var bytes: Int64 = 0
        for view in views {
            if let first = groups.last?.first, groups.last?.last?.end == view.base,
                bytes + view.byteCount <= Int64(limit),
                view.end - first.base < Int64(Int32.max)
            {
                groups[groups.count - 1].append(view)
                bytes += view.byteCount
            } else {
                groups.append([view])
                bytes = view.byteCount
            }
        }
        return groups
    }

    /// Writes the new segment beside the old ones; nil when it would be the same as the only old one.
    private func write(
        _ partition: Partition, _ group: [SegmentView], at time: WallTime,
        _ judge: (StoredBatch) throws(HouseFailure) -> BatchFate
    ) throws(HouseFailure) -> PartitionFiles.Segment? {
        let made: SegmentRewriter?
        do throws(DiskError) {
            made = try partition.files.withLock { files throws(DiskError) -> SegmentRewriter? in
                files.isDeleted ? nil : try SegmentRewriter(partition.folder, at: group[0].base, context)
            }
        } catch {
            throw .disk(error)
        }
        guard let rewriter = made else { throw .ended }
        for view in group { try copy(view, of: partition, into: rewriter, judge) }
        guard rewriter.isChanged || group.count > 1 else { return nil }
        let last = partition.files.withLock { files in files.sealed.last { $0.base <= group[group.count - 1].base } }
        let modified = last?.modified ?? time
        do throws(DiskError) {
            for view in group { try rewriter.addTransactions(of: view.base) }
            try rewriter.finish(modified: last?.doubted ?? modified)
        } catch {
            throw .disk(error)
        }
        return PartitionFiles.Segment(
            base: rewriter.base, byteCount: rewriter.byteCount, maxTimestamp: rewriter.maxTimestamp,
            modified: modified, doubted: last?.doubted)
    }

    private func copy(
        _ view: SegmentView, of partition: Partition, into rewriter: SegmentRewriter,
        _ judge: (StoredBatch) throws(HouseFailure) -> BatchFate
    ) throws(HouseFailure) {
        try forEachBatch(in: view, of: partition) { batch throws(HouseFailure) in
            let fate = try judge(batch)
            do throws(DiskError) {
                switch fate {
                case .stays:
                    try rewriter.add(
                        batch.bytes, batch.baseOffset, through: batch.lastOffset, round: batch.round, isOld: true)
                case .goes:
                    try rewriter.skip(batch.baseOffset, through: batch.lastOffset, round: batch.round)
                case .forgotten:
                    try rewriter.skip(batch.baseOffset, through: batch.lastOffset, round: batch.round)
                    rewriter.forget(transactionUpTo: batch.lastOffset)
                case .rebuilt(let bytes):
                    let added = bytes.withUnsafeBytes { raw in
                        Result { () throws(DiskError) in
                            try rewriter.add(
                                raw, batch.baseOffset, through: batch.lastOffset, round: batch.round, isOld: false)
                        }
                    }
                    try added.get()
                }
            } catch {
                throw .disk(error)
            }
        }
    }

    /// Shows every batch of an older segment, verified, at the pace that housekeeping is given.
    func forEachBatch(
        in view: SegmentView, of partition: Partition, from: Offset? = nil,
        _ body: (StoredBatch) throws(HouseFailure) -> Void
    ) throws(HouseFailure) {
        var next = max(from ?? view.base, view.base)
        while next < view.end {
            guard house.pace(self) else { throw .ended }
            let batches: [StoredBatch]
            do throws(SegmentReader.Failure) {
                var reader = try SegmentReader(view, of: partition.id, context)
                batches = try reader.batches(from: next, maxBytes: 1 << 20)
                if !reader.passed.isEmpty { throw .damage(reader.passed[0]) }
            } catch {
                guard partition.files.withLock({ $0.holds(view) }) else { throw .ended }
                switch error {
                case .disk(let error): throw .disk(error)
                case .damage(let damage):
                    _ = quarantine(damage, in: partition)
                    throw .damaged
                }
            }
            guard let last = batches.last else { throw .damaged }
            for batch in batches {
                house.spend(batch.bytes.count)
                try body(batch)
            }
            next = last.lastOffset.next
        }
    }

    /// Puts a new segment in the place of old ones.
    /// - Returns: false when these are not what they were.
    private func replace(
        _ partition: Partition, _ old: [PartitionFiles.Segment], with new: PartitionFiles.Segment, end: Offset
    ) throws(HouseFailure) -> Bool {
        try control.withLock { control throws(HouseFailure) -> Bool in
            guard !control.isClosed, !isOffline,
                let topic = control.metadata.topics.first(where: { $0.id == partition.id.topic })
            else { return false }
            do throws(DiskError) {
                // A recovery writes behind what the metadata says is the active segment.
                if topic.partitions[Int(partition.id.index)].activeBase < end { try checkpoint(&control) }
            } catch {
                // A failed sync in it must not pass for something that was put off.
                if !error.isLack { goOffline(error.description) }
                throw .disk(error)
            }
            guard partition.files.withLock({ $0.beginChange(old, end: end) }) else { return false }
            let swap = SegmentSwap(base: new.base, end: end)
            do throws(DiskError) {
                try swap.begin(partition.folder, disk)
                try patiently { () throws(DiskError) in try disk.syncDirectory(partition.folder) }
            } catch {
                // Whether the new segment holds is not known, unless the first step was refused.
                _ = partition.files.withLock { $0.endChange(old, nil) }
                goOffline(error.description)
                throw .disk(error)
            }
            do throws(DiskError) {
                try patiently { () throws(DiskError) in try swap.finish(partition.folder, disk) }
            } catch {
                _ = partition.files.withLock { $0.endChange(old, nil) }
                goOffline(error.description)
                throw .disk(error)
            }
            for segment in old {
                for path in SegmentNames.all(partition.folder, segment.base) { context.open.forget(prefix: path) }
            }
            let less = partition.files.withLock { $0.endChange(old, new) }
            partition.tail.withLock {
                $0.forget(below: end)
                $0.moveStart(to: $0.start, lessBytes: less)
            }
            readCache.withLock { $0.forget(partition.id) }
            noteDirty(partition)
            return true
        }
    }

    /// Does what cannot be taken back, again while only descriptors are lacking: nothing was synced then.
    private func patiently(_ work: () throws(DiskError) -> Void) throws(DiskError) {
        for _ in 0..<Self.mostOpenings {
            do {
                return try work()
            } catch  where error.code == .noHandles {
                context.open.closeClean()
                house.bell.wait(atMost: .milliseconds(100))
            }
        }
        try work()
    }
}
