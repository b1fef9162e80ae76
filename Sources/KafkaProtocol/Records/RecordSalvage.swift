// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What can still be read of damaged batches: for people who want to know what was hit, never for readers of events.
package enum RecordSalvage {
    /// Hands over the keys of all records that can be made out, checksums ignored; nil for a record without a key.
    /// - Returns: whether everything could be made out.
    package static func forEachKey(
        in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Void
    ) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= RecordBatchHeader.byteCount, rest.number(16, Int8.self) == 2,
                let total = RecordBatchHeader.totalByteCount(rest)
            else { return false }
            let attributes = rest.number(21, Int16.self)
            let count = rest.number(57, Int32.self)
            let stored = rest.part(RecordBatchHeader.byteCount..<min(total, rest.count))
            guard read(stored, RecordCodec(rawValue: attributes & 7), count, body), total <= rest.count else {
                return false
            }
            rest = rest.part(total..<rest.count)
        }
        return true
    }

    private static func read(
        _ stored: UnsafeRawBufferPointer, _ codec: RecordCodec?, _ count: Int32,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) -> Bool {
        switch codec {
        case .some(.none): return read(stored, count, body)
        case .some(let codec):
            guard let inflated = try? codec.decompress(stored, limit: DecodedBatch.inflatedLimit) else { return false }
            return read(inflated.buffer, count, body)
        case nil: return false
        }
    }

    private static func read(
        _ records: UnsafeRawBufferPointer, _ count: Int32, _ body: (UnsafeRawBufferPointer?) -> Void
    ) -> Bool {
        var reader = RecordReader(records)
        do {
            for _ in 0..<max(0, count) {
                let length = Int(try reader.varint())
                guard length >= 0, length <= reader.left else { return false }
                let end = reader.position + length
                _ = try reader.byte()
                _ = try reader.varlong()
                _ = try reader.varint()
                let key = try reader.field()
                guard key.start + max(0, key.count) <= end else { return false }
                body(key.count < 0 ? nil : records.part(key.start..<key.start + key.count))
                reader.position = end
            }
        } catch {
            return false
        }
        return true
    }
}
