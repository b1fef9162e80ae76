// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

extension Log {
    static let tooManyReads = LogError(.overloaded, "too many reads wait for the disk already")

    static func outOfRange(_ offset: Offset, _ bounds: PartitionBounds) -> LogError {
        LogError(
            .outOfRange, "offset \(offset) lies outside of what is stored: \(bounds.start) to \(bounds.end)",
            resume: offset < bounds.start ? bounds.start : bounds.end)
    }

    /// Reads from the files what is no longer in memory. On a thread that may block.
    func readFiles(_ partition: Partition, from offset: Offset, maxBytes: Int) -> Result<[StoredBatch], LogError> {
        do throws(SegmentReader.Failure) {
            return try undisturbed(partition) { () throws(SegmentReader.Failure) in
                try read(partition, from: offset, maxBytes: maxBytes)
            }
        } catch {
            return .failure(failed(error, at: offset, in: partition))
        }
    }

    /// What a reader is told when the files do not have what it looks for.
    func failed(_ error: SegmentReader.Failure, at offset: Offset, in partition: Partition) -> LogError {
        // What was deleted meanwhile is not damaged.
        if partition.files.withLock({ $0.isDeleted }) {
            return LogError(.unknownTopic, "the topic \(partition.topic) has been deleted")
        }
        let bounds = partition.tail.withLock { $0.bounds }
        if offset < bounds.start { return Log.outOfRange(offset, bounds) }
        switch error {
        case .damage(let damage): return quarantine(damage, in: partition)
        case .disk(let error):
            logger.error(
                "a read failed", [("topic", partition.topic.text), ("reason", error.description)])
            return LogError(error.code == .noHandles ? .overloaded : .offline, error.description)
        }
    }

    private func read(
        _ partition: Partition, from offset: Offset, maxBytes: Int
    ) throws(SegmentReader.Failure) -> Result<[StoredBatch], LogError> {
        var offset = offset
        while true {
            let bounds = partition.tail.withLock { $0.bounds }
            if offset < bounds.start { return .failure(Log.outOfRange(offset, bounds)) }
            if offset >= bounds.end { return .success([]) }
            let view: SegmentView?
            do throws(DiskError) {
                view = try partition.files.withLock { files throws(DiskError) in
                    try files.view(holding: offset, context)
                }
            } catch {
                throw .disk(error)
            }
            guard let view else {
                // Durable, but not in the files yet: then it is in memory.
                if let batches = partition.tail.withLock({ $0.batches(from: offset, maxBytes: maxBytes) }) {
                    return .success(batches)
                }
                // Written to the files, and gone from memory, between the two looks.
                if partition.files.withLock({ $0.end }) > offset { continue }
                let hole = SegmentReader.Damage(
                    at: offset, resume: bounds.end, bytes: 0..<0,
                    reason: "offsets \(offset) to \(bounds.end.value - 1) are missing")
                throw .damage(hole)
            }
            if view.base > offset {
                let hole = SegmentReader.Damage(
                    at: offset, resume: view.base, bytes: 0..<0,
                    reason: "offsets \(offset) to \(view.base.value - 1) are missing")
                throw .damage(hole)
            }
            let generation = view.generation
            if view.isClosed { try findRounds(of: view, partition) }
            var reader = try SegmentReader(view, of: partition.id, context)
            let batches = try reader.batches(from: offset, maxBytes: maxBytes)
            if reader.hasBadIndex { remakeIndexes(of: view, partition) }
            decide(batches, in: partition)
            if !reader.passed.isEmpty, partition.files.withLock({ $0.generation == generation }) {
                for damage in reader.passed { _ = quarantine(damage, in: partition) }
            }
            if !batches.isEmpty { return .success(batches) }
            // The segment ends with a hole: what comes next begins the next segment, or is the end.
            let hole = SegmentReader.Damage(
                at: offset, resume: view.end, bytes: 0..<0,
                reason: "offsets \(offset) to \(view.end.value - 1) are missing")
            if offset < view.end { throw .damage(hole) }
            offset = view.end
        }
    }

    /// Makes the indexes of a segment again that led astray; once, since the batch they led to may be what is damaged.
    private func remakeIndexes(of view: SegmentView, _ partition: Partition) {
        guard partition.files.withLock({ $0.remade.insert(view.base).inserted }) else { return }
        _ = try? rebuildIndexes(of: view, partition)
    }

