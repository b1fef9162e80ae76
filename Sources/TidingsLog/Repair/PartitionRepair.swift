// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Finds what is damaged in one partition's files, and fences it off: each segment that has damage is written anew without it.
struct PartitionRepair {
    /// A range of a segment that is no batch.
    private struct Hole {
        let offsets: Range<Offset>
        let bytes: Range<Int64>
        let reason: String
        /// Where its bytes are kept; empty when it has none.
        var copy = ""
    }

    let id: PartitionID
    let topic: TopicDescription
    /// What the metadata says of the partition; changed when the segment that is written to is written anew.
    private(set) var record: LogMetadata.PartitionRecord
    let context: FileContext
    let time: any TimeSource
    /// Whether nothing lies behind what the metadata knows; else a recovery judges that.
    let isClean: Bool
    private(set) var steps: [LogRepair.Step] = []
    /// What is lost for good, fenced off.
    private(set) var lost: [LogQuarantine] = []

    private var disk: any Disk { context.disk }
    private var folder: String { SegmentNames.folder(topic.name, id.index) }

    init(
        id: PartitionID, topic: TopicDescription, record: LogMetadata.PartitionRecord, context: FileContext,
        time: any TimeSource, isClean: Bool
    ) {
        self.id = id
        self.topic = topic
        self.record = record
        self.context = context
        self.time = time
        self.isClean = isClean
    }

    private mutating func note(_ kind: LogRepair.Step.Kind, _ path: String, _ description: String) {
        steps.append(LogRepair.Step(kind: kind, path: path, description: description))
    }

    mutating func run(_ applying: Bool) throws(DiskError) {
        if !(try exists()) {
            note(.records, folder, "the folder is missing: it is made again, without what it had")
            if applying { try disk.createDirectory(folder) }
            if !applying { return }
        }
        if try disk.list(folder).contains(where: { SegmentSwap(fileName: $0) != nil }) {
            note(.records, folder, "a segment that was written anew waits for its name: it gets it")
            if !applying { return }
        }
        if applying { _ = try SegmentSwap.recover(folder, disk) }
        let bases = try disk.list(folder).compactMap { SegmentNames.base(ofLog: $0) }.filter { $0 < record.end }
            .sorted()
        var expected = record.start
        var bytes: Int64 = 0
        var sealsActive = false
        for (place, base) in bases.enumerated() {
            let end = place + 1 < bases.count ? bases[place + 1] : record.end
            // What a delete left behind counts no more.
            if end <= record.start { continue }
            if base > expected { try fill(expected..<base, applying, &bytes) }
            let isActive = base == record.activeBase
            var holes = try holes(in: base, until: end, isActive: isActive)
            let badIndexes = holes.isEmpty ? try damagedIndexes(of: base, isActive: isActive) : []
            let size = try disk.open(SegmentNames.log(folder, base), .read).size()
            if holes.isEmpty, badIndexes.isEmpty {
                if isActive, isClean, size != record.activeBytes {
                    note(
                        .metadata, SegmentNames.log(folder, base),
                        "its length is not what the metadata says: taken as it is")
                    sealsActive = true
                }
                bytes += size
            } else {
                for path in badIndexes { note(.index, path, "it does not fit its segment: it is written anew") }
                for place in holes.indices {
                    if !holes[place].bytes.isEmpty { holes[place].copy = try copy(of: holes[place]) }
                    let hole = holes[place]
                    let lost =
                        hole.offsets.isEmpty
                        ? "\(hole.bytes.count) bytes belong to no record (\(hole.reason)): taken out"
                        : "offsets \(hole.offsets.lowerBound) to \(hole.offsets.upperBound.value - 1) are lost "
                            + "(\(hole.reason)): fenced off"
                    note(
                        .records, SegmentNames.log(folder, base),
                        lost + ", and \(hole.bytes.count) bytes kept in \(Quarantine.folder)")
                    noteLoss(
                        of: hole.offsets, hole.reason, copy: hole.copy,
                        try content(of: hole, in: base))
                }
                if applying {
                    bytes += try rewrite(base, until: end, holes)
                    if isActive { sealsActive = true }
                }
            }
            expected = end
        }
        if expected < record.end {
            try fill(expected..<record.end, applying, &bytes)
            sealsActive = true
        }
        if applying, !steps.isEmpty {
            record.totalBytes = bytes
            if sealsActive {
                // What was written to counts as closed; the next batch begins a new segment.
                let empty = LogMetadata.PartitionRecord()
                record.activeBase = record.end
                record.activeBytes = 0
                record.indexEntries = 0
                record.roundEntries = 0
                record.timeEntries = 0
                record.latest = empty.latest
                record.activeSince = nil
            }
        }
    }

