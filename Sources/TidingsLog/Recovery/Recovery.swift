// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

/// Brings the partition files up to the last durable round, after an end that was not clean.
final class Recovery {
    let opening: FolderOpening
    let partitions: [TopicID: [Partition]]
    /// The metadata; after ``run(blocks:)`` it speaks of everything durable, and nothing of the write-ahead log counts.
    private(set) var metadata: LogMetadata
    /// What was found and done.
    private(set) var report = RecoveryReport()
    var touched: [PartitionID: Partition] = [:]
    /// What the files of partitions hold beyond the checkpoint, where rounds do not have it.
    var filed: [PartitionID: FiledBatches] = [:]
    /// What the files had before anything was written again.
    let before: [PartitionID: LogMetadata.PartitionRecord]
    let relaxedTopics: Set<TopicID>
    private let state: FolderState
    /// Whether rounds are damaged or gone.
    private(set) var isDamaged = false
    /// Blocks that gave their room to the partition files.
    private(set) var removedBlocks: Set<UInt32> = []
    /// What rounds have of partitions that the metadata does not know.
    private var strangers = UnknownPartitions()

    init(
        _ opening: FolderOpening, partitions: [TopicID: [Partition]], metadata: LogMetadata, state: FolderState
    ) {
        self.state = state
        relaxedTopics = Set(metadata.topics.filter { $0.settings.durability.isRelaxed }.map(\.id))
        before = Dictionary(
            uniqueKeysWithValues: partitions.values.joined().map { partition in
                (partition.id, partition.files.withLock { $0.record })
            })
        self.opening = opening
        self.partitions = partitions
        self.metadata = metadata
    }

    var logger: Logger { opening.logger }
    var disk: any Disk { opening.disk }
    var context: FileContext { opening.context }

    func run(blocks: [(number: UInt32, byteCount: Int64)]) throws(DiskError) {
        let plan = try plan(blocks.map(\.number))
        report.rounds = plan.replay.count
        report.damagedRounds = plan.corrupt.count + plan.hidden.count
        report.hadOldMetadata = state.isBehind
        if blocks.isEmpty, metadata.checkpoint > 0, !state.isRestored {
            logger.warning("the write-ahead log has no block: rounds that were acknowledged last may be gone")
        }
        isDamaged = state.isBehind || !plan.corrupt.isEmpty || !plan.hidden.isEmpty
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
        if plan.corrupt.isEmpty, plan.hidden.isEmpty, !state.isBehind {
            makeRoom(for: plan, blocks)
        } else {
            try setDamagedBlocksAside(plan)
        }
        try mendFiles()
        try secureLast(of: plan, blocks.map(\.number).filter { !removedBlocks.contains($0) })
        try replay(plan.replay)
        // Rounds that a power loss took had been told: their numbers are not given again. The write-ahead log had room for
        // no more than these.
        let jump = plan.lastRound + WriteAheadLog.mostRounds(blocks.map(\.byteCount), opening.settings)
        let kept = state.isRestored && !isDamaged ? 0 : try keepFiled(round: jump)
        if kept > 0 {
            isDamaged = true
            setAside(
                copy: "",
                "acknowledged rounds are gone, \(kept) at least: what the files of partitions have of them is kept")
            report.damagedRounds += max(0, kept - plan.hidden.count)
            // Then the one that looks torn was acknowledged too.
            if let torn = plan.torn { try replay([torn]) }
        } else {
            tell(plan.cut)
        }
        try setAside(strangers)
        try settle(plan)
        if plan.lastRound > metadata.checkpoint {
            logger.notice(
                "the log was recovered", [("rounds", String(plan.lastRound - metadata.checkpoint))])
        }
        // One that was relaxed may have been deleted or changed since: then a topic's number is missing.
        let hadOthers = Int64(metadata.nextTopic) - 1 > Int64(metadata.topics.count)
        let isRelaxed = metadata.topics.contains { $0.settings.durability.isRelaxed }
        metadata.checkpoint = isDamaged || plan.hasRelaxed || isRelaxed || hadOthers ? jump : plan.lastRound
    }

