// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization
import TidingsCore

extension Log {
    /// Starts the threads: one that commits, one that keeps house, one for topics and snapshots, and those that read.
    package func start() {
        reads.start("log-read", threads: settings.readThreads)
        chores.start("log-chores", threads: 1)
        threads.withLock { threads in
            guard threads == nil else { return }
            filesBehind.store(true, ordering: .releasing)
            threads = LogThreads(
                committer: LogThread("log-commit") { self.runCommitter() },
                filer: LogThread("log-files") { self.runFiler() },
                keeper: LogThread("log-keeper") { self.runKeeper() })
        }
        keeperBell.ring()
    }

    /// Ends the log: nothing new is taken, what waits is made durable and answered, the partition files are synced,
    /// and the folder is marked as cleanly left and given free. Blocks until done; once.
    package func stop() {
        staging.withLock { staging in
            if case .offline = staging.condition { return }
            staging.condition = .stopped
        }
        isEnding.store(true, ordering: .sequentiallyConsistent)
        committerBell.ring()
        filerBell.ring()
        keeperBell.ring()
        blocksFreed.ring()
        let running = threads.withLock { threads in
            defer { threads = nil }
            return threads
        }
        house.bell.ring()
        house.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
        running?.committer.join()
        running?.filer.join()
        running?.keeper.join()
        chores.stop()
        reads.stop()
        while commitPending() {}
        listUnsavedProducers()
        if checkpoint(savesProducers: true), isCaughtUp, !isOffline { leaveClean() }
        control.withLock { $0.isClosed = true }
        sessions.withLock { $0 = [] }
        context.open.closeAll()
        folderLock.withLock { $0 = nil }
    }

    /// Leaves the folder as the end of the process would: nothing is written or synced any more. For simulated crashes of
    /// a log without threads.
    package func abandon() {
        control.withLock { $0.isClosed = true }
        staging.withLock { $0.condition = .stopped }
        sessions.withLock { $0 = [] }
        context.open.closeAll()
        folderLock.withLock { $0 = nil }
    }

    private func leaveClean() {
        control.withLock { control in
            guard !control.isClosed, control.metadata.checkpoint == commit.lastRound else { return }
            var metadata = control.metadata
            metadata.isClean = true
            metadata.believedTime = house.believed
            do throws(DiskError) {
                try store.save(&metadata)
                control.metadata = metadata
                logger.info("the log was left clean", [("round", String(metadata.checkpoint))])
            } catch {
                logger.error("the log's clean mark could not be written", [("reason", error.description)])
            }
        }
    }

    private func runCommitter() {
        var lastRound = time.now
        while true {
            if commitPending() {
                gather()
                lastRound = time.now
                continue
            }
            // Those who were answered often come again at once: sleeping and being woken would cost more than the wait.
            if time.now - lastRound < settings.commitWait, !isEnding.load(ordering: .relaxed) {
                tidings_yield()
                continue
            }
            let mayEnd = isEnding.load(ordering: .sequentiallyConsistent)
            let sleeps = staging.withLock { staging -> Bool in
                guard staging.isEmpty else { return false }
                staging.isCommitterAsleep = true
                return true
            }
            guard sleeps else { continue }
            if mayEnd { return }
            committerBell.wait()
        }
    }

