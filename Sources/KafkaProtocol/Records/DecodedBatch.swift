// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Where the records of one batch lie, worked out once and shared by all its readers.
package final class DecodedBatch: Sendable {
    /// The most that a batch may decompress to.
    package static let inflatedLimit = 64 * 1_024 * 1_024
    /// The most that a client's batch may decompress to where it is looked into before it is stored: its loop waits meanwhile.
    package static let checkedLimit = 16 * 1_024 * 1_024
    /// The most records that a batch may have: a compressed one can claim many in few bytes.
    package static let recordLimit: Int32 = 1_000_000

    struct Entry: Sendable {
        let offset: Offset
        let timestamp: WallTime
        let fields: RecordFields
    }

    /// The batch's header.
    package let header: RecordBatchHeader
    let entries: [Entry]
    /// The records of a compressed batch; those of a plain one stay in the batch itself.
    let inflated: SharedBytes?

    /// Finds the records of a batch whose checksum was verified before.
    /// - Parameter bytes: the batch; may be longer.
    /// - Throws: ``RecordError``; nothing in the bytes, however chosen, traps.
    package init(_ bytes: UnsafeRawBufferPointer, limit: Int = inflatedLimit) throws(RecordError) {
        let header = try RecordBatchHeader(reading: bytes)
        self.header = header
        let stored = bytes.part(RecordBatchHeader.byteCount..<header.totalByteCount)
        guard let codec = header.codec else {
            throw RecordError(.badHeader, "a batch's attributes are \(header.attributes)")
        }
        if codec == RecordCodec.none {
            inflated = nil
            entries = try Self.entries(header, stored)
        } else {
            let inflated = try codec.decompress(stored, limit: limit)
            self.inflated = inflated
            entries = try Self.entries(header, inflated.buffer)
        }
    }

    /// The records of a batch that is kept by the caller; valid as long as it and this object live.
    /// - Parameter batch: what this was made of.
    package func records(in batch: UnsafeRawBufferPointer) -> some RandomAccessCollection<RecordView> {
        let base = base(in: batch)
        return entries.lazy.map { entry in
            RecordView(offset: entry.offset, timestamp: entry.timestamp, base: base, fields: entry.fields)
        }
    }

    /// About how many bytes it takes.
    var memory: Int { entries.count * MemoryLayout<Entry>.stride + (inflated?.count ?? 0) }

    /// Where the places of fields count from.
    func base(in batch: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        inflated.map { UnsafeRawPointer($0.base) } ?? batch.baseAddress! + RecordBatchHeader.byteCount
    }

    private static func entries(
        _ header: RecordBatchHeader, _ records: UnsafeRawBufferPointer
    ) throws(RecordError) -> [Entry] {
        guard header.recordCount <= recordLimit else {
            throw RecordError(.tooLarge, "a batch of \(header.recordCount) records; \(recordLimit) are read")
        }
        // A record has at least 7 bytes; the count is only a claim until then.
        guard Int(header.recordCount) * 7 <= records.count, records.count <= Int(Int32.max) else {
            throw RecordError(.badRecord, "\(header.recordCount) records do not fit into \(records.count) bytes")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(Int(header.recordCount))
        var reader = RecordReader(records)
        var lastDelta: Int32 = -1
        for _ in 0..<header.recordCount {
            let length = Int(try reader.varint())
            guard length >= 0, length <= reader.left else { throw RecordReader.endsEarly }
            let end = reader.position + length
            _ = try reader.byte()
            let timestampDelta = try reader.varlong()
            let offsetDelta = try reader.varint()
            guard offsetDelta > lastDelta, offsetDelta <= header.lastOffsetDelta else {
                throw RecordError(.badRecord, "a record's offset delta is \(offsetDelta) after \(lastDelta)")
            }
            lastDelta = offsetDelta
            let (timestamp, overflow) = header.baseTimestamp.addingReportingOverflow(timestampDelta)
            if overflow { throw RecordError(.badRecord, "a record's timestamp is out of range") }
            let fields = try RecordFields(reading: &reader, until: end)
            entries.append(
                Entry(
                    offset: Offset(header.baseOffset + Int64(offsetDelta)),
                    timestamp: WallTime(millis: header.hasAppendTime ? header.maxTimestamp : timestamp),
                    fields: fields))
        }
        guard reader.left == 0 else { throw RecordError(.badRecord, "bytes follow the last record of a batch") }
        return entries
    }
}

/// The records of a stored batch, in order; keeps the batch alive, and its ``RecordView``s are valid as long as it lives.
package struct BatchRecords: Sendable, RandomAccessCollection {
    /// The batch they lie in.
    package let batch: StoredBatch
    private let decoded: DecodedBatch

    init(_ batch: StoredBatch, _ decoded: DecodedBatch) {
        self.batch = batch
        self.decoded = decoded
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { decoded.entries.count }

    package subscript(_ index: Int) -> RecordView {
        let entry = decoded.entries[index]
        return RecordView(
            offset: entry.offset, timestamp: entry.timestamp, base: decoded.base(in: batch.bytes), fields: entry.fields)
    }

    /// The place of the first record at `offset` or after it; `endIndex` when there is none.
    package func index(from offset: Offset) -> Int {
        var (low, high) = (0, decoded.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if decoded.entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The batch's header.
    package var header: RecordBatchHeader { decoded.header }
    /// Whether the batch holds a marker, which readers of records must not see.
    package var isControl: Bool { decoded.header.isControl }
}

extension StoredBatch {
    /// The batch's records, found once and shared.
    /// - Throws: ``RecordError`` for bytes that only their checksum vouched for.
    package func records() throws(RecordError) -> BatchRecords {
        let bytes = bytes
        // What recent batches keep in memory is counted by their own bytes: what blew up is not kept with them.
        let decoded = try decoded(isLight: { $0.memory <= bytes.count * 8 + 64 * 1_024 }) { () throws(RecordError) in
            try DecodedBatch(bytes)
        }
        return BatchRecords(self, decoded)
    }
}
