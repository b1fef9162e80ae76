// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import KafkaProtocol

@Suite struct RecordSalvageTests {
    /// Records of a key each; with a subject, they are events.
    private func batch(_ keys: [String?], subject: StaticString? = nil, at offset: Int64) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for key in keys {
            var body = ByteBuffer()
            let bytes = key.map { Array($0.utf8) }
            (bytes ?? []).withUnsafeBytes { key in
                let key: UnsafeRawBufferPointer? = bytes == nil ? nil : key
                guard let subject else { return EventRecord.encodeBody(key: key, value: key, into: &body) }
                let headers = [
                    RecordHeader(("ce_id" as StaticString).bytes, key),
                    RecordHeader(("ce_subject" as StaticString).bytes, subject.bytes),
                ]
                EventRecord.encodeBody(key: key, value: key, headers: headers, into: &body)
            }
            builder.add(body: body.bytes, timestamp: WallTime(millis: 1))
        }
        return [UInt8](builder.seal(baseOffset: Offset(offset)))
    }

    private func salvage(_ bytes: [UInt8]) -> RecordSalvage { bytes.withUnsafeBytes { RecordSalvage($0) } }

    @Test func `entities are read as far as they can be`() {
        let bytes = batch(["a", nil, "b"], at: 0) + batch(["type", nil], subject: "o-1", at: 3)
        #expect(salvage(bytes).entities == ["a", "b", "o-1"] && salvage(bytes).isWhole)
        var rotten = bytes
        // The checksum says nothing here.
        rotten[20] ^= 0xFF
        #expect(salvage(rotten) == salvage(bytes))
        // The length of the first record: of what has no structure any more, subjects are found.
        rotten[61] = 0x7E
        #expect(salvage(rotten).entities == ["o-1"] && !salvage(rotten).isWhole)
        let cut = Array(bytes.dropLast(3))
        #expect(salvage(cut).entities == ["a", "b", "o-1"] && !salvage(cut).isWhole)
        let many = batch((0..<150).map { "k-\($0)" }, at: 0)
        #expect(salvage(many).entities.count == RecordSalvage.mostEntities && !salvage(many).isWhole)
        #expect(salvage([]).isWhole && !salvage([1, 2, 3]).isWhole)
    }

    @Test func `no byte that rots and no cut stops the process`() {
        let bytes = batch(["key-1", "key-2", nil, "key-3"], at: 7)
        let random = SeededRandom(seed: 11)
        for place in bytes.indices {
            for flip: UInt8 in [1, 0x80, 0xFF, UInt8(truncatingIfNeeded: random.next())] {
                var rotten = bytes
                rotten[place] ^= flip
                _ = salvage(rotten)
                _ = salvage(Array(rotten[..<place]))
            }
        }
    }
}
