// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Walks the whole batches that lie in a partition's files beyond the checkpoint, one in memory at a time. They were
/// written after their rounds were durable, and may have outlived them.
///
/// Only in a file's beginning may a batch not follow the one before it: there the file's name vouches for its offset.
final class FiledBatches {
    struct Batch {
        let base: Offset
        let end: Offset
        let bytes: SharedBytes
    }

    private let disk: any Disk
    private let folder: String
    private let bases: [Offset]
    /// Is told what is no such batch, before it is passed: where it lies, and the offset that it would begin with.
    private let passing: (Range<Int64>, any DiskFile, Offset, Offset) throws(DiskError) -> Void
    private var place = 0
    private var file: (any DiskFile)?
    private var position: Int64
    private var expected: Offset
    private var found: Batch?

    init(
        in folder: String, behind record: LogMetadata.PartitionRecord, on disk: any Disk,
        passing: @escaping (Range<Int64>, any DiskFile, Offset, Offset) throws(DiskError) -> Void
    ) throws(DiskError) {
        self.disk = disk
        self.folder = folder
        self.passing = passing
        bases = try disk.list(folder).compactMap { SegmentNames.base(ofLog: $0) }.filter { $0 >= record.activeBase }
            .sorted()
        position = bases.first == record.activeBase ? record.activeBytes : 0
        expected = record.end
    }

    /// The first one that ends behind `offset`; nil when there is none.
    func first(behind offset: Offset) throws(DiskError) -> Batch? {
        while true {
            if let found, found.end > offset { return found }
            found = nil
            guard place < bases.count else { return nil }
            let current = try current()
            file = current
            found = batch(in: current)
            if let found {
                position += Int64(found.bytes.count)
                expected = found.end
                continue
            }
            try pass(current)
        }
    }

    private func current() throws(DiskError) -> any DiskFile {
        if let file { return file }
        return try disk.open(SegmentNames.log(folder, bases[place]), .read)
    }

    private func pass(_ file: any DiskFile) throws(DiskError) {
        let size = try file.size()
        if position < size {
            try passing(position..<size, file, bases[place], position == 0 ? bases[place] : expected)
        }
        place += 1
        self.file = nil
        position = 0
    }

    /// Passes all that is left.
    func passRest() throws(DiskError) {
        if let found {
            position -= Int64(found.bytes.count)
            expected = found.base
            self.found = nil
        }
        while place < bases.count { try pass(current()) }
    }

    private func batch(in file: any DiskFile) -> Batch? {
        guard let start = try? file.bytes(at: position, count: RecordBatchHeader.byteCount),
            let total = RecordBatchHeader.totalByteCount(start.buffer), let size = try? file.size(),
            position + Int64(total) <= size, let bytes = try? file.bytes(at: position, count: total),
            let header = try? RecordBatchHeader(verifying: bytes.buffer),
            let base = Offset(decoding: header.baseOffset), base.value <= 1 << 62,
            base == (position == 0 ? bases[place] : expected)
        else { return nil }
        return Batch(base: base, end: Offset(header.lastOffset).next, bytes: bytes)
    }
}
