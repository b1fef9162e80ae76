// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What can still be read of damaged batches: for people who want to know whom it hit, never for readers of events.
///
/// An event's entity is its subject; a record that is no event (the server's own, a Kafka client's) is known by its key.
package struct RecordSalvage: Sendable, Hashable {
    /// How many entities are named at most.
    package static let mostEntities = 100
    /// Longer ones are not named, in bytes.
    static let longestEntity = 512
    private static let eventPrefix: StaticString = "ce_"
    private static let subject: StaticString = "ce_subject"

    /// The entities of the records that can be made out, each once, in the order found.
    package private(set) var entities: [String] = []
    /// Whether every record could be made out, and all their entities are named.
    package private(set) var isWhole: Bool

    /// Looks through batches; checksums say nothing here.
    /// - Parameter isAll: whether these are all bytes of what is damaged.
    package init(_ bytes: UnsafeRawBufferPointer, isAll: Bool = true) {
        isWhole = isAll
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= RecordBatchHeader.byteCount, rest.number(16, Int8.self) == 2,
                let total = RecordBatchHeader.totalByteCount(rest)
            else {
                isWhole = false
                search(rest)
                return
            }
            let attributes = rest.number(21, Int16.self)
            let stored = rest.part(RecordBatchHeader.byteCount..<min(total, rest.count))
            read(stored, RecordCodec(rawValue: attributes & 7), count: rest.number(57, Int32.self))
            guard total <= rest.count else {
                isWhole = false
                return
            }
            rest = rest.part(total..<rest.count)
        }
    }

    private mutating func read(_ stored: UnsafeRawBufferPointer, _ codec: RecordCodec?, count: Int32) {
        switch codec {
        case .some(.none): read(stored, count: count)
        case .some(let codec):
            if let inflated = try? codec.decompress(stored, limit: DecodedBatch.inflatedLimit) {
                read(inflated.buffer, count: count)
            } else {
                isWhole = false
            }
        case nil: isWhole = false
        }
    }

    private mutating func read(_ records: UnsafeRawBufferPointer, count: Int32) {
        var reader = RecordReader(records)
        for _ in 0..<max(0, count) {
            let start = reader.position
            do throws(RecordError) {
                try readRecord(&reader, records)
            } catch {
                isWhole = false
                return search(records.part(start..<records.count))
            }
        }
    }

    private mutating func readRecord(
        _ reader: inout RecordReader, _ records: UnsafeRawBufferPointer
    ) throws(RecordError) {
        let length = Int(try reader.varint())
        guard length >= 0, length <= reader.left else { throw RecordReader.endsEarly }
        let end = reader.position + length
        _ = try reader.byte()
        _ = try reader.varlong()
        _ = try reader.varint()
        let key = try reader.field()
        _ = try reader.field()
        var isEvent = false
        var subject: UnsafeRawBufferPointer?
        for _ in 0..<max(0, try reader.varint()) {
            let (name, value) = (try reader.field(), try reader.field())
            guard name.count >= 0 else { throw RecordReader.endsEarly }
            let text = records.part(name.start..<name.start + name.count)
            isEvent = isEvent || text.starts(with: Self.eventPrefix.bytes)
            if value.count >= 0, text.isEqual(to: Self.subject) {
                subject = records.part(value.start..<value.start + value.count)
            }
        }
        guard reader.position == end else { throw RecordReader.endsEarly }
        if let subject {
            name(subject)
        } else if !isEvent, key.count >= 0 {
            name(records.part(key.start..<key.start + key.count))
        }
    }

    private mutating func name(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.longestEntity, let text = String(validating: bytes, as: UTF8.self) else {
            isWhole = false
            return
        }
        if text.isEmpty || entities.contains(text) { return }
        guard entities.count < Self.mostEntities else {
            isWhole = false
            return
        }
        entities.append(text)
    }

    // MARK: bytes without a structure

    /// Looks for subjects among bytes that cannot be read as records any more: what stands behind the header's name.
    private mutating func search(_ bytes: UnsafeRawBufferPointer) {
        let header = Self.subject
        var at = 0
        while at + header.utf8CodeUnitCount + 1 < bytes.count {
            guard bytes[at] == header.bytes[0],
                bytes.part(at..<at + header.utf8CodeUnitCount).isEqual(to: header)
            else {
                at += 1
                continue
            }
            at += header.utf8CodeUnitCount
            var reader = RecordReader(bytes, from: at)
            guard let field = try? reader.field(), field.count > 0 else { continue }
            name(bytes.part(field.start..<field.start + field.count))
        }
    }
}
