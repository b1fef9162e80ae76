// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import KafkaProtocol

@Suite struct RecordSalvageTests {
    private func batch(_ keys: [String?], at offset: Int64) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for key in keys {
            var body = ByteBuffer()
            let bytes = key.map { Array($0.utf8) }
            (bytes ?? []).withUnsafeBytes { key in
                EventRecord.encodeBody(key: bytes == nil ? nil : key, value: key, into: &body)
            }
            builder.add(body: body.bytes, timestamp: WallTime(millis: 1))
        }
        return [UInt8](builder.seal(baseOffset: Offset(offset)))
    }

    private func salvage(_ bytes: [UInt8]) -> (keys: [String?], isWhole: Bool) {
        var keys: [String?] = []
        let isWhole = bytes.withUnsafeBytes { bytes in
            RecordSalvage.forEachKey(in: bytes) { keys.append($0.map { String(decoding: $0, as: UTF8.self) }) }
        }
        return (keys, isWhole)
    }

    @Test func `keys are read as far as they can be`() {
        let bytes = batch(["a", nil, "b"], at: 0) + batch(["c"], at: 3)
        #expect(salvage(bytes).keys == ["a", nil, "b", "c"] && salvage(bytes).isWhole)
        var rotten = bytes
        // The checksum says nothing here.
        rotten[20] ^= 0xFF
        #expect(salvage(rotten).keys.count == 4 && salvage(rotten).isWhole)
        let cut = Array(bytes.dropLast(3))
        #expect(salvage(cut).keys.prefix(3) == ["a", nil, "b"] && !salvage(cut).isWhole)
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
