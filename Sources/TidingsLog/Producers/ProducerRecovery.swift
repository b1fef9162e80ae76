// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Finds out at an opening what a partition knows of its producers: from the last snapshot, and the batches after it.
/// A snapshot that is missing or damaged is made up for by the whole partition.
struct ProducerRecovery {
    let context: FileContext
    let logger: Logger
    /// Producers found in batches count as heard of at this time.
    let now: WallTime
    /// Whether the folder was left in good order: the indexes of aborted transactions can be trusted then.
    let isClean: Bool

    func run(_ partition: Partition) throws(DiskError) {
        if try !run(partition, readsAll: false) { _ = try run(partition, readsAll: true) }
    }

    /// - Parameter readsAll: whether no snapshot is believed.
    /// - Returns: false when all has to be read: an index lacks what only the batches before the snapshot tell.
    private func run(_ partition: Partition, readsAll: Bool) throws(DiskError) -> Bool {
        let (at, hasSnapshot, end, start) = partition.files.withLock {
            ($0.producersAt, $0.hasProducerSnapshot, $0.end, $0.start)
        }
        if !hasSnapshot, at >= end, !readsAll {
            return isClean ? true : try restoreIndexes(of: partition, AbortedTransactions(from: end), to: end)
        }
        var table = ProducerTable()
        var from = min(at, end)
        var isWhole = true
        if readsAll {
            from = start
            isWhole = false
        } else if hasSnapshot {
            if at <= end, let known = try snapshot(of: partition, at: at) {
                table = known
            } else {
                logger.warning(
                    "what is known of producers is read from all batches: the snapshot is missing or damaged",
                    [("topic", partition.topic.text), ("partition", String(partition.id.index))])
                from = start
                isWhole = false
            }
        }
        from = max(from, start)
        var aborted = AbortedTransactions(from: from)
        try read(partition, from: from, to: end, &table, &aborted)
        if !isClean || !isWhole, try !restoreIndexes(of: partition, aborted, to: end) { return false }
        try removeOthers(of: partition, keeping: isWhole && hasSnapshot ? at : nil)
        partition.files.withLock { files in
            // What was read is not read again: the next checkpoint keeps it.
            if from < end { files.bytesSinceSnapshot = context.settings.producerSnapshotBytes }
            if !isWhole { (files.producersAt, files.hasProducerSnapshot) = (start, false) }
        }
        partition.staged.producers = table
        partition.tail.withLock { $0.restore(table, aborted) }
        return true
    }

    private func snapshot(of partition: Partition, at offset: Offset) throws(DiskError) -> ProducerTable? {
        do throws(DiskError) {
            let bytes = try context.disk.contents(of: SegmentNames.producers(partition.folder, offset))
            let found = bytes.withUnsafeBytes { ProducerSnapshot(decoding: $0) }
            return found.flatMap { $0.offset == offset ? $0.table : nil }
        } catch {
            if error.code == .missing || error.code == .failed { return nil }
            throw error
        }
    }

    private func read(
        _ partition: Partition, from start: Offset, to end: Offset, _ table: inout ProducerTable,
        _ aborted: inout AbortedTransactions
    ) throws(DiskError) {
        var next = start
        while next < end {
            let view = try partition.files.withLock { files throws(DiskError) in
                try files.view(holding: next, context)
            }
            guard let view else { return }
            next = max(next, view.base)
            do throws(SegmentReader.Failure) {
                var reader = try SegmentReader(view, of: partition.id, context)
                let batches = try reader.batches(from: next, maxBytes: 1 << 20)
                for batch in batches { take(batch, &table, &aborted) }
                next = batches.last?.lastOffset.next ?? max(view.end, next.next)
            } catch {
                switch error {
                case .disk(let error):
                    guard error.code == .failed else { throw error }
                    logger.error(
                        "a segment cannot be read: its producers are not known", [("reason", error.description)])
                    next = max(view.end, next.next)
                // Whoever reads it will set it aside.
                case .damage(let damage): next = max(damage.resume, next.next)
                }
            }
        }
    }

    private func take(
        _ batch: StoredBatch, _ table: inout ProducerTable, _ aborted: inout AbortedTransactions
    ) {
        guard batch.producerID >= 0, let header = try? RecordBatchHeader(reading: batch.bytes) else { return }
        if let data = ProducerBatch(header, at: batch.baseOffset) {
            table.take(data, at: now)
        } else if let marker = ProducerMarker(batch), let ended = table.take(marker, at: now) {
            aborted.append(ended, keeping: .max)
        }
    }

    /// Makes the indexes of aborted transactions say durably what the batches say, from where those were read.
    /// - Returns: false when one cannot be read that says more than these batches.
    private func restoreIndexes(
        of partition: Partition, _ aborted: AbortedTransactions, to end: Offset
    ) throws(DiskError) -> Bool {
        let segments = try partition.files.withLock { files throws(DiskError) -> [(base: Offset, end: Offset)] in
            // The last one alone, without looking for the others, when there was nothing to read.
            if aborted.from >= end { return [(files.active.base, files.end)] }
            return try files.views(context).filter { $0.end > aborted.from }.map { ($0.base, $0.end) }
        }
        for view in segments {
            let found = try partition.files.withLock { files throws(DiskError) in
                try files.wholeTransactions(of: view.base, context)
            }
            if found == nil {
                logger.warning(
                    "an index of aborted transactions cannot be read: it is made again",
                    [("topic", partition.topic.text), ("partition", String(partition.id.index))])
                if view.base < aborted.from, partition.files.withLock({ $0.start }) < aborted.from { return false }
            }
            let known = found ?? []
            let right =
                known.filter { $0.last < aborted.from }
                + aborted.all.filter { $0.last >= view.base && $0.last < view.end }
            if found != nil, right == known {
                // What a process wrote that was killed is there, and not synced.
                if !known.isEmpty {
                    let path = SegmentNames.transactions(partition.folder, view.base)
                    try context.open.sync(path)
                    partition.files.withLock { $0.noteChange(ofTransactions: view.base) }
                }
                continue
            }
            var bytes = ByteBuffer(capacity: right.count * AbortedTransaction.byteCount + 1)
            for entry in right { entry.append(to: &bytes) }
            let path = SegmentNames.transactions(partition.folder, view.base)
            let file = try context.open.file(path, .create)
            try file.truncate(to: 0)
            try file.write(bytes.bytes, at: 0)
            try context.open.sync(path)
            partition.files.withLock { $0.noteChange(ofTransactions: view.base) }
        }
        return true
    }

    /// Removes snapshots that nothing speaks of: a crash came between them and the metadata.
    private func removeOthers(of partition: Partition, keeping offset: Offset?) throws(DiskError) {
        if isClean { return }
        let kept = offset.map { SegmentNames.producers(partition.folder, $0) }
        let names: [String]
        do throws(DiskError) { names = try context.disk.list(partition.folder) } catch {
            if error.code == .missing { return }
            throw error
        }
        for name in names where name.hasSuffix(".snapshot") {
            let path = partition.folder + "/" + name
            if path == kept { continue }
            context.open.forget(prefix: path)
            try context.disk.remove(path)
        }
    }
}
