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
    }

    /// A batch of a partition file.
    package struct Batch: Sendable {
        /// The file, below the data folder.
        package let path: String
        /// Where in the file.
        package let position: Int64
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

    private let disk: any Disk
    private let metadata: LogMetadata
    private let damagedSlots: Int

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
            throw LogError(.corruptMetadata, "the log's metadata (log/meta/a and log/meta/b) cannot be read")
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
                let names = try reading { () throws(DiskError) in try disk.list(folder) }
                found.append(
                    PartitionSummary(
                        topic: topic.description, partition: PartitionID(topic.id, Int32(index)), folder: folder,
                        segments: names.compactMap { SegmentNames.base(ofLog: $0) }.sorted(),
                        start: record.start, checkpointEnd: record.end))
            }
        }
        return found
    }

    /// Hands every whole batch of a partition to `each`, in order, from the one that holds `offset` on, until it answers
    /// false; what is no batch goes to `damaged`.
    package func batches(
        of partition: PartitionSummary, from offset: Offset = .zero, damaged: (Finding) -> Void = { _ in },
        each: (Batch) throws -> Bool
    ) throws {
        var expected: Offset?
        for (place, base) in partition.segments.enumerated() {
            let next = place + 1 < partition.segments.count ? partition.segments[place + 1] : nil
            if let next, next <= max(offset, partition.start) { continue }
            if let expected, base > expected {
                damaged(
                    Finding(
                        severity: .damage, path: SegmentNames.log(partition.folder, base), position: 0,
                        description: "offsets \(expected) to \(base.value - 1) are missing"))
            }
            let limit = next ?? (metadata.isClean ? partition.checkpointEnd : nil)
            var walk = try SegmentWalk(base, until: limit, of: partition, on: disk)
            while let step = try walk.next() {
                switch step {
                case .batch(let batch):
                    if batch.stored.lastOffset < offset { continue }
                    guard try each(batch) else { return }
                case .damage(let position, let reason):
                    let isTail = next == nil && walk.expected >= partition.checkpointEnd
                    damaged(
                        Finding(
                            severity: isTail ? .notice : .damage, path: walk.path, position: position,
                            description: isTail
                                ? reason + "; no checkpoint covers it, the write-ahead log has what counts" : reason))
                }
            }
            expected = walk.expected
        }
        let end = expected ?? partition.start
        if end < partition.checkpointEnd {
            damaged(
                Finding(
                    severity: .damage, path: partition.folder, position: 0,
                    description: "offsets \(end) to \(partition.checkpointEnd.value - 1) are missing at the end"))
        }
    }

    /// Hands every round that can still be read in the write-ahead log to `each`, block by block: those of this life of
    /// the folder.
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

    private func liveRounds() throws(LogError) -> [RecoveryPlan.Located] {
        try reading { () throws(DiskError) in
            var found: [RecoveryPlan.Located] = []
            for name in try disk.list(WriteAheadLog.folder) {
                guard let number = WriteAheadLog.number(ofFile: name) else { continue }
                let file = try disk.open(WriteAheadLog.path(number), .read)
                let bytes = try SharedBytes(capacity: Int(clamping: try file.size())) { room throws(DiskError) in
                    try file.read(into: room, at: 0)
                }
                for round in BlockScan.rounds(in: bytes.buffer, of: metadata.life) {
                    found.append(.init(round: round.round, block: number, position: round.position))
                }
            }
            return found.sorted { $0.round.header.number < $1.round.header.number }
        }
    }

    /// Judges everything: metadata, every batch and record of every partition, the indexes, the live rounds.
    /// - Returns: what is wrong; empty when nothing is.
    package func verify(progress: (PartitionSummary) -> Void = { _ in }) throws(LogError) -> [Finding] {
        var findings: [Finding] = []
        if damagedSlots > 0 {
            findings.append(
                Finding(
                    severity: .notice, path: MetadataStore.folder, position: 0,
                    description: "one slot of the metadata is damaged; the other one is whole"))
        }
        for quarantine in metadata.quarantines {
            findings.append(
                Finding(
                    severity: .damage, path: quarantine.copy.isEmpty ? quarantine.name : quarantine.copy, position: 0,
                    description: "set aside before (offsets \(quarantine.offsets.lowerBound) up to "
                        + "\(quarantine.offsets.upperBound)): \(quarantine.reason)"))
        }
        for partition in try partitions() {
            progress(partition)
            do { try verify(partition, &findings) } catch {
                throw error as? LogError ?? LogError(.offline, "\(error)")
            }
        }
        let plan = RecoveryPlan(found: try liveRounds(), checkpoint: metadata.checkpoint)
        for number in plan.corrupt.prefix(1000) {
            findings.append(
                Finding(
                    severity: .damage, path: WriteAheadLog.folder, position: 0,
                    description: "round \(number) was acknowledged, and is damaged or missing"))
        }
        if let torn = plan.torn {
            findings.append(
                Finding(
                    severity: .notice, path: WriteAheadLog.path(torn.block), position: Int64(torn.position),
                    description: "round \(torn.round.header.number) is unfinished; an opening cuts it off"))
        }
        return findings
    }

    private func verify(_ partition: PartitionSummary, _ findings: inout [Finding]) throws {
        var starts: [String: Set<Int64>] = [:]
        var found: [Finding] = []
        try batches(of: partition, damaged: { found.append($0) }) { batch in
            starts[batch.path, default: []].insert(batch.position << 32 | (batch.header.baseOffset & 0xFFFF_FFFF))
            do throws(RecordError) {
                _ = try batch.stored.records()
            } catch {
                found.append(
                    Finding(
                        severity: .damage, path: batch.path, position: batch.position,
                        description: "the checksum matches, the records do not: \(error.description)"))
            }
            return true
        }
        for base in partition.segments {
            let log = SegmentNames.log(partition.folder, base)
            let known = starts[log] ?? []
            func check(_ path: String, _ place: Int, _ size: Int, _ relative: UInt32, _ position: UInt32) {
                let key = Int64(position) << 32 | ((base.value + Int64(relative)) & 0xFFFF_FFFF)
                if known.contains(key) || relative == 0 && position == 0 { return }
                found.append(
                    Finding(
                        severity: .notice, path: path, position: Int64(place * size),
                        description: "entry \(place) does not point to a batch; the index is a help only"))
            }
            for (place, entry) in SegmentWalk.roundEntries(partition.folder, base, on: disk).enumerated() {
                guard let entry else {
                    found.append(
                        Finding(
                            severity: .notice, path: SegmentNames.rounds(partition.folder, base),
                            position: Int64(place * RoundIndexEntry.byteCount),
                            description: "entry \(place) of the round index is damaged"))
                    continue
                }
                check(
                    SegmentNames.rounds(partition.folder, base), place, RoundIndexEntry.byteCount,
                    entry.relativeOffset, entry.position)
            }
            // Only a closed segment's Kafka index is synced.
            guard base != partition.segments.last else { continue }
            let path = SegmentNames.index(partition.folder, base)
            let bytes = (try? disk.contents(of: path)) ?? []
            for place in 0..<bytes.count / OffsetIndexEntry.byteCount {
                let at = place * OffsetIndexEntry.byteCount
                let (relative, position) = bytes.withUnsafeBytes { raw -> (UInt32, UInt32) in
                    var reader = ByteReader(raw.part(at..<at + OffsetIndexEntry.byteCount))
                    return (reader.number(UInt32.self) ?? 0, reader.number(UInt32.self) ?? 0)
                }
                check(path, place, OffsetIndexEntry.byteCount, relative, position)
            }
        }
        findings.append(contentsOf: found)
    }

    private func reading<Value>(_ work: () throws(DiskError) -> Value) throws(LogError) -> Value {
        do throws(DiskError) { return try work() } catch { throw LogError(.offline, error.description) }
    }
}
