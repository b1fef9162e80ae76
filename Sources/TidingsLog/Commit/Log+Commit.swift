// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

extension Log {
    /// Makes all that waits durable, answers those who wait, and hands it on to the partition files: one round for what
    /// is acknowledged when it is written, then one that is synced.
    ///
    /// Called by the commit thread, or by a test that has started none.
    /// - Returns: whether there was anything to do.
    @discardableResult
    package func commitPending() -> Bool {
        if shouldResume.exchange(false, ordering: .acquiringAndReleasing) { resume() }
        guard let taken = staging.withLock({ $0.take() }) else { return false }
        commit.answered = taken.all.reduce(0) { $0 + $1.appendCount }
        if let refusal = staging.withLock({ $0.refusalOfWaiting }) {
            refuse(taken.all, refusal, nil)
            return true
        }
        if let relaxed = taken.relaxed {
            guard commitRound(relaxed, before: taken.synced) else { return true }
        }
        if let synced = taken.synced { _ = commitRound(synced, before: nil) }
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
        if isOpen { logger.notice("there is room again: records are taken") }
    }

    /// Looks at the free space before a fast writer has used up the reserve between two looks of the housekeeping.
    private func probeDiskIfMuchWasWritten(_ count: Int) {
        commit.bytesSinceProbe += count
        guard settings.diskReserveBytes > 0, commit.bytesSinceProbe >= settings.diskReserveBytes / 8 else { return }
        commit.bytesSinceProbe = 0
        probeDisk()
    }

    /// Commits a group; when that fails, refuses it, the one behind it, and all that waits.
    private func commitRound(_ group: PendingGroup, before next: PendingGroup?) -> Bool {
        guard group.count > 0 else {
            answer(group, .success(commit.lastRound), nil)
            staging.withLock { $0.recycle(group) }
            return true
        }
        group.sort()
        let number = commit.lastRound + 1
        let copied = encode(group, number)
        let both = [group, next].compactMap(\.self)
        do throws(WriteAheadFailure) {
            try syncRelaxedRounds(below: group)
            let begun = time.now
            let sync = sync(of: group)
            let isShort = staging.withLock { $0.condition.isShortOfRoom }
            while try writeAhead.write(
                commit.writer.pieces, count: commit.writer.byteCount, round: number, sync, keepsSpare: isShort) == .full
            {
                if let refusal = makeRoom() {
                    refuse(both, refusal.error, refusal.condition)
                    return false
                }
            }
            if !group.isRelaxed {
                commit.lastSync = time.now - begun
                metrics.synced(in: commit.lastSync)
            }
        } catch {
            let reason = error.error.description
            if error.isLackOfRoom {
                let refusal = error.error.refusalForLack
                logger.error("records are refused for lack of room or of files", [("reason", refusal.description)])
                refuse(both, refusal, .full(refusal))
            } else {
                logger.error("the log is offline until its folder is reopened", [("reason", reason)])
                refuse(both, LogError(.offline, reason), .offline(reason))
            }
            return false
        }
        #if TIDINGS_MUTATIONS
            if settings.mutation == .freesRoundsEarly { writeAhead.release(through: number) }
        #endif
        let durable = publish(group, number, copied)
        answer(group, .success(number), durable.round)
        let bytes = commit.writer.batchBytes
        metrics.appended(records: group.recordCount, bytes: bytes)
        staging.withLock { $0.recycle(group) }
        file(durable)
        probeDiskIfMuchWasWritten(bytes)
        return true
    }

    /// Syncs what a partition of a synced round has in relaxed rounds: the promise to the later records stands on these.
    private func syncRelaxedRounds(below group: PendingGroup) throws(WriteAheadFailure) {
        let first = writeAhead.relaxed.first
        guard !group.isRelaxed, first != .max,
            group.batches.contains(where: { $0.partition.lastRelaxedRound.load(ordering: .relaxed) >= first })
        else { return }
        do throws(DiskError) {
            try writeAhead.relaxed.sync()
        } catch {
            throw WriteAheadFailure(error, isLackOfRoom: false)
        }
    }

    private func sync(of group: PendingGroup) -> WriteAheadLog.Sync {
        guard group.isRelaxed else { return .synced }
        let table = table.withLock { $0 }
        return group.batches.contains { table.policy(of: $0.partition.id.topic).isSyncedInIntervals }
            ? .relaxedInIntervals : .relaxed
    }

