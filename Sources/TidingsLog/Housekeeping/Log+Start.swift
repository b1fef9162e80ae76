// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension Log {
    /// Moves the start of a partition to `offset`: never backward, never past the end. On a thread that may block.
    func deleteRecords(_ id: PartitionID, before offset: Offset) -> Result<Offset, LogError> {
        control.withLock { control in
            guard let partition = table.withLock({ $0.partition(id) }) else {
                return .failure(LogError(.unknownTopic, "there is no such partition"))
            }
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            do throws(DiskError) {
                return .success(try moveStart(of: partition, to: offset, &control))
            } catch {
                return .failure(changeFailed(error))
            }
        }
    }

    /// Moves a partition's start, durably, and removes the segments that end before it.
    /// - Returns: the start.
    func moveStart(
        of partition: Partition, to offset: Offset, _ control: inout ControlState
    ) throws(DiskError) -> Offset {
        let bounds = partition.tail.withLock { $0.bounds }
        let target = min(offset, bounds.end)
        guard target > bounds.start,
            let place = control.metadata.topics.firstIndex(where: { $0.id == partition.id.topic })
        else { return bounds.start }
        _ = catchUp()
        // When nothing is left, the space of the segment that is written to comes back too, if it is worth a new file.
        let worth = Int64(min(64 << 10, settings.segmentBytes / 4))
        let (going, isClosed) = try partition.files.withLock { files throws(DiskError) in
            let closes = target >= files.end && files.active.byteCount >= worth
            let isClosed = closes ? try files.closeActive(context) : false
            try files.load(context)
            return (files.segments(before: target), isClosed)
        }
        if isClosed { noteDirty(partition) }
        // The metadata must not speak of a synced segment that is gone, nor of a start that it has not reached.
        let record = control.metadata.topics[place].partitions[Int(partition.id.index)]
        let keepsProducers = mustKeepProducers(of: partition, below: target)
        if going.start > record.activeBase || target > record.end || keepsProducers {
            try checkpoint(&control, savesProducers: keepsProducers)
            guard control.metadata.topics[place].partitions[Int(partition.id.index)].end >= target else {
                throw DiskError(.noSpace, "\(partition.folder) has not got the records that are to be deleted")
            }
        }
        var metadata = control.metadata
        metadata.topics[place].partitions[Int(partition.id.index)].start = target
        metadata.topics[place].partitions[Int(partition.id.index)].totalBytes -= going.bytes
        try save(&metadata)
        control.metadata = metadata
        partition.tail.withLock { $0.moveStart(to: target, lessBytes: going.bytes) }
        try partition.files.withLock { files throws(DiskError) in
            try files.removeFirst(going.count, start: target, context)
        }
        return target
    }

    /// Lists a partition for the next checkpoint.
    func noteDirty(_ partition: Partition) {
        let isNew = partition.files.withLock { files -> Bool in
            defer { files.isListedDirty = true }
            return !files.isListedDirty && !files.isDeleted
        }
        guard isNew else { return }
        written.withLock { written in
            written.dirty.append(partition)
            if written.dirtySince == nil { written.dirtySince = time.now }
        }
    }
}
