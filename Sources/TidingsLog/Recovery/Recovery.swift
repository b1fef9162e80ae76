// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

/// Brings the partition files up to the last durable round, after an end that was not clean.
final class Recovery {
    private let opening: FolderOpening
    private let partitions: [TopicID: [Partition]]
    /// The metadata; after ``run(blocks:)`` it speaks of everything durable, and nothing of the write-ahead log counts.
    private(set) var metadata: LogMetadata
    /// What was found and done.
    private(set) var report = RecoveryReport()
    private var touched: [PartitionID: Partition] = [:]
    /// What the files of partitions hold beyond the checkpoint, when rounds are damaged: batches by offset.
    private var salvage: [PartitionID: [SalvagedBatch]] = [:]

    init(_ opening: FolderOpening, partitions: [TopicID: [Partition]], metadata: LogMetadata) {
        self.opening = opening
        self.partitions = partitions
        self.metadata = metadata
    }

    private var logger: Logger { opening.logger }
    private var disk: any Disk { opening.disk }
    private var context: FileContext { opening.context }

    func run(blocks: [(number: UInt32, byteCount: Int64)]) throws(DiskError) {
        let plan = try plan(blocks.map(\.number))
        report.rounds = plan.replay.count
        report.damagedRounds = plan.corrupt.count + plan.hidden.count
        for cut in plan.cut {
            report.cutBytes += cut.byteCount
            logger.notice(
                "an unfinished round was cut off: nobody was told of it",
                [
                    ("round", String(cut.number)), ("bytes", String(cut.byteCount)),
                    ("path", WriteAheadLog.path(cut.block)), ("position", String(cut.position)),
                ])
        }
        let isDamaged = !plan.corrupt.isEmpty || !plan.hidden.isEmpty
        if !plan.corrupt.isEmpty {
            logger.error(
                "acknowledged rounds are damaged in the write-ahead log",
                [("rounds", plan.corrupt.prefix(20).map(String.init).joined(separator: " "))])
        }
        for hole in plan.hidden {
            logger.error(
                "the end of the write-ahead log cannot be read: acknowledged rounds may have been there",
                [("path", WriteAheadLog.path(hole.block)), ("position", String(hole.position))])
        }
        if isDamaged {
            for partition in partitions.values.joined() { try gatherSalvage(partition) }
            try setDamagedBlocksAside(plan)
        }
        try replay(plan)
        try settle(plan)
        if plan.lastRound > metadata.checkpoint {
            logger.notice(
                "the log was recovered", [("rounds", String(plan.lastRound - metadata.checkpoint))])
        }
        metadata.checkpoint = plan.lastRound
        if isDamaged || plan.hasRelaxed || metadata.topics.contains(where: { $0.settings.durability.isRelaxed }) {
            // Rounds that a power loss took had been told: their numbers are not given again. The write-ahead log had
            // room for no more than these.
            metadata.checkpoint += WriteAheadLog.mostRounds(blocks.map(\.byteCount), opening.settings)
        }
    }

    /// Looks through the blocks, one round in memory at a time.
    private func plan(_ blocks: [UInt32]) throws(DiskError) -> RecoveryPlan {
        var found: [RecoveryPlan.Located] = []
        var strays: [RecoveryPlan.Stray] = []
        var holes: [RecoveryPlan.Hole] = []
        for number in blocks {
            let reader = try reader(of: number)
            let rounds = try reader.rounds(of: metadata.life, verifies: opening.settings.verifies)
            if !reader.unreadable.isEmpty {
                logger.error(
                    "parts of the write-ahead log cannot be read",
                    [("path", WriteAheadLog.path(number)), ("pages", String(reader.unreadable.count))])
            }
            var holesLeft = reader.unreadable
            for round in rounds.found {
                let pages = stride(
                    from: round.position, to: round.position + round.round.header.paddedByteCount,
                    by: RoundHeader.alignment)
                let isUnreadable = round.round.condition != .whole && pages.contains { reader.unreadable.contains($0) }
                holesLeft.subtract(pages)
                found.append(
                    .init(
                        round: round.round, block: number, position: round.position, isUnreadable: isUnreadable))
                if !round.hasCleanPadding, round.round.header.number > metadata.checkpoint {
                    report.damagedPadding += 1
                    logger.warning(
                        "bytes behind a round are not as they were written; no record lies there",
                        [("round", String(round.round.header.number)), ("path", WriteAheadLog.path(number))])
                }
            }
            holes += holesLeft.sorted().map { .init(block: number, position: $0) }
            for stray in rounds.strays {
                strays.append(.init(number: stray.number, block: number, position: stray.position))
            }
        }
        return RecoveryPlan(found: found, strays: strays, holes: holes, checkpoint: metadata.checkpoint)
    }