    private func tell(_ cuts: [RecoveryPlan.Cut]) {
        for cut in cuts {
            report.cutBytes += cut.byteCount
            logger.notice(
                "an unfinished round was cut off: nobody was told of it",
                [
                    ("round", String(cut.number)), ("bytes", String(cut.byteCount)),
                    ("path", WriteAheadLog.path(cut.block)), ("position", String(cut.position)),
                ])
        }
    }

    /// Makes the last synced round durable before it is filed: after a sync that failed it may be in the page cache alone,
    /// and what is filed counts as proof. It is written again, since a second sync alone would prove nothing, and into a
    /// block of its own, since a crash may tear what is written over.
    private func secureLast(of plan: RecoveryPlan, _ blocks: [UInt32]) throws(DiskError) {
        guard let last = plan.replay.last(where: { !$0.round.header.isRelaxed }), last.round.condition == .whole,
            plan.replay.allSatisfy({ $0.round.header.lastSynced < last.round.header.number })
        else { return }
        let reader = try reader(of: last.block)
        let highest = blocks.max() ?? 0
        // A copy that an opening left which did not get to its end may be written over: there is the round itself.
        let hasCopy = highest == last.block ? false : try beginsWith(last.round.header.number, highest)
        let block = hasCopy ? highest : highest + 1
        do throws(DiskError) {
            let file = try disk.open(WriteAheadLog.path(block), .create)
            try file.write(reader.bytes(at: last.position, count: last.round.header.paddedByteCount), at: 0)
            try file.sync()
            try disk.syncDirectory(WriteAheadLog.folder)
        } catch {
            // A full disk is no reason to stay closed; then it is as it was.
            guard error.code == .noSpace || error.code == .noHandles else { throw error }
        }
        withExtendedLifetime(reader) {}
    }

    private func beginsWith(_ number: UInt64, _ block: UInt32) throws(DiskError) -> Bool {
        let first = try reader(of: block).rounds(of: metadata.life, verifies: false).found.first
        return first?.position == 0 && first?.round.header.number == number
    }

    /// Where the disk has less room than the rounds may take in the partition files, removes blocks without rounds that
    /// count: they are made again when there is room.
    private func makeRoom(for plan: RecoveryPlan, _ blocks: [(number: UInt32, byteCount: Int64)]) {
        let rounds = plan.replay.reduce(Int64(0)) { $0 + Int64($1.round.header.paddedByteCount) }
        guard rounds > 0 else { return }
        let counted = Set(plan.replay.map(\.block) + plan.cut.map(\.block))
        for block in blocks where !counted.contains(block.number) && block.byteCount > 0 {
            // Indexes and a copy of the last round come to it.
            guard let free = try? disk.freeBytes(), free < rounds + rounds / 8 + 1 << 20 else { return }
            do throws(DiskError) {
                try disk.remove(WriteAheadLog.path(block.number))
                // The room is free when the system has noted that it is.
                try disk.syncDirectory(WriteAheadLog.folder)
                removedBlocks.insert(block.number)
                logger.notice(
                    "a spare block of the write-ahead log makes room for a recovery",
                    [("path", WriteAheadLog.path(block.number)), ("free_bytes", String(free))])
            } catch {
                logger.warning("a spare block could not be removed", [("reason", error.description)])
            }
        }
    }

