// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What names and lengths in a data folder say against its metadata.
struct FolderState: Sendable {
    /// What a partition's folder lacks of what the metadata says.
    struct Lack: Sendable {
        var folder = false
        /// The segment that is written to is gone, or shorter than what was synced of it.
        var end = false
        var rounds = false
        var times = false

        var lacksRecords: Bool { folder || end }
        var isNothing: Bool { !folder && !end && !rounds && !times }
    }

    /// Whether there are records or rounds that the metadata should know of and does not: it was put back, or the newer
    /// slot of it is lost.
    var isBehind = false
    /// Whether it was restored from a backup and not opened since: files may have more than the rounds beside them, since a
    /// running server wrote on while they were copied.
    var isRestored = false
    /// The life of the newest rounds, when the metadata knows only older ones.
    var newerLife: LogLife?
    var lacking: [PartitionID: Lack] = [:]

    /// That of a new folder.
    init() {}

    /// Looks whether the folder is as its metadata says: by names, lengths, and the first page of each block.
    init(of disk: any Disk, _ metadata: LogMetadata, blocks: [UInt32]) throws(DiskError) {
        isRestored = try disk.has(LogBackup.restoredName, in: MetadataStore.folder)
        for block in blocks {
            guard let header = try Self.firstHeader(of: block, on: disk) else { continue }
            let newest = newerLife ?? metadata.life
            if header.life.generation > newest.generation {
                newerLife = header.life
                isBehind = true
            } else if metadata.isClean, header.life == metadata.life, header.number > metadata.checkpoint {
                isBehind = true
            }
        }
        for topic in metadata.topics {
            for (index, record) in topic.partitions.enumerated() {
                let folder = SegmentNames.folder(topic.name, Int32(index))
                let lack = try Self.look(into: folder, record, isClean: metadata.isClean, &isBehind, disk)
                if !lack.isNothing { lacking[PartitionID(topic.id, Int32(index))] = lack }
            }
        }
        if isRestored { (isBehind, newerLife) = (false, nil) }
    }

    private static func firstHeader(of block: UInt32, on disk: any Disk) throws(DiskError) -> RoundHeader? {
        do throws(DiskError) {
            let page = try disk.open(WriteAheadLog.path(block), .read).bytes(at: 0, count: RoundHeader.byteCount)
            return page.flatMap { RoundHeader($0.buffer) }
        } catch {
            // A recovery reads around it; a clean folder needs none of it.
            if error.code == .failed { return nil }
            throw error
        }
    }

    private static func look(
        into folder: String, _ record: LogMetadata.PartitionRecord, isClean: Bool, _ isBehind: inout Bool,
        _ disk: any Disk
    ) throws(DiskError) -> Lack {
        var lack = Lack()
        let names: Set<String>
        do throws(DiskError) { names = Set(try disk.list(folder)) } catch {
            guard error.code == .missing else { throw error }
            lack.folder = true
            return lack
        }
        let active = SegmentNames.log(folder, record.activeBase)
        func has(_ path: String) -> Bool { names.contains(String(path.dropFirst(folder.count + 1))) }
        let size = has(active) ? try disk.open(active, .read).size() : 0
        lack.end = size < record.activeBytes
        if record.roundEntries > 0 {
            let rounds = SegmentNames.rounds(folder, record.activeBase)
            let count = has(rounds) ? try disk.open(rounds, .read).size() : 0
            lack.rounds = count < Int64(record.roundEntries) * Int64(RoundIndexEntry.byteCount)
        }
        lack.times =
            record.indexEntries > 0 && !has(SegmentNames.index(folder, record.activeBase))
            || record.timeEntries > 0 && !has(SegmentNames.times(folder, record.activeBase))
        guard isClean else { return lack }
        isBehind =
            isBehind || size > record.activeBytes
            || names.contains { SegmentNames.base(ofLog: $0).map { $0 > record.activeBase } ?? false }
        return lack
    }
}

extension FolderOpening {
    /// Begins the indexes again that are gone: they are a help, not a truth.
    func mendIndexes(of partition: Partition, _ lack: FolderState.Lack, round: UInt64) {
        guard lack.rounds || lack.times else { return }
        logger.warning(
            "indexes of a segment are gone: they are made again",
            [("topic", partition.topic.text), ("partition", String(partition.id.index))])
        partition.files.withLock { files in
            if lack.rounds { files.index.loseRounds(countingAs: round) }
            if lack.times { files.index.loseTimes() }
        }
    }

    /// Makes a missing folder again, and goes on behind what the segment that was written to has lost.
    func mend(_ partition: Partition, _ lack: FolderState.Lack) throws(DiskError) {
        if lack.folder {
            try disk.createDirectory(partition.folder)
            try disk.syncDirectory("log")
            logger.error("a partition's folder is gone: it is made again", [("path", partition.folder)])
        }
        let (start, end, base, activeBytes) = partition.files.withLock {
            ($0.start, $0.end, $0.active.base, $0.active.byteCount)
        }
        let left = lack.folder ? (end: start, byteCount: 0) : try whole(in: partition.folder, base, upTo: activeBytes)
        var copy = ""
        if !lack.folder, let file = try? disk.open(SegmentNames.log(partition.folder, base), .read) {
            let size = try file.size()
            if size > left.byteCount {
                copy = try Quarantine.newPath(
                    "\(partition.topic.text)-\(partition.id.index)", SegmentNames.digits(left.end) + ".bytes", on: disk)
                try Quarantine.copy(left.byteCount..<size, of: file, to: copy, on: disk)
            }
        }
        if left.byteCount == 0, !lack.folder {
            do throws(DiskError) { try disk.remove(SegmentNames.log(partition.folder, base)) } catch {
                if error.code != .missing { throw error }
            }
            try disk.syncDirectory(partition.folder)
        }
        try partition.files.withLock { files throws(DiskError) in try files.closeDamaged(left.byteCount, context) }
        let lost = max(start, left.end)
        guard lost < end else { return }
        setAside(
            LogQuarantine(
                partition: partition.id, name: partition.topic.text, offsets: lost..<end, copy: copy,
                foundAt: time.wall,
                reason: lack.folder
                    ? "the partition's folder is gone"
                    : left.byteCount == 0
                        ? "the segment's file is gone or empty" : "the segment's file ends before them"))
    }

    /// The batches a segment begins with: where they end.
    private func whole(
        in folder: String, _ base: Offset, upTo limit: Int64
    ) throws(DiskError) -> (end: Offset, byteCount: Int64) {
        var (end, position) = (base, Int64(0))
        let file: any DiskFile
        do throws(DiskError) { file = try disk.open(SegmentNames.log(folder, base), .read) } catch {
            if error.code == .missing { return (base, 0) }
            throw error
        }
        while position < limit, let start = try? file.bytes(at: position, count: RecordBatchHeader.byteCount),
            let total = RecordBatchHeader.totalByteCount(start.buffer), position + Int64(total) <= (try file.size()),
            let bytes = try? file.bytes(at: position, count: total),
            let header = try? RecordBatchHeader(verifying: bytes.buffer), header.baseOffset == end.value
        {
            end = Offset(header.lastOffset).next
            position += Int64(total)
        }
        return (end, position)
    }
}
