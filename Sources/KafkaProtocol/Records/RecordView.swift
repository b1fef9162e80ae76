// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One record as it lies in memory: nothing is copied, so it must not outlive the bytes it was made from (the
/// ``BatchRecords`` it came out of, or the body it was read from).
package struct RecordView {
    /// Its place in its partition.
    package let offset: Offset
    /// When it was stored (or made, if a Kafka client says so).
    package let timestamp: WallTime
    let base: UnsafeRawPointer
    let fields: RecordFields

    /// Its key; nil when it has none.
    package var key: UnsafeRawBufferPointer? { part(fields.keyStart, fields.keyCount) }
    /// Its value; nil for none (a tombstone on a compacted topic).
    package var value: UnsafeRawBufferPointer? { part(fields.valueStart, fields.valueCount) }
    /// How many headers it has.
    package var headerCount: Int { Int(fields.headerCount) }
    /// Bytes of key, value and headers.
    package var byteCount: Int { Int(fields.end - fields.start) }

    /// Reads a record's body: what follows offsetDelta in the record format.
    /// - Throws: ``RecordError`` `.badRecord`.
    package init(body: UnsafeRawBufferPointer, offset: Offset, timestamp: WallTime) throws(RecordError) {
        var reader = RecordReader(body)
        fields = try RecordFields(reading: &reader, until: body.count)
        base = reader.base
        self.offset = offset
        self.timestamp = timestamp
    }

    init(offset: Offset, timestamp: WallTime, base: UnsafeRawPointer, fields: RecordFields) {
        self.offset = offset
        self.timestamp = timestamp
        self.base = base
        self.fields = fields
    }

    /// Hands every header to `body`, in order: its name, and its value or nil.
    package func forEachHeader(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {
        var reader = RecordReader(
            UnsafeRawBufferPointer(start: base, count: Int(fields.end)), from: Int(fields.headersStart))
        for _ in 0..<fields.headerCount {
            // The fields were walked once when the record was read, so none of this fails.
            guard let name = try? reader.field(), let value = try? reader.field(), name.count >= 0 else { return }
            body(
                UnsafeRawBufferPointer(start: base + name.start, count: name.count),
                value.count < 0 ? nil : UnsafeRawBufferPointer(start: base + value.start, count: value.count))
        }
    }

    /// The value of the last header of that name; nil when there is none, or it is null.
    package func header(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        forEachHeader { candidate, value in if candidate.isEqual(to: name) { found = value } }
        return found
    }

    /// The value of the last header of that name; nil when there is none, or it is null.
    package func header(_ name: StaticString) -> UnsafeRawBufferPointer? { header(name.bytes) }

    /// Key, value and headers in the record format: what ``init(body:offset:timestamp:)`` reads, to be stored again.
    package var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Int(fields.start), count: byteCount)
    }

    private func part(_ start: Int32, _ count: Int32) -> UnsafeRawBufferPointer? {
        count < 0 ? nil : UnsafeRawBufferPointer(start: base + Int(start), count: Int(count))
    }
}

/// Where a record's parts lie, counted from the start of the records.
struct RecordFields: Sendable {
    let start: Int32
    let keyStart: Int32, keyCount: Int32
    let valueStart: Int32, valueCount: Int32
    let headersStart: Int32, headerCount: Int32
    let end: Int32

    /// Walks through a record's body, which must end at `end` exactly.
    init(reading reader: inout RecordReader, until end: Int) throws(RecordError) {
        start = Int32(truncatingIfNeeded: reader.position)
        let key = try reader.field()
        let value = try reader.field()
        let count = try reader.varint()
        guard count >= 0, Int(count) * 2 <= reader.left else {
            throw RecordError(.badRecord, "a record has \(count) headers")
        }
        headersStart = Int32(truncatingIfNeeded: reader.position)
        for _ in 0..<count {
            guard try reader.field().count >= 0 else { throw RecordError(.badRecord, "a header has no name") }
            _ = try reader.field()
        }
        guard reader.position == end else {
            throw RecordError(.badRecord, "a record's fields end at byte \(reader.position), the record at \(end)")
        }
        (keyStart, keyCount) = (Int32(truncatingIfNeeded: key.start), Int32(truncatingIfNeeded: key.count))
        (valueStart, valueCount) = (Int32(truncatingIfNeeded: value.start), Int32(truncatingIfNeeded: value.count))
        headerCount = count
        self.end = Int32(truncatingIfNeeded: end)
    }
}