    private func runKeeper() {
        var lastProbe = time.now
        var lastWriteBack = time.now
        probeDisk()
        // The first block's zeros would stand in the way of a start's own syncs: they wait for the first record, or this
        // long.
        let rest = time.now + settings.writeBackInterval
        while !writeAhead.hasBlocks, time.now < rest, written.withLock({ $0.dirtySince == nil }),
            !isEnding.load(ordering: .sequentiallyConsistent)
        {
            keeperBell.wait(atMost: rest - time.now)
        }
        while !isEnding.load(ordering: .sequentiallyConsistent) {
            prepareBlock()
            let isDirty = written.withLock { $0.dirtySince != nil }
            if isDirty {
                keeperBell.wait(atMost: settings.writeBackInterval)
            } else {
                // Others fill the disk too, and free it: nobody else looks while nothing is written.
                keeperBell.wait(atMost: max(.zero, lastProbe + settings.diskProbeInterval - time.now))
            }
            if isEnding.load(ordering: .sequentiallyConsistent) { return }
            startWriteBacks()
            syncRelaxedRoundsIfDue()
            if time.now - lastWriteBack >= settings.writeBackInterval {
                lastWriteBack = time.now
                startOldWriteBacks()
            }
            if isCheckpointDue { checkpoint() }
            if time.now - lastProbe >= settings.diskProbeInterval {
                lastProbe = time.now
                probeDisk()
            }
        }
    }

    /// Syncs relaxed rounds when their interval is over.
    private func syncRelaxedRoundsIfDue() {
        guard let since = writeAhead.relaxed.since, time.now - since >= settings.syncInterval else { return }
        do throws(DiskError) { try writeAhead.relaxed.sync() } catch { goOffline(error.description) }
    }

    private var isCheckpointDue: Bool {
        if writeAhead.liveBytes >= settings.checkpointBytes { return true }
        if hasUnsavedQuarantines.load(ordering: .acquiring) { return true }
        return written.withLock { written in
            written.dirtySince.map { time.now - $0 >= settings.checkpointInterval } ?? false
        }
    }

    private func prepareBlock() {
        do throws(DiskError) {
            // Zeros must not take the room that the reserve keeps.
            guard try disk.freeBytes() > settings.diskReserveBytes + Int64(settings.writeAheadBlockBytes) else {
                return
            }
            _ = try writeAhead.prepareBlock()
        } catch {
            logger.warning("a block of the write-ahead log was not prepared", [("reason", error.description)])
        }
    }

    /// Starts the write-back of what the commit thread found worth it.
    private func startWriteBacks() {
        let ranges = writeBacks.withLock { ranges in
            defer { ranges.removeAll(keepingCapacity: true) }
            return ranges
        }
        for range in ranges {
            guard let file = try? context.open.file(range.path, .read) else { continue }
            file.startWriteBack(from: range.position, count: range.count)
        }
    }

    /// Starts the write-back of what is small but has waited for a while, so that a checkpoint finds little to do.
    private func startOldWriteBacks() {
        for partition in written.withLock({ $0.dirty }) {
            guard let back = partition.files.withLock({ $0.takeWriteBack(from: 1) }),
                let file = try? context.open.file(back.path, .read)
            else { continue }
            file.startWriteBack(from: back.position, count: back.count)
        }
    }

    /// Looks at the free space: below the reserve only Tidings's own topics are written; a full disk is tried again.
    ///
    /// Called by the housekeeping thread, or by a test that has started none.
    package func probeDisk() {
        let free: Int64
        do throws(DiskError) { free = try disk.freeBytes() } catch {
            logger.warning("the free space is not known", [("reason", error.description)])
            return
        }
        let reserve = settings.diskReserveBytes
        enum Change { case none, low, enough, retry }
        let change = staging.withLock { staging -> Change in
            let lack = "events are refused: \(free) bytes are free on the disk, less than the reserve of \(reserve)"
            switch staging.condition {
            case .open where free < reserve:
                staging.condition = .low(lack)
                return .low
            case .low where free < reserve:
                staging.condition = .low(lack)
                return .none
            case .low:
                staging.condition = .open
                return .enough
            case .full where free > 0: return .retry
            default: return .none
            }
        }
        switch change {
        case .none: break
        case .low:
            logger.warning("the disk is nearly full: events are refused", [("free_bytes", String(free))])
        case .enough: logger.notice("the disk has room again: records are taken", [("free_bytes", String(free))])
        case .retry:
            shouldResume.store(true, ordering: .releasing)
            committerBell.ring()
        }
    }
}
