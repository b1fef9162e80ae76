// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

extension Log {
    /// Syncs the partition files, records how far they are synced, and frees the write-ahead log's rounds up to there.
    ///
    /// Called by the housekeeping thread, by ``stop()``, or by a test that has started no threads.
    /// - Returns: whether all rounds written to the files when it began are covered now.
    @discardableResult
    package func checkpoint() -> Bool { checkpoint(savesProducers: false) }

    /// - Parameter savesProducers: whether the next opening is to find everything about producers in snapshots.
    func checkpoint(savesProducers: Bool) -> Bool {
        control.withLock { control in
            guard !control.isClosed, !isOffline else { return false }
            do throws(DiskError) {
                try checkpoint(&control, savesProducers: savesProducers)
                checkpointTrouble.withLock { $0 = nil }
                return true
            } catch {
                if error.isLack {
                    checkpointTrouble.withLock { $0 = error.refusalForLack }
                    logger.warning("a checkpoint was put off", [("reason", error.description)])
                } else {
                    goOffline(error.description)
                }
                return false
            }
        }
    }

    /// The checkpoint itself; the caller holds `control` and judges what went wrong.
    func checkpoint(_ control: inout ControlState, savesProducers: Bool = false) throws(DiskError) {
        _ = catchUp()
        let (round, dirty) = written.withLock { written in
            defer {
                written.dirty.removeAll()
                written.dirtySince = nil
            }
            return (written.round, written.dirty)
        }
        if hasUnsavedQuarantines.exchange(false, ordering: .acquiringAndReleasing) { control.isChanged = true }
        if dirty.isEmpty, round == control.metadata.checkpoint, !control.isChanged { return }
        var works: [(partition: Partition, work: PartitionFiles.CheckpointWork)] = []
        works.reserveCapacity(dirty.count)
        for (place, partition) in dirty.enumerated() {
            // What is known of producers can only be kept when the files are as far as the rounds.
            if partition.files.withLock({ $0.bytesSinceSnapshot >= settings.producerSnapshotBytes }) { _ = catchUp() }
            do throws(DiskError) {
                let work = try partition.files.withLock { files throws(DiskError) in
                    try files.beginCheckpoint(
                        context, producers: producersToSave(of: partition, files, always: savesProducers))
                }
                if let work { works.append((partition, work)) }
            } catch {
                // Nothing was synced yet: all of it is dirty still.
                putBack(seen: dirty[...place], unseen: dirty[(place + 1)...])
                throw error
            }
        }
        for (partition, work) in works {
            do throws(DiskError) {
                for path in work.files { try context.open.sync(path) }
                if work.syncsDirectory { try disk.syncDirectory(partition.folder) }
                partition.files.withLock { $0.finishCheckpoint(work) }
            } catch {
                if error.code == .noHandles {
                    // It could not be opened. What is synced already is listed again too: its record is not kept yet.
                    putBack(seen: works.map(\.partition)[...], unseen: [])
                    throw error
                }
                // A failed sync is never done again, whatever its reason.
                throw DiskError(error.code == .missing ? .missing : .failed, error.description)
            }
        }
        var metadata = control.metadata
        var places: [TopicID: Int] = [:]
        for (place, topic) in metadata.topics.enumerated() { places[topic.id] = place }
        for (partition, work) in works {
            guard let place = places[partition.id.topic] else { continue }
            metadata.topics[place].partitions[Int(partition.id.index)] = work.record
        }
        metadata.checkpoint = round
        metadata.believedTime = house.believed
        metadata.quarantines = quarantined.withLock { $0 }
        do throws(DiskError) {
            try store.save(&metadata)
        } catch {
            guard error.isLack else {
                throw DiskError(.failed, error.description)
            }
            // The files are synced and nothing is listed any more: the next checkpoint records what this one could not.
            control.metadata.topics = metadata.topics
            control.isChanged = true
            throw error
        }
        control.metadata = metadata
        control.isChanged = false
        metrics.checkpoints.add(1)
        for (_, work) in works {
            guard let path = work.obsolete else { continue }
            context.open.forget(prefix: path)
            try? disk.remove(path)
        }
        writeAhead.release(through: round)
        blocksFreed.ring()
    }

    /// Lists again what a checkpoint took and did not sync. What it has seen may have been listed anew meanwhile; what it
    /// has not still counts as listed.
    private func putBack(seen: ArraySlice<Partition>, unseen: ArraySlice<Partition>) {
        var back = Array(unseen)
        for partition in seen {
            partition.files.withLock { files in
                if files.isListedDirty { return }
                files.isListedDirty = true
                back.append(partition)
            }
        }
        written.withLock { written in
            written.dirty.append(contentsOf: back)
            written.dirtySince = written.dirtySince ?? time.now
        }
    }
}