    private mutating func noteLoss(
        of offsets: Range<Offset>, _ reason: String, copy: String, _ content: RecordSalvage? = nil
    ) {
        guard !offsets.isEmpty else { return }
        lost.append(
            LogQuarantine(
                partition: id, name: topic.name.text, offsets: offsets, copy: copy, foundAt: time.wall,
                reason: reason + "; fenced off by a repair", content: content))
    }

    private func content(of hole: Hole, in base: Offset) throws(DiskError) -> RecordSalvage? {
        if hole.bytes.isEmpty { return nil }
        let count = min(Int64(hole.bytes.count), Int64(Quarantine.copyLimit))
        let file = try disk.open(SegmentNames.log(folder, base), .read)
        do throws(DiskError) {
            let (bytes, unreadable) = try file.bytesAround(at: hole.bytes.lowerBound, count: Int(count))
            return RecordSalvage(bytes.buffer, isAll: count == hole.bytes.count && unreadable.isEmpty)
        } catch {
            if error.code == .failed { return nil }
            throw error
        }
    }

    private func copy(of hole: Hole) throws(DiskError) -> String {
        try Quarantine.newPath(
            "\(topic.name.text)-\(id.index)",
            "\(SegmentNames.digits(hole.offsets.lowerBound))-\(hole.bytes.lowerBound).bytes", on: disk)
    }

    private func exists() throws(DiskError) -> Bool {
        do throws(DiskError) {
            _ = try disk.list(folder)
            return true
        } catch {
            if error.code == .missing { return false }
            throw error
        }
    }

    /// A segment's file is gone altogether: one without records takes its place.
    private mutating func fill(
        _ offsets: Range<Offset>, _ applying: Bool, _ bytes: inout Int64
    ) throws(DiskError) {
        note(
            .records, SegmentNames.log(folder, offsets.lowerBound),
            "offsets \(offsets.lowerBound) to \(offsets.upperBound.value - 1) have no file: fenced off")
        noteLoss(of: offsets, "they have no file", copy: "")
        guard applying else { return }
        let rewriter = try SegmentRewriter(folder, at: offsets.lowerBound, context)
        try Self.skip(offsets, round: 0, rewriter)
        bytes += try finish(rewriter)
    }

    private static func skip(_ offsets: Range<Offset>, round: UInt64, _ rewriter: SegmentRewriter) throws(DiskError) {
        var from = offsets.lowerBound
        while from < offsets.upperBound {
            let count = min(offsets.upperBound - from, RecordBatchHeader.longestGap)
            try rewriter.skip(from, through: from + (count - 1), round: round)
            from = from + count
        }
    }

    /// - Parameter copy: where the old file goes when nothing of it could be copied.
    private func finish(_ rewriter: SegmentRewriter, keepingOldAs copy: String? = nil) throws(DiskError) -> Int64 {
        try rewriter.finish(modified: time.wall)
        let swap = SegmentSwap(base: rewriter.base, end: rewriter.end)
        try swap.commit(folder, disk)
        if let copy {
            try disk.rename(SegmentNames.log(folder, rewriter.base), to: copy)
            try disk.syncDirectory(Quarantine.folder)
        }
        try swap.finish(folder, disk)
        context.open.forget(prefix: folder + "/")
        return rewriter.byteCount
    }

    private func summary(_ base: Offset) -> LogInspector.PartitionSummary {
        LogInspector.PartitionSummary(
            topic: topic, partition: id, folder: folder, segments: [base], start: record.start,
            checkpointEnd: record.end, swaps: [:])
    }

