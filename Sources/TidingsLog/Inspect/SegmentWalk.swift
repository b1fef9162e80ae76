// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Goes through one segment's file from its beginning to its end, batch by batch, and over what is none.
struct SegmentWalk {
    enum Step {
        case batch(LogInspector.Batch)
        case damage(position: Int64, reason: String)
    }

    let path: String
    /// The offset the next batch should have.
    private(set) var expected: Offset
    private let partition: PartitionID
    private let file: any DiskFile
    private let size: Int64
    private var position: Int64 = 0
    private let base: Offset
    /// No batch goes past it.
    private let limit: Int64
    private let rounds: [RoundIndexEntry]
    private var roundPlace = -1
    /// Pages that the disk could not give so far.
    private var unreadable: Set<Int64> = []

    init(
        _ base: Offset, until limit: Offset?, of partition: LogInspector.PartitionSummary, on disk: any Disk
    ) throws(DiskError) {
        self.limit = limit?.value ?? .max
        path = partition.path(of: base)
        self.base = base
        expected = base
        self.partition = partition.partition
        file = try disk.open(path, .read)
        size = try file.size()
        rounds = Self.roundEntries(partition.folder, base, on: disk).compactMap { $0 }
    }

    /// The entries of a segment's round index; nil for a damaged one. Empty when there is no index.
    static func roundEntries(_ folder: String, _ base: Offset, on disk: any Disk) -> [RoundIndexEntry?] {
        let bytes = (try? disk.contents(of: SegmentNames.rounds(folder, base))) ?? []
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / RoundIndexEntry.byteCount).map { place in
                let at = place * RoundIndexEntry.byteCount
                return RoundIndexEntry(raw.part(at..<at + RoundIndexEntry.byteCount))
            }
        }
    }

    /// The next batch, or what lies where one should; nil at the end.
    mutating func next() throws(DiskError) -> Step? {
        guard position < size else { return nil }
        let from = position
        do throws(DiskError) { return try readNext() } catch {
            guard error.code == .failed else { throw error }
            position = size
            return .damage(position: from, reason: "nothing of the file can be read: \(error.description)")
        }
    }

    private mutating func readNext() throws(DiskError) -> Step? {
        if let (header, bytes) = try batch(at: position), header.baseOffset == expected.value {
            return .batch(take(header, bytes))
        }
        let (from, wanted) = (position, expected)
        while position < size {
            let window = try bytes(at: position, count: Int(min(size - position, 1 << 20)))
            guard window.count > 16 else { break }
            for place in 0..<window.count - 16 where window.buffer[place + 16] == 2 {
                let at = position + Int64(place)
                guard let (header, _) = try batch(at: at), header.baseOffset >= expected.value,
                    header.lastOffset < limit, at > from || header.baseOffset > wanted.value
                else { continue }
                // A rotten base offset is not in the checksum, but contradicts the batch behind it.
                if try contradicts(header, at: at) { continue }
                (position, expected) = (at, Offset(header.baseOffset))
                return .damage(
                    position: from,
                    reason: at == from
                        ? "offsets \(wanted) to \(header.baseOffset - 1) are missing"
                        : describe(from..<at)
                            + (header.baseOffset > wanted.value
                                ? ": offsets \(wanted) to \(header.baseOffset - 1)" : ", and no offset is missing"))
            }
            position += Int64(window.count - 16)
        }
        position = size
        return .damage(position: from, reason: "\(describe(from..<size)), up to the end of the file")
    }

    private func describe(_ range: Range<Int64>) -> String {
        let page = Int64(RoundHeader.alignment)
        let bad = unreadable.filter { $0 < range.upperBound && $0 + page > range.lowerBound }.sorted()
        guard let first = bad.first, let last = bad.last else { return "\(range.count) bytes are no batch" }
        return "\(range.count) bytes are no batch, since the disk cannot read the file from \(first) to \(last + page)"
    }

    /// Whether the batch behind one has offsets that do not follow its own.
    private mutating func contradicts(_ header: RecordBatchHeader, at position: Int64) throws(DiskError) -> Bool {
        guard let (follower, _) = try batch(at: position + Int64(header.totalByteCount)) else { return false }
        return follower.baseOffset <= header.lastOffset
    }

    private mutating func bytes(at position: Int64, count: Int) throws(DiskError) -> SharedBytes {
        let (bytes, missing) = try file.bytesAround(at: position, count: count)
        unreadable.formUnion(missing)
        return bytes
    }

    private mutating func batch(at position: Int64) throws(DiskError) -> (RecordBatchHeader, SharedBytes)? {
        guard size - position >= Int64(RecordBatchHeader.byteCount) else { return nil }
        let start = try bytes(at: position, count: RecordBatchHeader.byteCount)
        guard start.count == RecordBatchHeader.byteCount,
            let total = RecordBatchHeader.totalByteCount(start.buffer), position + Int64(total) <= size
        else { return nil }
        let bytes = try bytes(at: position, count: total)
        guard bytes.count == total, let header = try? RecordBatchHeader(verifying: bytes.buffer),
            // The checksum does not cover it: the log writes zero.
            header.partitionLeaderEpoch == 0
        else { return nil }
        return (header, bytes)
    }

    private mutating func take(_ header: RecordBatchHeader, _ bytes: SharedBytes) -> LogInspector.Batch {
        let relative = header.baseOffset - base.value
        while roundPlace + 1 < rounds.count, Int64(rounds[roundPlace + 1].relativeOffset) <= relative {
            roundPlace += 1
        }
        let batch = LogInspector.Batch(
            path: path, position: position, segment: base, header: header,
            stored: StoredBatch(
                partition: partition, baseOffset: Offset(header.baseOffset), lastOffset: Offset(header.lastOffset),
                round: roundPlace >= 0 ? rounds[roundPlace].round : 0, owner: bytes, range: 0..<bytes.count))
        position += Int64(bytes.count)
        expected = Offset(header.lastOffset).next
        return batch
    }
}
