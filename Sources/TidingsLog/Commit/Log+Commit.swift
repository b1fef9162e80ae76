// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

extension Log {
    /// Makes all that waits durable in one round, answers those who wait, and writes the partition files.
    ///
    /// Called by the commit thread, or by a test that has started none.
    /// - Returns: whether there was anything to do.
    @discardableResult
    package func commitPending() -> Bool {
        if shouldResume.exchange(false, ordering: .acquiringAndReleasing) { resume() }
        guard let group = staging.withLock({ $0.take() }) else { return false }
        if let refusal = staging.withLock({ $0.refusalOfWaiting }) {
            refuse(group, refusal, nil)
        } else {
            commitRound(group)
        }
        return true
    }

    /// Tries whether a full disk has room again.
    private func resume() {
        guard catchUp() else { return }
        let isOpen = staging.withLock { staging -> Bool in
            guard case .full = staging.condition else { return false }
            staging.condition = .open
            return true
        }
        if isOpen { logger.notice("the disk has room again: records are taken") }
    }

    /// Looks at the free space before a fast writer has used up the reserve between two looks of the housekeeping.
    private func probeDiskIfMuchWasWritten(_ count: Int) {
        commit.bytesSinceProbe += count
        guard settings.diskReserveBytes > 0, commit.bytesSinceProbe >= settings.diskReserveBytes / 8 else { return }
        commit.bytesSinceProbe = 0
        probeDisk()
    }

    private func commitRound(_ group: PendingGroup) {
        guard !group.batches.isEmpty else {
            answer(group, .success(commit.lastRound), nil)
            return staging.withLock { $0.recycle(group) }
        }
        if group.batches.count > 1 {
            group.batches.sort { ($0.partition.id, $0.baseOffset) < ($1.partition.id, $1.baseOffset) }
        }
        let number = commit.lastRound + 1
        encode(group, number)
        do throws(WriteAheadFailure) {
            let begun = time.now
            while try writeAhead.write(commit.writer.bytes, round: number) == .full {
                if let refusal = makeRoom() { return refuse(group, refusal.error, refusal.condition) }
            }
            metrics.synced(in: time.now - begun)
        } catch {
            let reason = error.error.description
            if error.isLackOfRoom {
                logger.error("the disk is full: records are refused until there is room", [("reason", reason)])
                refuse(group, LogError(.diskFull, reason), .full(reason))
            } else {
                logger.error("the log is offline until its folder is reopened", [("reason", reason)])
                refuse(group, LogError(.offline, reason), .offline(reason))
            }
            return
        }
        #if TIDINGS_MUTATIONS
            if settings.mutation == .freesRoundsEarly { writeAhead.release(through: number) }
        #endif
        let durable = publish(group, number)
        answer(group, .success(number), durable.round)
        metrics.appended(records: group.recordCount, bytes: durable.bytes.count)
        probeDiskIfMuchWasWritten(durable.bytes.count)
        staging.withLock { $0.recycle(group) }
        commit.behind.append(durable)
        _ = catchUp()
    }

    private func encode(_ group: PendingGroup, _ number: UInt64) {
        commit.writer.begin(entryCount: group.batches.count)
        for batch in group.batches {
            batch.withSealed { sealed in
                commit.writer.add(sealed, of: batch.partition.id, at: batch.baseOffset, records: batch.recordCount)
            }
        }
        commit.writer.finish(life: commit.life, number: number, lastSynced: commit.lastRound, time: time.wall)
    }

    /// Shows a durable round to readers.
    private func publish(_ group: PendingGroup, _ number: UInt64) -> DurableRound {
        let bytes = SharedBytes(copying: commit.writer.batches)
        var batches: [StoredBatch] = []
        var partitions: [Partition] = []
        batches.reserveCapacity(group.batches.count)
        partitions.reserveCapacity(group.batches.count)
        let now = time.wall
        var at = 0
        for open in group.batches {
            let total = RecordBatchHeader.totalByteCount(bytes.buffer.part(at..<bytes.count)) ?? 0
            let batch = StoredBatch(
                partition: open.partition.id, baseOffset: open.baseOffset,
                lastOffset: open.baseOffset + Int64(open.recordCount - 1), round: number, owner: bytes,
                range: at..<at + total)
            at += total
            batches.append(batch)
            partitions.append(open.partition)
            open.partition.tail.withLock { $0.append(batch, at: now, keeping: settings.maxAbortedInMemory) }
        }
        commit.became(durable: number)
        return DurableRound(
            round: CommittedRound(number: number, batches: batches), partitions: partitions, bytes: bytes)
    }

