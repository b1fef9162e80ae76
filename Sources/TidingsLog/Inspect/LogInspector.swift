// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Reads a data folder without changing anything: what `tidings log dump` shows and `tidings log verify` judges. The
/// folder need not be locked; while a server runs, the ends of the files move.
package struct LogInspector {
    /// What is wrong, and where.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// How much it matters.
        package enum Severity: String, Sendable {
            /// Acknowledged records cannot be read.
            case damage
            /// Nothing is lost: an index, a spare slot, a tail that a recovery cuts.
            case notice
        }
        /// How much it matters.
        package let severity: Severity
        /// The file, below the data folder.
        package let path: String
        /// Where in the file.
        package let position: Int64
        /// What was found, in a sentence.
        package let description: String
    }

    /// A partition as the folder has it.
    package struct PartitionSummary: Sendable, Hashable {
        /// The topic.
        package let topic: TopicDescription
        /// The partition.
        package let partition: PartitionID
        /// Its folder, below the data folder.
        package let folder: String
        /// The base offsets of its segments, in order.
        package let segments: [Offset]
        /// The first offset that counts, by the metadata.
        package let start: Offset
        /// The offset after the last one a checkpoint synced, by the metadata.
        package let checkpointEnd: Offset
        /// Files of segments that were written anew and do not have their names yet: a stop came between, or comes.
        let swaps: [Offset: String]

        /// The file of a segment, below the data folder.
        func path(of segment: Offset) -> String { swaps[segment] ?? SegmentNames.log(folder, segment) }
    }

    /// A batch of a partition file.
    package struct Batch: Sendable {
        /// The file, below the data folder: the partition's, or the write-ahead log's for what is only there.
        package let path: String
        /// Where in the file.
        package let position: Int64
        /// The base offset of the segment it lies in; its own in the write-ahead log.
        let segment: Offset
        /// Its header.
        package let header: RecordBatchHeader
        /// The batch, to read its records from. Its `round` is 0 when the round index does not know it.
        package let stored: StoredBatch
    }

    /// A round of the write-ahead log.
    package struct RoundSummary: Sendable {
        /// The file, below the data folder.
        package let path: String
        /// Where in the file.
        package let position: Int64
        /// Its number.
        package let number: UInt64
        /// The life of the folder it was written in.
        package let generation: UInt32
        /// When it was written.
        package let time: WallTime
        /// Whether all its checksums match.
        package let isWhole: Bool
        /// Whether a checkpoint has not covered it yet.
        package let isLive: Bool
        /// Its batches: partition, base offset, records, bytes. Empty when its table is damaged.
        package let entries: [(partition: PartitionID, baseOffset: Offset, records: Int32, bytes: Int)]
    }

    let disk: any Disk
    let metadata: LogMetadata
    let damagedSlots: Int

    /// Reads the folder's metadata.
    /// - Throws: `.unknownFormat`, `.corruptMetadata`, or `.offline` with what the disk said.
    package init(disk: any Disk) throws(LogError) {
        self.disk = disk
        let format: String
        do throws(DiskError) {
            format = String(decoding: try disk.contents(of: "format"), as: UTF8.self)
        } catch {
            throw LogError(
                error.code == .missing ? .unknownFormat : .offline, "this is no data folder: \(error.description)")
        }
        guard format == FolderOpening.formatText else {
            throw LogError(.unknownFormat, "the data folder's format is '\(format.prefix { $0 != "\n" }.prefix(60))'")
        }
        let found: MetadataStore.Found
        do throws(DiskError) { found = try MetadataStore(disk: disk).load() } catch {
            throw LogError(.offline, error.description)
        }
        guard case .metadata(let metadata, let damaged) = found else {
            throw LogError(
                .corruptMetadata,
                "the log's metadata (log/meta/a and log/meta/b) cannot be read; `tidings log repair` rebuilds it")
        }
        self.metadata = metadata
        damagedSlots = damaged
    }

    /// The last round that a checkpoint covered.
    package var checkpoint: UInt64 { metadata.checkpoint }
    /// Whether the folder was left by a clean stop.
    package var isClean: Bool { metadata.isClean }
    /// What was set aside, as the metadata remembers it.
    package var quarantines: [LogQuarantine] { metadata.quarantines }

    /// All partitions, by topic and index.
    package func partitions() throws(LogError) -> [PartitionSummary] {
        var found: [PartitionSummary] = []
        for topic in metadata.topics.sorted(by: { $0.id < $1.id }) {
            for (index, record) in topic.partitions.enumerated() {
                let folder = SegmentNames.folder(topic.name, Int32(index))
                let names = try reading { () throws(DiskError) -> [String] in
                    do throws(DiskError) { return try disk.list(folder) } catch {
                        // The others are looked at all the same.
                        if error.code == .missing { return [] }
                        throw error
                    }
                }
                var segments = Set(names.compactMap { SegmentNames.base(ofLog: $0) })
                var swaps: [Offset: String] = [:]
                for name in names {
                    guard let (base, end) = Self.swap(named: name) else { continue }
                    segments = segments.filter { $0 < base || $0 >= end }.union([base])
                    swaps[base] = folder + "/" + name
                }
                found.append(
                    PartitionSummary(
                        topic: topic.description, partition: PartitionID(topic.id, Int32(index)), folder: folder,
                        segments: segments.sorted(), start: record.start, checkpointEnd: record.end, swaps: swaps))
            }
        }
        return found
    }

    /// The segments that a file `<base>.log.swap-<end>` stands for: all that begin in this range.
    private static func swap(named name: String) -> (base: Offset, end: Offset)? {
        let parts = name.split(separator: ".swap-")
        guard parts.count == 2, let base = SegmentNames.base(ofLog: String(parts[0])),
            let end = Int64(parts[1]).flatMap({ Offset(decoding: $0) })
        else { return nil }
        return (base, end)
    }

    /// Hands every whole batch of a partition to `each`, in order, from the one that holds `offset` on, until it answers
    /// false: those in its files, then those that only the write-ahead log has. What is no batch goes to `damaged`.
    package func batches(
        of partition: PartitionSummary, from offset: Offset = .zero, damaged: (Finding) -> Void = { _ in },
        each: (Batch) throws -> Bool
    ) throws {
        guard let end = try storedBatches(of: partition, from: offset, damaged: damaged, each: each) else { return }
        var expected = end
        for located in try liveRounds() where located.round.header.number > metadata.checkpoint {
            for batch in batches(of: located) where batch.stored.partition == partition.partition {
                guard batch.stored.baseOffset >= expected else { continue }
                expected = batch.stored.lastOffset.next
                if batch.stored.lastOffset < offset { continue }
                guard try each(batch) else { return }
            }
        }
    }

    /// Hands every whole batch of a partition's files to `each`, in order.
    /// - Parameter ended: called after the last batch of each segment that was read from its beginning.
    /// - Returns: the offset after the last one; nil when `each` answered false.
    func storedBatches(
        of partition: PartitionSummary, from offset: Offset = .zero, damaged: (Finding) -> Void = { _ in },
        ended: (_ segment: Offset) -> Void = { _ in }, each: (Batch) throws -> Bool
    ) throws -> Offset? {
        var expected = partition.start
        for (place, base) in partition.segments.enumerated() {
            let next = place + 1 < partition.segments.count ? partition.segments[place + 1] : nil
            if let next, next <= max(offset, partition.start) {
                expected = max(expected, next)
                continue
            }
            // No checkpoint covers what comes: a crash took some of it, and the write-ahead log has all of it.
            if base > expected, expected >= partition.checkpointEnd, !metadata.isClean { break }
            if base > expected {
                damaged(
                    Finding(
                        severity: .damage, path: partition.path(of: base), position: 0,
                        description: "offsets \(expected) to \(base.value - 1) are missing"))
            }
            let limit = next ?? (metadata.isClean ? partition.checkpointEnd : nil)
            var walk: SegmentWalk
            do throws(DiskError) {
                walk = try SegmentWalk(base, until: limit, of: partition, on: disk)
            } catch {
                damaged(
                    Finding(
                        severity: .damage, path: partition.path(of: base), position: 0,
                        description: "cannot be opened: \(error.description)"))
                continue
            }
            var reached = walk.expected
            while let step = try walk.next() {
                defer { reached = walk.expected }
                switch step {
                case .batch(let batch):
                    if batch.stored.lastOffset < offset { continue }
                    guard try each(batch) else { return nil }
                case .damage(let position, let reason):
                    let isTail = reached >= partition.checkpointEnd && (next == nil || !metadata.isClean)
                    damaged(
                        Finding(
                            severity: isTail ? .notice : .damage, path: walk.path, position: position,
                            description: isTail
                                ? reason + "; no checkpoint covers it, the write-ahead log has what counts" : reason))
                    if isTail { return reached }
                }
            }
            expected = walk.expected
            ended(base)
        }
        if expected < partition.checkpointEnd {
            damaged(
                Finding(
                    severity: .damage, path: partition.folder, position: 0,
                    description: "offsets \(expected) to \(partition.checkpointEnd.value - 1) are missing at the end"))
        }
        return expected
    }

    /// Hands every round that can still be read in the write-ahead log to `each`, by number: those of this life of the
    /// folder.
    package func rounds(_ each: (RoundSummary) throws -> Bool) throws {
        for found in try liveRounds() {
            let header = found.round.header
            let summary = RoundSummary(
                path: WriteAheadLog.path(found.block), position: Int64(found.position), number: header.number,
                generation: header.life.generation, time: header.time, isWhole: found.round.condition == .whole,
                isLive: header.number > metadata.checkpoint,
                entries: found.round.entries.map { ($0.partition, $0.baseOffset, $0.recordCount, $0.byteCount) })
            guard try each(summary) else { return }
        }
    }

    /// - Parameter unreadable: told of each block that the disk cannot read in whole, and what of it.
    func liveRounds(
        unreadable: (_ path: String, _ position: Int64, _ reason: String) -> Void = { _, _, _ in }
    ) throws(LogError) -> [RecoveryPlan.Located] {
        try reading { () throws(DiskError) in
            var found: [RecoveryPlan.Located] = []
            for name in try disk.list(WriteAheadLog.folder) {
                guard let number = WriteAheadLog.number(ofFile: name) else { continue }
                let path = WriteAheadLog.path(number)
                let file = try disk.open(path, .read)
                let bytes: SharedBytes
                do throws(DiskError) {
                    let (read, missing) = try file.bytesAround(at: 0, count: Int(clamping: file.size()))
                    if let first = missing.first { unreadable(path, first, "\(missing.count) pages cannot be read") }
                    bytes = read
                } catch {
                    guard error.code == .failed else { throw error }
                    unreadable(path, 0, "nothing of it can be read: \(error.description)")
                    continue
                }
                for round in BlockScan.rounds(in: bytes.buffer, of: metadata.life) {
                    found.append(.init(round: round.round, block: number, position: round.position))
                }
            }
            return found.sorted { $0.round.header.number < $1.round.header.number }
        }
    }

    /// The batches of a round that are whole, read again: a running server may have used the block for others since.
    private func batches(of located: RecoveryPlan.Located) -> [Batch] {
        let path = WriteAheadLog.path(located.block)
        guard let file = try? disk.open(path, .read) else { return [] }
        return located.round.entries.compactMap { entry in
            let position = Int64(located.position + entry.position)
            guard let bytes = try? file.bytes(at: position, count: entry.byteCount),
                let header = try? RecordBatchHeader(verifying: bytes.buffer), header.totalByteCount == bytes.count,
                header.baseOffset == entry.baseOffset.value
            else { return nil }
            return Batch(
                path: path, position: position, segment: entry.baseOffset, header: header,
                stored: StoredBatch(
                    partition: entry.partition, baseOffset: entry.baseOffset, lastOffset: Offset(header.lastOffset),
                    round: located.round.header.number, owner: bytes, range: 0..<bytes.count))
        }
    }

    func reading<Value>(_ work: () throws(DiskError) -> Value) throws(LogError) -> Value {
        do throws(DiskError) { return try work() } catch { throw LogError(.offline, error.description) }
    }
}
