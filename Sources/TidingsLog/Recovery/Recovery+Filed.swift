// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the files of partitions have of rounds that the write-ahead log lacks.
///
/// A batch of a synced topic is filed only after its round was durable. So one that no round covers proves that
/// acknowledged rounds are gone: it is kept, and told. What was filed of relaxed rounds proves nothing, since a power loss
/// may take these: it was acknowledged all the same, and is kept as far as one batch follows the other.
extension Recovery {
    /// Appends what the files have between the partition's end and `offset`, as far as it goes.
    /// - Returns: how many batches that was.
    @discardableResult
    func fill(_ partition: Partition, upTo offset: Offset, round: UInt64) throws(DiskError) -> Int {
        let filed = try filedBatches(of: partition)
        var count = 0
        while true {
            let end = partition.files.withLock { $0.end }
            guard end < offset, let batch = try filed.first(behind: end), batch.end <= offset else { return count }
            touched[partition.id] = partition
            // Between two whole files one is missing.
            if batch.base > end, !isRelaxed(partition) { giveUp(partition, batch.base) }
            guard batch.base == partition.files.withLock({ $0.end }) else { return count }
            try append(batch.bytes.buffer, batch.base, batch.end, round, partition)
            count += 1
        }
    }

    private func filedBatches(of partition: Partition) throws(DiskError) -> FiledBatches {
        if let known = filed[partition.id] { return known }
        let made = try FiledBatches(in: partition.folder, behind: record(of: partition), on: disk) {
            [unowned self] range, file, base, expected throws(DiskError) in
            try passed(range, of: file, at: base, expected, partition)
        }
        filed[partition.id] = made
        return made
    }

    /// What the files had before anything was written again.
    private func record(of partition: Partition) -> LogMetadata.PartitionRecord {
        before[partition.id] ?? partition.files.withLock { $0.record }
    }

    func isRelaxed(_ partition: Partition) -> Bool { relaxedTopics.contains(partition.id.topic) }

    /// Keeps what lies behind the last round: there is something only when rounds are gone, or were never synced.
    /// - Parameter round: the round that what is kept counts as of: none that was told is later.
    /// - Returns: how many batches that was in the partition of a synced topic that has most: at least so many rounds are
    ///   gone.
    func keepFiled(round: UInt64) throws(DiskError) -> Int {
        var most = 0
        for partition in partitions.values.joined().sorted(by: { $0.id < $1.id }) {
            guard try hasMore(partition) else { continue }
            touched[partition.id] = partition
            let old = partition.files.withLock { $0.end }
            let count = try fill(partition, upTo: Offset(1 << 62), round: round)
            try filed[partition.id]?.passRest()
            filed[partition.id] = nil
            let end = partition.files.withLock { $0.end }
            guard end > old else { continue }
            let place = [
                ("topic", partition.topic.text), ("partition", String(partition.id.index)),
                ("from", old.description), ("to", (old..<end).lastOffset?.description ?? "-"),
            ]
            if isRelaxed(partition) {
                logger.notice("the files of a relaxed topic have more than the write-ahead log: it is kept", place)
                continue
            }
            most = max(most, count)
            logger.error(
                "acknowledged rounds are gone from the write-ahead log: what a partition's files have of them is kept",
                place)
        }
        return most
    }

    /// Whether the files hold more than is known of: by names and sizes.
    private func hasMore(_ partition: Partition) throws(DiskError) -> Bool {
        let known = try partition.files.withLock { files throws(DiskError) -> [Offset: Int64] in
            try files.load(context)
            return files.lengths
        }
        let first = record(of: partition).activeBase
        for name in try disk.list(partition.folder) {
            guard let base = SegmentNames.base(ofLog: name), base >= first else { continue }
            guard let length = known[base] else { return true }
            if try disk.open(SegmentNames.log(partition.folder, base), .read).size() > length { return true }
        }
        return false
    }

    /// Copies what is no batch that could be kept: it is cut or written over, and whole batches may be among it.
    private func passed(
        _ range: Range<Int64>, of file: any DiskFile, at base: Offset, _ expected: Offset, _ partition: Partition
    ) throws(DiskError) {
        // Where no round is damaged, a power loss tore what the rounds have.
        if !isDamaged, isRelaxed(partition) || expected < partition.files.withLock({ $0.end }) { return }
        if isZero(range, of: file) { return }
        let name = "\(partition.topic.text)-\(partition.id.index)"
        let path = try Quarantine.newPath(
            name, "\(SegmentNames.digits(base))-\(metadata.life.generation).tail", on: disk)
        try Quarantine.copy(range, of: file, to: path, on: disk)
        opening.setAside(
            LogQuarantine(
                partition: nil, name: name, offsets: .zero ..< .zero, copy: path, foundAt: opening.time.wall,
                reason: "bytes \(range.lowerBound) to \(range.upperBound) of the segment at \(base) were written after "
                    + "the last checkpoint, and do not follow what could be read"))
    }

    private func isZero(_ range: Range<Int64>, of file: any DiskFile) -> Bool {
        var at = range.lowerBound
        while at < range.upperBound {
            let count = Int(min(256 << 10, range.upperBound - at))
            guard let piece = try? file.bytes(at: at, count: count), piece.buffer.allSatisfy({ $0 == 0 }) else {
                return false
            }
            at += Int64(piece.count)
        }
        return true
    }

    /// Notes that what lies between the partition's end and `offset` is lost, and goes on behind it.
    func giveUp(_ partition: Partition, _ offset: Offset, _ content: RecordSalvage? = nil) {
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
}