    /// Makes the index of rounds of a closed segment that has none: all of it counts as of the first round after it. Then
    /// nobody who reads on from a round misses a record; some may come again.
    private func findRounds(of view: SegmentView, _ partition: Partition) throws(SegmentReader.Failure) {
        guard view.byteCount > 0, RoundIndex(view, context).count == 0 else { return }
        let after = try views(of: partition).filter { $0.base > view.base }
        let next = after.lazy.compactMap { [context] in RoundIndex($0, context).entry(0)?.round }.first
        logger.notice(
            "the index of a segment's rounds is made again",
            [
                ("topic", partition.topic.text), ("partition", String(partition.id.index)),
                ("base", view.base.description),
            ])
        do throws(DiskError) {
            try partition.files.withLock { files throws(DiskError) in
                guard files.holds(view) else { return }
                let entry = RoundIndexEntry(round: next ?? lastRound, relativeOffset: 0, position: 0)
                try files.replaceRounds([entry], of: view, context)
            }
        } catch {
            throw .disk(error)
        }
    }

    /// The first offset that is in round `round` or a later one.
    func firstOffset(in partition: Partition, atRound round: UInt64) -> Result<Offset, LogError> {
        do throws(SegmentReader.Failure) {
            return .success(
                try undisturbed(partition) { () throws(SegmentReader.Failure) in
                    try findFirstOffset(in: partition, atRound: round)
                })
        } catch {
            return .failure(failed(error, at: partition.tail.withLock { $0.start }, in: partition))
        }
    }

    private func findFirstOffset(
        in partition: Partition, atRound round: UInt64
    ) throws(SegmentReader.Failure) -> Offset {
        let bounds = partition.tail.withLock { $0.bounds }
        let views = try views(of: partition)
        for view in views where view.isClosed { try findRounds(of: view, partition) }
        // The last segment that begins before the round may hold it; else the next one begins with it or later.
        var (low, high) = (0, views.count)
        while low < high {
            let middle = (low + high) / 2
            if let first = RoundIndex(views[middle], context).entry(0), first.round >= round {
                high = middle
            } else {
                low = middle + 1
            }
        }
        for view in views[max(low - 1, 0)...] {
            if let offset = RoundIndex(view, context).firstOffset(atRound: round) {
                return min(max(offset, bounds.start), bounds.end)
            }
        }
        // Rounds that are durable and not in the files yet.
        let from = views.last?.end ?? bounds.start
        let recent = partition.tail.withLock { $0.batches(from: from, maxBytes: .max) } ?? []
        return recent.first { $0.round >= round }.map { max($0.baseOffset, bounds.start) } ?? bounds.end
    }

    /// Sets a damaged range aside (once), and says to a reader how to go on.
    func quarantine(_ damage: SegmentReader.Damage, in partition: Partition) -> LogError {
        let error = LogError(
            .quarantined,
            "\(partition.topic) partition \(partition.id.index) from offset \(damage.at): \(damage.reason); "
                + "reading can go on at \(damage.resume)",
            resume: damage.resume)
        func isKnown(_ list: [LogQuarantine]) -> Bool {
            list.contains { known in
                // Bytes that no offset is missing for have a place, and no range.
                let isHere =
                    known.offsets.isEmpty
                    ? damage.resume <= damage.at && known.offsets.lowerBound == damage.at
                    : known.offsets.overlaps(damage.at..<max(damage.resume, damage.at.next))
                return known.partition == partition.id && isHere
            }
        }
        if quarantined.withLock({ isKnown($0) }) { return error }
        let (copy, content) = setAside(damage, in: partition)
        let entry = LogQuarantine(
            partition: partition.id, name: partition.topic.text, offsets: damage.at..<max(damage.resume, damage.at),
            copy: copy, foundAt: time.wall, reason: damage.reason, content: content)
        // Another reader may have come to it meanwhile.
        if !note(entry, unless: isKnown), !copy.isEmpty { try? disk.remove(copy) }
        return error
    }

    private func setAside(
        _ damage: SegmentReader.Damage, in partition: Partition
    ) -> (copy: String, content: RecordSalvage?) {
        guard !damage.bytes.isEmpty else { return ("", nil) }
        let name = "\(partition.topic.text)-\(partition.id.index)"
        do {
            let path = try Quarantine.newPath(name, SegmentNames.digits(damage.at) + ".bytes", on: disk)
            let view = try partition.files.withLock { files throws(DiskError) in
                try files.view(holding: damage.at, context)
            }
            guard let view else { return ("", nil) }
            let reader = try SegmentReader(view, of: partition.id, context)
            let bytes = try reader.bytes(damage.bytes, limit: Quarantine.copyLimit)
            let file = try disk.open(path, .create)
            try file.write(bytes, at: 0)
            try file.sync()
            try disk.syncDirectory(Quarantine.folder)
            return (path, bytes.withUnsafeBytes { RecordSalvage($0, isAll: Int64(bytes.count) == damage.bytes.count) })
        } catch {
            logger.error("damaged bytes could not be copied", [("of", name), ("reason", "\(error)")])
            return ("", nil)
        }
    }
}