    /// Puts the round together.
    /// - Returns: where the batches that were made here lie among the copied ones; nil for each client's batch.
    private func encode(_ group: PendingGroup, _ number: UInt64) -> [Range<Int>?] {
        let stamps = table.withLock { $0.hasAppendTimes ? $0 : nil }
        commit.writer.begin(entryCount: group.count)
        var copied: [Range<Int>?] = []
        copied.reserveCapacity(group.count)
        for batch in group.batches {
            let id = batch.partition.id
            if let whole = batch.whole {
                if whole.bytes.isPaged {
                    commit.writer.add(shared: whole.bytes, of: id, at: batch.baseOffset, records: whole.recordCount)
                } else {
                    commit.writer.add(
                        whole.bytes.buffer, of: id, at: batch.baseOffset, records: whole.recordCount)
                }
                copied.append(nil)
            } else {
                let records = batch.builder.count
                let appendTime = stamps?.policy(of: id.topic).stampsAppendTime ?? false ? time.wall : nil
                copied.append(
                    commit.writer.add(
                        batch.builder.seal(baseOffset: batch.baseOffset), of: id, at: batch.baseOffset,
                        records: records, appendTime: appendTime))
            }
        }
        commit.writer.finish(
            life: commit.life, number: number, lastSynced: commit.lastSynced, time: time.wall,
            isRelaxed: group.isRelaxed)
        return copied
    }

    /// Shows a durable round to readers.
    private func publish(_ group: PendingGroup, _ number: UInt64, _ copied: [Range<Int>?]) -> DurableRound {
        let shared =
            copied.contains { $0 != nil } ? SharedBytes(copying: commit.writer.copiedBatches) : nil
        var batches: [StoredBatch] = []
        var partitions: [Partition] = []
        batches.reserveCapacity(group.count)
        partitions.reserveCapacity(group.count)
        let now = time.wall
        var bytes = 0
        for (place, open) in group.batches.enumerated() {
            let owner: SharedBytes
            let range: Range<Int>
            if let whole = open.whole {
                (owner, range) = (whole.bytes, 0..<whole.bytes.count)
            } else if let shared, let lies = copied[place] {
                (owner, range) = (shared, lies)
            } else {
                preconditionFailure("a batch is a client's or was copied")
            }
            let batch = StoredBatch(
                partition: open.partition.id, baseOffset: open.baseOffset,
                lastOffset: open.baseOffset + Int64(open.recordCount - 1), round: number, owner: owner, range: range)
            bytes += range.count + 128
            batches.append(batch)
            partitions.append(open.partition)
            if group.isRelaxed { open.partition.lastRelaxedRound.store(number, ordering: .relaxed) }
            open.partition.tail.withLock { $0.append(batch, at: now, keeping: settings.maxAbortedInMemory) }
        }
        commit.became(durable: number, isSynced: !group.isRelaxed)
        return DurableRound(
            round: CommittedRound(number: number, batches: batches), partitions: partitions, byteCount: bytes)
    }

    /// Tells each loop once what became of its appends, and which round its followers may read.
    func answer(_ group: PendingGroup, _ result: Result<UInt64, LogError>, _ round: CommittedRound?) {
        for session in sessions.withLock({ $0 }) {
            let count = session.slot < group.appends.count ? group.appends[session.slot] : 0
            let round = session.hasFollowers.load(ordering: .sequentiallyConsistent) ? round : nil
            if count > 0 || round != nil {
                session.roundIsOver(answers: count, isRelaxed: group.isRelaxed, result, round)
            }
        }
    }

    /// Refuses groups and all that waits behind them: their offsets are given again to others.
    func refuse(_ groups: [PendingGroup], _ error: LogError, _ condition: LogCondition?) {
        let all = staging.withLock { staging -> [PendingGroup] in
            switch condition {
            case .full(let refusal)?: staging.becomeFull(refusal)
            case let condition?: staging.condition = condition
            case nil: break
            }
            let all = groups + (staging.take()?.all ?? [])
            for batch in all.flatMap(\.batches) { batch.partition.forgetStaged() }
            return all
        }
        for group in all { answer(group, .failure(error), nil) }
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
        if let refusal = checkpointTrouble.withLock({ $0 }) { return (refusal, .full(refusal)) }
        return isOffline ? (LogError(.offline, "the log went offline"), nil) : nil
    }
}