    private func reader(of block: UInt32) throws(DiskError) -> BlockReader {
        try BlockReader(disk.open(WriteAheadLog.path(block), .read))
    }

    // MARK: replay

    private func replay(_ plan: RecoveryPlan) throws(DiskError) {
        var block: (number: UInt32, reader: BlockReader)?
        for located in plan.replay {
            if block?.number != located.block { block = (located.block, try reader(of: located.block)) }
            guard let reader = block?.reader else { continue }
            let bytes = try reader.bytes(at: located.position, count: located.round.header.paddedByteCount)
            guard let round = Round(bytes, verifies: opening.settings.verifies) else { continue }
            for entry in round.entries {
                guard let partition = partition(entry.partition) else { continue }
                try restore(entry, in: bytes, round.header, partition)
            }
        }
        // Rounds whose headers are gone: what the files have of them is all there is.
        for (id, batches) in salvage {
            guard let partition = self.partition(id), let last = batches.last else { continue }
            try fill(partition, upTo: last.end, round: plan.lastRound)
        }
    }

    private func partition(_ id: PartitionID) -> Partition? {
        guard let all = partitions[id.topic], id.index >= 0, Int(id.index) < all.count else { return nil }
        return all[Int(id.index)]
    }

    private func restore(
        _ entry: RoundEntry, in round: UnsafeRawBufferPointer, _ header: RoundHeader, _ partition: Partition
    ) throws(DiskError) {
        let batch = entry.batch(in: round, verifies: opening.settings.verifies)
        touched[partition.id] = partition
        let end = partition.files.withLock { $0.end }
        if entry.endOffset <= end { return }
        // What a power loss took of a relaxed topic, and what came behind it there, was promised to nobody.
        if header.isRelaxed, batch == nil || entry.baseOffset > end { return }
        if entry.baseOffset > end { try fill(partition, upTo: entry.baseOffset, round: header.number) }
        guard let batch else {
            try fill(partition, upTo: entry.endOffset, round: header.number)
            let end = min(round.count, entry.position + entry.byteCount)
            let damaged = round.part(min(entry.position, end)..<end)
            return giveUp(partition, entry.endOffset, RecordSalvage(damaged))
        }
        giveUp(partition, entry.baseOffset)
        try append(batch, entry.baseOffset, entry.endOffset, header.number, partition)
    }

    private func append(
        _ batch: UnsafeRawBufferPointer, _ base: Offset, _ end: Offset, _ round: UInt64, _ partition: Partition
    ) throws(DiskError) {
        try partition.files.withLock { files throws(DiskError) in
            try files.load(context)
            try files.append(
                batch, [BatchPlace(baseOffset: base, endOffset: end, range: 0..<batch.count)], round: round, context)
        }
    }

    // MARK: damaged rounds

    private struct SalvagedBatch {
        let base: Offset
        let end: Offset
        let bytes: SharedBytes
    }

    /// Takes the batches that lie in a partition's files beyond the checkpoint: they were written after their round was
    /// synced, and may have survived it.
    private func gatherSalvage(_ partition: Partition) throws(DiskError) {
        let record = partition.files.withLock { $0.record }
        var bases: [Offset] = []
        do throws(DiskError) {
            for name in try disk.list(partition.folder) {
                if let base = SegmentNames.base(ofLog: name), base >= record.activeBase { bases.append(base) }
            }
        } catch {
            if error.code == .missing { return }
            throw error
        }
        var expected = record.end
        var batches: [SalvagedBatch] = []
        for base in bases.sorted() {
            let file = try disk.open(SegmentNames.log(partition.folder, base), .read)
            var position = base == record.activeBase ? record.activeBytes : 0
            let size = try file.size()
            while let start = try? file.bytes(at: position, count: RecordBatchHeader.byteCount),
                let total = RecordBatchHeader.totalByteCount(start.buffer), position + Int64(total) <= size,
                let bytes = try? file.bytes(at: position, count: total),
                let header = try? RecordBatchHeader(verifying: bytes.buffer), header.baseOffset == expected.value
            {
                let end = Offset(header.lastOffset).next
                batches.append(SalvagedBatch(base: expected, end: end, bytes: bytes))
                expected = end
                position += Int64(total)
            }
            if position < size { try keep(position..<size, of: file, at: base, partition) }
        }
        if !batches.isEmpty { salvage[partition.id] = batches }
    }

