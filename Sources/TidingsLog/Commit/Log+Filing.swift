// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// Durable rounds reach the partition files behind the acknowledgements: several at once, so that a partition that gets a
/// little with every round is written once for many of them. Until then readers find them in memory.
extension Log {
    /// Hands a durable round to the thread that files it, or files it here and now when there is none.
    func file(_ durable: DurableRound) {
        let (isFirst, byteCount) = unfiled.withLock { unfiled in
            unfiled.append(durable)
            return (unfiled.rounds.count == 1, unfiled.byteCount)
        }
        if !filesBehind.load(ordering: .acquiring) || byteCount >= settings.maxUnfiledBytes {
            // The files are slower than the rounds: the memory between them has a limit.
            _ = catchUp()
        } else if isFirst || byteCount >= settings.filingBytes && byteCount - durable.byteCount < settings.filingBytes {
            filerBell.ring()
        }
    }

    /// Whether all durable rounds are in the files.
    var isCaughtUp: Bool { filing.withLock { $0.behind.isEmpty } && unfiled.withLock { $0.rounds.isEmpty } }

    func runFiler() {
        while !isEnding.load(ordering: .sequentiallyConsistent) {
            filerBell.wait()
            if isEnding.load(ordering: .sequentiallyConsistent) { return }
            if unfiled.withLock({ $0.byteCount }) < settings.filingBytes {
                filerBell.wait(atMost: settings.filingInterval)
            }
            _ = catchUp()
        }
    }

    /// Writes durable rounds into the partition files; false when there is no room for them, or worse.
    func catchUp() -> Bool {
        filing.withLock { filing in
            filing.behind.append(contentsOf: unfiled.withLock { $0.take() })
            guard !filing.behind.isEmpty else { return true }
            do throws(DiskError) {
                try writeToFiles(filing.behind)
            } catch {
                if error.isLack {
                    filesAreFull(error)
                } else {
                    goOffline(error.description)
                }
                return false
            }
            for round in filing.behind { filing.keep(round, limit: settings.recentBytes) }
            filing.behind.removeAll()
            return true
        }
    }

    private func filesAreFull(_ error: DiskError) {
        let refusal = error.refusalForLack
        if staging.withLock({ $0.becomeFull(refusal) }) {
            logger.error("records are refused for lack of room or of files", [("reason", refusal.description)])
        }
    }

    /// Writes rounds partition by partition. After an error it is simply done again: what is in the files is passed over.
    private func writeToFiles(_ rounds: [DurableRound]) throws(DiskError) {
        var batches: [(partition: Partition, batch: StoredBatch)] = []
        batches.reserveCapacity(rounds.reduce(0) { $0 + $1.partitions.count })
        for round in rounds {
            for (partition, batch) in zip(round.partitions, round.round.batches) { batches.append((partition, batch)) }
        }
        if rounds.count > 1 {
            batches.sort { ($0.partition.id, $0.batch.baseOffset) < ($1.partition.id, $1.batch.baseOffset) }
        }
        var newlyDirty: [Partition] = []
        var backs: [WriteBack] = []
        var filed: UInt64?
        // Whatever was written before an error counts as dirty. In one step with the round, or a checkpoint between the
        // two would record a round whose files it did not sync.
        defer { note(filed, newlyDirty, backs) }
        var run: [StoredBatch] = []
        var first = 0
        while first < batches.count {
            let partition = batches[first].partition
            run.removeAll(keepingCapacity: true)
            var next = first
            while next < batches.count, batches[next].partition === partition {
                run.append(batches[next].batch)
                next += 1
            }
            try partition.files.withLock { files throws(DiskError) in
                if files.isDeleted { return }
                if !files.isListedDirty {
                    files.isListedDirty = true
                    newlyDirty.append(partition)
                }
                try files.append(run, context, aborted: partition.aborted(by:))
                if let back = files.takeWriteBack(from: settings.writeBackBytes) {
                    backs.append(WriteBack(path: back.path, position: back.position, count: back.count))
                }
            }
            first = next
        }
        filed = rounds.last?.round.number
    }

    private func note(_ filed: UInt64?, _ partitions: [Partition], _ backs: [WriteBack]) {
        let isFirst = written.withLock { written -> Bool in
            if let filed { written.round = filed }
            written.dirty.append(contentsOf: partitions)
            defer { if written.dirtySince == nil { written.dirtySince = time.now } }
            return written.dirtySince == nil
        }
        let wakesForBacks = writeBacks.withLock { waiting in
            defer { waiting.append(contentsOf: backs) }
            return waiting.isEmpty && !backs.isEmpty
        }
        if isFirst || wakesForBacks || writeAhead.liveBytes >= settings.checkpointBytes { keeperBell.ring() }
    }
}