    /// Goes on behind what the files of partitions lack.
    private func mendFiles() throws(DiskError) {
        for partition in partitions.values.joined() {
            guard let look = state.lacking[partition.id], look.lacksRecords else { continue }
            touched[partition.id] = partition
            try opening.mend(partition, look)
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
        var checkpoint = metadata.checkpoint
        if state.isBehind, let first = found.map(\.round.header.number).min() {
            // What came before was covered by a checkpoint that the metadata does not know.
            checkpoint = max(checkpoint, first - 1)
        }
        return RecoveryPlan(found: found, strays: strays, holes: holes, checkpoint: checkpoint)
    }

    private func reader(of block: UInt32) throws(DiskError) -> BlockReader {
        try BlockReader(disk.open(WriteAheadLog.path(block), .read))
    }

    // MARK: replay

    private func replay(_ rounds: [RecoveryPlan.Located]) throws(DiskError) {
        var block: (number: UInt32, reader: BlockReader)?
        for located in rounds {
            if block?.number != located.block { block = (located.block, try reader(of: located.block)) }
            guard let reader = block?.reader else { continue }
            let bytes = try reader.bytes(at: located.position, count: located.round.header.paddedByteCount)
            guard let round = Round(bytes, verifies: opening.settings.verifies) else { continue }
            for entry in round.entries {
                guard let partition = partition(entry.partition) else {
                    strangers.note(entry.partition, located, among: metadata)
                    continue
                }
                try restore(entry, in: bytes, round.header, partition)
            }
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
        var end = partition.files.withLock { $0.end }
        if entry.endOffset <= end { return }
        if entry.baseOffset > end {
            try fill(partition, upTo: entry.baseOffset, round: header.number)
            end = partition.files.withLock { $0.end }
        }
        // What a power loss took of a relaxed topic, and what came behind it there, was promised to nobody.
        if header.isRelaxed, batch == nil || entry.baseOffset > end { return }
        guard let batch else {
            try fill(partition, upTo: entry.endOffset, round: header.number)
            let end = min(round.count, entry.position + entry.byteCount)
            let damaged = round.part(min(entry.position, end)..<end)
            return giveUp(partition, entry.endOffset, RecordSalvage(damaged))
        }
        giveUp(partition, entry.baseOffset)
        try append(batch, entry.baseOffset, entry.endOffset, header.number, partition)
    }

    func append(
        _ batch: UnsafeRawBufferPointer, _ base: Offset, _ end: Offset, _ round: UInt64, _ partition: Partition
    ) throws(DiskError) {
        try partition.files.withLock { files throws(DiskError) in
            try files.load(context)
            try files.append(
                batch, [BatchPlace(baseOffset: base, endOffset: end, range: 0..<batch.count)], round: round, context)
        }
    }

    // MARK: damaged rounds

    /// Copies the blocks with damaged rounds before they are used again.
    private func setDamagedBlocksAside(_ plan: RecoveryPlan) throws(DiskError) {
        var damaged = Set(plan.hidden.map(\.block))
        for number in plan.corrupt {
            if let at = plan.replay.last(where: { $0.round.header.number <= number }) { damaged.insert(at.block) }
            if let at = plan.replay.first(where: { $0.round.header.number >= number }) { damaged.insert(at.block) }
        }
        for block in damaged.sorted() {
            try setAside(
                block,
                plan.corrupt.isEmpty
                    ? "its end cannot be read, where acknowledged rounds may have been"
                    : "rounds \(plan.corrupt.prefix(20).map(String.init).joined(separator: ", ")) are damaged")
        }
    }

    private func setAside(_ block: UInt32, _ reason: String) throws(DiskError) {
        let path = "\(Quarantine.folder)/wal-\(block)-\(metadata.life.generation).bytes"
        let file = try disk.open(WriteAheadLog.path(block), .read)
        try Quarantine.copy(0..<file.size(), of: file, to: path, on: disk)
        setAside(copy: path, reason)
    }

    private func setAside(copy: String, _ reason: String) {
        opening.setAside(
            LogQuarantine(
                partition: nil, name: "write-ahead log", offsets: .zero ..< .zero, copy: copy,
                foundAt: opening.time.wall, reason: reason))
    }

    /// Copies the blocks whose rounds have records of partitions that the metadata does not know: it is older than they are.
    private func setAside(_ strangers: UnknownPartitions) throws(DiskError) {
        for (block, description) in strangers.descriptions { try setAside(block, description) }
        // No other topic gets their numbers.
        if let last = strangers.lastTopic { metadata.nextTopic = max(metadata.nextTopic, last + 1) }
    }

    // MARK: the end

    /// Cuts what an unfinished write left behind the recovered records, and syncs everything that was touched.
    private func settle(_ plan: RecoveryPlan) throws(DiskError) {
        // What was filed of relaxed rounds may have outlived them.
        for topic in metadata.topics where plan.hasRelaxed || state.isRestored || topic.settings.durability.isRelaxed {
            for partition in partitions[topic.id] ?? [] { touched[partition.id] = partition }
        }
        for partition in touched.values.sorted(by: { $0.id < $1.id }) {
            let work = try partition.files.withLock { files throws(DiskError) in
                try files.cutTail(context)
                // What is lost of a relaxed topic may have been deleted before: its offsets are not given again.
                files.skip(to: files.start)
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
