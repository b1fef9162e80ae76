// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the log keeps of producers, and what it says of their transactions.
extension Log {
    /// A producer id that nobody was given before. On a thread that may block.
    func allocateProducerID() -> Result<Int64, LogError> {
        if let id = producerIDs.withLock({ $0.popFirst() }) { return .success(id) }
        return control.withLock { control in
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            var metadata = control.metadata
            let first = metadata.nextProducer
            let (end, overflow) = first.addingReportingOverflow(max(1, settings.producerBlock))
            if overflow { return .failure(LogError(.tooManyProducers, "no producer id is left")) }
            metadata.nextProducer = end
            do throws(DiskError) { try save(&metadata) } catch { return .failure(changeFailed(error)) }
            control.metadata = metadata
            producerIDs.withLock { $0 = first + 1..<end }
            return .success(first)
        }
    }

    package func producers(in partition: PartitionID) -> [ProducerStatus]? {
        guard let found = table.withLock({ $0.partition(partition) }) else { return nil }
        let known = found.tail.withLock { $0.producers.entries }
        return known.sorted { $0.key < $1.key }.map { id, entry in
            ProducerStatus(
                producer: id, epoch: entry.epoch, lastSequence: entry.batches.last?.lastSequence,
                lastHeard: entry.time, coordinatorEpoch: entry.coordinatorEpoch, transactionStart: entry.transaction)
        }
    }

    // MARK: transactions

    /// The aborted transactions with records in a range. On a thread that may block.
    func abortedTransactions(
        in partition: PartitionID, from start: Offset, to end: Offset
    ) -> Result<[AbortedTransaction], LogError> {
        guard let partition = table.withLock({ $0.partition(partition) }) else {
            return .failure(LogError(.unknownTopic, "there is no such partition"))
        }
        return abortedTransactions(in: partition, from: start, to: end)
    }

    func abortedTransactions(
        in partition: Partition, from start: Offset, to end: Offset
    ) -> Result<[AbortedTransaction], LogError> {
        let recent = partition.tail.withLock { $0.aborted }
        var found: [AbortedTransaction] = []
        if start < recent.from {
            do throws(DiskError) {
                found = try partition.files.withLock { files throws(DiskError) in
                    try files.abortedTransactions(from: start, to: end, context)
                }
            } catch {
                return .failure(LogError(error.code == .noHandles ? .overloaded : .offline, error.description))
            }
        }
        let last = found.last?.last
        found += recent.found(from: start, to: end).filter { entry in last.map { entry.last > $0 } ?? true }
        return .success(found)
    }

    /// Notes of batches read from a file whether their records count. On a thread that may block.
    func decide(_ batches: [StoredBatch], in partition: Partition) {
        for batch in batches where batch.isTransactional && !batch.isControl {
            if let fate = partition.tail.withLock({ $0.fate(of: batch) }) {
                batch.decide(fate)
                continue
            }
            guard
                case .success(let found) = abortedTransactions(
                    in: partition, from: batch.baseOffset, to: batch.lastOffset.next)
            else {
                // Nobody is shown what might not count; it is read again.
                batch.decide(.open)
                continue
            }
            let isAborted = found.contains { $0.producer == batch.producerID && $0.first <= batch.baseOffset }
            batch.decide(isAborted ? .aborted : .counts)
        }
    }

    // MARK: snapshots

    /// What a checkpoint has to keep of a partition's producers: nil when the last snapshot is good enough, or when
    /// what is known is of another offset than the files' end.
    func producersToSave(of partition: Partition, _ files: PartitionFiles, always: Bool) -> ProducerTable? {
        let now = time.wall
        let limits = settings.producerLimits
        let (known, end) = partition.tail.withLock { tail in
            tail.forgetIdleProducers(at: now, limits)
            tail.aborted.wrote(upTo: files.end, keeping: settings.maxAbortedInMemory)
            return (tail.producers, tail.end)
        }
        guard end == files.end, files.producersAt != end else { return nil }
        // Nothing to keep moves the place where an opening begins to look, for nothing.
        if known.isEmpty || always || files.bytesSinceSnapshot >= settings.producerSnapshotBytes { return known }
        return nil
    }

    /// What is known of a partition's producers must not go with the batches below `offset`: the next checkpoint keeps it.
    /// - Returns: whether there is anything to keep.
    func mustKeepProducers(of partition: Partition, below offset: Offset) -> Bool {
        guard !partition.tail.withLock({ $0.producers.isEmpty }),
            partition.files.withLock({ $0.producersAt < offset })
        else { return false }
        noteDirty(partition)
        return true
    }

    /// Lists partitions for the last checkpoint whose producers are not in a snapshot.
    func listUnsavedProducers() {
        var listed: [Partition] = []
        for partition in allPartitions {
            partition.files.withLock { files in
                guard files.producersAt != files.end, !files.isListedDirty, !files.isDeleted else { return }
                files.isListedDirty = true
                listed.append(partition)
            }
        }
        written.withLock { $0.dirty.append(contentsOf: listed) }
    }
}

extension PartitionFiles {
    /// Keeps what is known of producers at the end; to be synced.
    mutating func save(_ producers: ProducerTable, _ context: FileContext) throws(DiskError) {
        if !producers.isEmpty {
            let name = SegmentNames.producers(folder, end)
            let file = try context.open.file(name, .create)
            let bytes = ProducerSnapshot(offset: end, table: producers).encoded()
            try file.write(bytes, at: 0)
            try file.truncate(to: Int64(bytes.count))
            noteChange()
            unsyncedSnapshot = name
        }
        producersAt = end
        hasProducerSnapshot = !producers.isEmpty
        bytesSinceSnapshot = 0
    }

    /// The aborted transactions in the segments' indexes that have records in a range.
    mutating func abortedTransactions(
        from start: Offset, to end: Offset, _ context: FileContext
    ) throws(DiskError) -> [AbortedTransaction] {
        var found: [AbortedTransaction] = []
        for view in try views(context) where view.end > start {
            for entry in try transactions(of: view.base, context) {
                if entry.last >= start, entry.first < end { found.append(entry) }
                // Whatever was aborted later began behind this.
                if entry.lastStable >= end { return found }
            }
        }
        return found
    }

    /// The entries of one segment's index, as far as they are whole.
    func transactions(of base: Offset, _ context: FileContext) throws(DiskError) -> [AbortedTransaction] {
        do throws(DiskError) {
            return Self.entries(try context.disk.contents(of: SegmentNames.transactions(folder, base)))
        } catch {
            if error.code == .missing { return [] }
            throw error
        }
    }

    /// The entries of one segment's index; nil when some of it cannot be read.
    func wholeTransactions(of base: Offset, _ context: FileContext) throws(DiskError) -> [AbortedTransaction]? {
        do throws(DiskError) {
            let bytes = try context.disk.contents(of: SegmentNames.transactions(folder, base))
            let found = Self.entries(bytes)
            return found.count * AbortedTransaction.byteCount == bytes.count ? found : nil
        } catch {
            if error.code == .missing { return [] }
            if error.code == .failed { return nil }
            throw error
        }
    }

    private static func entries(_ bytes: [UInt8]) -> [AbortedTransaction] {
        bytes.withUnsafeBytes { raw in
            var entries: [AbortedTransaction] = []
            var at = 0
            while at + AbortedTransaction.byteCount <= raw.count {
                guard let entry = AbortedTransaction(raw.part(at..<at + AbortedTransaction.byteCount)) else { break }
                entries.append(entry)
                at += AbortedTransaction.byteCount
            }
            return entries
        }
    }
}