    /// Copies what lies behind the last batch that could be salvaged: it is cut or written over, and whole batches may be
    /// among it.
    private func keep(
        _ range: Range<Int64>, of file: any DiskFile, at base: Offset, _ partition: Partition
    ) throws(DiskError) {
        let name = "\(partition.topic.text)-\(partition.id.index)"
        let path = "\(Quarantine.folder)/\(name)-\(SegmentNames.digits(base))-\(metadata.life.generation).tail"
        try copy(range, of: file, to: path)
        opening.setAside(
            LogQuarantine(
                partition: nil, name: name, offsets: .zero ..< .zero, copy: path, foundAt: opening.time.wall,
                reason: "bytes \(range.lowerBound) to \(range.upperBound) of the segment at \(base) were written after "
                    + "the last checkpoint, and do not follow what could be read"))
    }

    private func copy(_ range: Range<Int64>, of file: any DiskFile, to path: String) throws(DiskError) {
        let copy = try disk.open(path, .create)
        try copy.truncate(to: 0)
        try file.copy(range, to: copy)
        try copy.sync()
        try disk.syncDirectory(Quarantine.folder)
    }

    /// Appends what was salvaged between the partition's end and `offset`, as far as it goes.
    private func fill(_ partition: Partition, upTo offset: Offset, round: UInt64) throws(DiskError) {
        for batch in salvage[partition.id] ?? [] {
            let end = partition.files.withLock { $0.end }
            guard batch.base >= end else { continue }
            guard batch.base == end, batch.end <= offset else { return }
            touched[partition.id] = partition
            try append(batch.bytes.buffer, batch.base, batch.end, round, partition)
        }
    }

    /// Notes that what lies between the partition's end and `offset` is lost, and goes on behind it.
    private func giveUp(_ partition: Partition, _ offset: Offset, _ content: RecordSalvage? = nil) {
        let end = partition.files.withLock { files -> Offset in
            defer { files.skip(to: offset) }
            return files.end
        }
        guard end < offset else { return }
        opening.setAside(
            LogQuarantine(
                partition: partition.id, name: partition.topic.text, offsets: end..<offset, copy: "",
                foundAt: opening.time.wall,
                reason: "its round of the write-ahead log is damaged, and the partition's file does not have it",
                content: content))
    }

    /// Copies the blocks with damaged rounds before they are used again.
    private func setDamagedBlocksAside(_ plan: RecoveryPlan) throws(DiskError) {
        var damaged = Set(plan.hidden.map(\.block))
        for number in plan.corrupt {
            if let at = plan.replay.last(where: { $0.round.header.number <= number }) { damaged.insert(at.block) }
            if let at = plan.replay.first(where: { $0.round.header.number >= number }) { damaged.insert(at.block) }
        }
        for block in damaged.sorted() {
            let path = "\(Quarantine.folder)/wal-\(block)-\(metadata.life.generation).bytes"
            let file = try disk.open(WriteAheadLog.path(block), .read)
            try copy(0..<file.size(), of: file, to: path)
            opening.setAside(
                LogQuarantine(
                    partition: nil, name: "write-ahead log", offsets: .zero ..< .zero, copy: path,
                    foundAt: opening.time.wall,
                    reason: plan.corrupt.isEmpty
                        ? "its end cannot be read, where acknowledged rounds may have been"
                        : "rounds \(plan.corrupt.prefix(20).map(String.init).joined(separator: ", ")) are damaged"))
        }
    }

    // MARK: the end

    /// Cuts what an unfinished write left behind the recovered records, and syncs everything that was touched.
    private func settle(_ plan: RecoveryPlan) throws(DiskError) {
        // What was filed of relaxed rounds may have outlived them.
        for topic in metadata.topics where plan.hasRelaxed || topic.settings.durability.isRelaxed {
            for partition in partitions[topic.id] ?? [] { touched[partition.id] = partition }
        }
        for partition in touched.values.sorted(by: { $0.id < $1.id }) {
            let work = try partition.files.withLock { files throws(DiskError) in
                try files.cutTail(context)
                return try files.beginCheckpoint(context)
            }
            guard let work else { continue }
            for path in work.files { try context.open.sync(path) }
            if work.syncsDirectory { try disk.syncDirectory(partition.folder) }
            partition.files.withLock { $0.finishCheckpoint(work) }
            guard let place = metadata.topics.firstIndex(where: { $0.id == partition.id.topic }) else { continue }
            metadata.topics[place].partitions[Int(partition.id.index)] = work.record
            partition.staged.nextOffset = work.record.end
            partition.tail.withLock {
                $0.reset(start: work.record.start, end: work.record.end, byteCount: work.record.totalBytes)
            }
        }
    }
}