    private func holes(in base: Offset, until end: Offset, isActive: Bool) throws(DiskError) -> [Hole] {
        var walk = try SegmentWalk(base, until: end, of: summary(base), on: disk)
        var holes: [Hole] = []
        var (reached, position) = (base, Int64(0))
        var open: (position: Int64, reason: String)?
        while let step = try walk.next() {
            switch step {
            case .damage(let at, let reason): open = (at, reason)
            case .batch(let batch):
                if batch.stored.baseOffset >= end { continue }
                if let damage = open {
                    holes.append(
                        Hole(
                            offsets: reached..<batch.stored.baseOffset, bytes: damage.position..<batch.position,
                            reason: damage.reason))
                    open = nil
                }
                reached = batch.stored.lastOffset.next
                position = batch.position + Int64(batch.stored.bytes.count)
            }
        }
        if reached < end || open != nil && (isClean || !isActive) {
            let size = try disk.open(SegmentNames.log(folder, base), .read).size()
            holes.append(
                Hole(
                    offsets: reached..<end, bytes: (open?.position ?? position)..<max(size, open?.position ?? position),
                    reason: open?.reason ?? "the file ends before them"))
        }
        return holes
    }

    private func damagedIndexes(of base: Offset, isActive: Bool) throws(DiskError) -> [String] {
        guard !isActive else { return [] }
        let path = SegmentNames.rounds(folder, base)
        // One without entries is whole: of batches whose rounds nobody knows there are none.
        let hasFile = try disk.has(String(path.dropFirst(folder.count + 1)), in: folder)
        let size = hasFile ? try disk.open(path, .read).size() : 0
        let entries = SegmentWalk.roundEntries(folder, base, on: disk)
        let isWhole =
            hasFile && size == Int64(entries.count * RoundIndexEntry.byteCount) && !entries.contains { $0 == nil }
        return isWhole ? [] : [path]
    }

    private func rewrite(_ base: Offset, until end: Offset, _ holes: [Hole]) throws(DiskError) -> Int64 {
        var old: String?
        for hole in holes where !hole.bytes.isEmpty {
            if try !keep(hole, of: base) { old = hole.copy }
        }
        let rewriter = try SegmentRewriter(folder, at: base, context)
        var walk = try SegmentWalk(base, until: end, of: summary(base), on: disk)
        var round: UInt64 = 0
        while let step = try walk.next() {
            if case .damage(let position, let reason) = step,
                !holes.contains(where: { $0.bytes.lowerBound <= position && position <= $0.bytes.upperBound })
            {
                throw DiskError(
                    .failed, "\(SegmentNames.log(folder, base)) at \(position) could be read before: \(reason)")
            }
            guard case .batch(let batch) = step, batch.stored.baseOffset < end else { continue }
            round = max(round, batch.stored.round)
            if batch.stored.baseOffset > rewriter.end {
                try Self.skip(rewriter.end..<batch.stored.baseOffset, round: round, rewriter)
            }
            try rewriter.add(
                batch.stored.bytes, batch.stored.baseOffset, through: batch.stored.lastOffset, round: round, isOld: true
            )
        }
        if rewriter.end < end { try Self.skip(rewriter.end..<end, round: round, rewriter) }
        try rewriter.addTransactions(of: base)
        return try finish(rewriter, keepingOldAs: old)
    }

    /// Copies what is damaged, all of it, before it is written over; sectors that cannot be read are zeros.
    /// - Returns: whether anything of it could be read.
    private func keep(_ hole: Hole, of base: Offset) throws(DiskError) -> Bool {
        let from = try disk.open(SegmentNames.log(folder, base), .read)
        // Under its name it is whole: a repair that is broken off begins it again.
        let unfinished = hole.copy + ".new"
        let to = try disk.open(unfinished, .create)
        try to.truncate(to: 0)
        if try !canRead(from) {
            try disk.remove(unfinished)
            return false
        }
        try from.copy(hole.bytes, to: to)
        try to.sync()
        try disk.rename(unfinished, to: hole.copy)
        try disk.syncDirectory(Quarantine.folder)
        return true
    }

    private func canRead(_ file: any DiskFile) throws(DiskError) -> Bool {
        do throws(DiskError) { _ = try file.bytesAround(at: 0, count: RoundHeader.alignment) } catch {
            if error.code == .failed { return false }
            throw error
        }
        return true
    }
}