    /// Tells each loop once what became of its appends, and which round its followers may read.
    func answer(_ group: PendingGroup, _ result: Result<UInt64, LogError>, _ round: CommittedRound?) {
        for session in sessions.withLock({ $0 }) {
            let count = session.slot < group.appends.count ? group.appends[session.slot] : 0
            let round = session.hasFollowers.load(ordering: .sequentiallyConsistent) ? round : nil
            if count > 0 || round != nil { session.roundIsOver(answers: count, result, round) }
        }
    }

    /// Refuses a group and all that waits behind it: their offsets are given again to others.
    func refuse(_ group: PendingGroup, _ error: LogError, _ condition: LogCondition?) {
        let later = staging.withLock { staging -> PendingGroup? in
            if let condition { staging.condition = condition }
            let later = staging.take()
            for batch in group.batches + (later?.batches ?? []) {
                batch.partition.forgetStaged()
            }
            return later
        }
        answer(group, .failure(error), nil)
        if let later { answer(later, .failure(error), nil) }
    }

    /// Waits for a checkpoint that frees a block of the write-ahead log.
    /// - Returns: nil when it is worth trying again; else why the round cannot be written.
    private func makeRoom() -> (error: LogError, condition: LogCondition?)? {
        if threads.withLock({ $0 == nil }) || isEnding.load(ordering: .acquiring) {
            if checkpoint() { return nil }
        } else {
            keeperBell.ring()
            blocksFreed.wait(atMost: .milliseconds(100))
        }
        if let reason = checkpointTrouble.withLock({ $0 }) {
            return (LogError(.diskFull, reason), .full(reason))
        }
        return isOffline ? (LogError(.offline, "the log went offline"), nil) : nil
    }

    /// Writes durable rounds into the partition files; false when there is no room for them, or worse.
    func catchUp() -> Bool {
        while let durable = commit.behind.first {
            do throws(DiskError) {
                try writeToFiles(durable)
            } catch {
                if error.code == .noSpace || error.code == .noHandles {
                    let reason = error.description
                    let isNew = staging.withLock { staging -> Bool in
                        defer { staging.condition = .full(reason) }
                        if case .full = staging.condition { return false }
                        return true
                    }
                    if isNew {
                        let what = error.code == .noSpace ? "the disk is full" : "no file can be opened"
                        logger.error("\(what): records are refused until there is room", [("reason", reason)])
                    }
                } else {
                    goOffline(error.description)
                }
                return false
            }
            commit.behind.removeFirst()
            commit.keep(durable, limit: settings.recentBytes)
        }
        return true
    }

    private func writeToFiles(_ durable: DurableRound) throws(DiskError) {
        let batches = durable.round.batches
        var newlyDirty: [Partition] = []
        var backs: [WriteBack] = []
        var isWhole = false
        defer {
            // What was begun is listed even if it did not come to an end: the next try takes it for listed.
            if !isWhole, !newlyDirty.isEmpty { written.withLock { $0.dirty.append(contentsOf: newlyDirty) } }
        }
        var (first, at) = (0, 0)
        while first < batches.count {
            let partition = durable.partitions[first]
            var places: [BatchPlace] = []
            var next = first
            let from = at
            while next < batches.count, durable.partitions[next] === partition {
                let count = batches[next].bytes.count
                places.append(
                    BatchPlace(
                        baseOffset: batches[next].baseOffset, endOffset: batches[next].lastOffset.next,
                        range: at - from..<at - from + count, aborted: partition.aborted(by: batches[next])))
                at += count
                next += 1
            }
            let bytes = durable.bytes.buffer.part(from..<at)
            try partition.files.withLock { files throws(DiskError) in
                if files.isDeleted { return }
                if !files.isListedDirty {
                    files.isListedDirty = true
                    newlyDirty.append(partition)
                }
                try files.append(bytes, places, round: durable.round.number, context)
                if let back = files.takeWriteBack(from: settings.writeBackBytes) {
                    backs.append(WriteBack(path: back.path, position: back.position, count: back.count))
                }
            }
            first = next
        }
        isWhole = true
        let isFirst = written.withLock { written -> Bool in
            written.round = durable.round.number
            written.dirty.append(contentsOf: newlyDirty)
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
