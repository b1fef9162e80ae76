// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

/// Lends a text's bytes.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes(body)
}

@Suite struct ChecksumTests {
    /// RFC 3720 B.4, and the usual check value.
    static let vectors: [([UInt8], UInt32)] = [
        ([], 0), (Array("123456789".utf8), 0xE306_9283), (Array(repeating: 0, count: 32), 0x8A91_36AA),
        (Array(repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
    ]

    @Test(arguments: vectors)
    func `CRC-32C has the published values`(_ bytes: [UInt8], _ sum: UInt32) {
        #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == sum)
    }

    @Test func `a checksum in parts is that of the whole, at every length the fast ways change`() {
        let random = SeededRandom(seed: 3)
        let bytes = (0..<13_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for count in [1, 7, 8, 255, 256, 767, 768, 769, 6_143, 6_144, 6_145, 13_000] {
            bytes.withUnsafeBytes { all in
                let part = all.part(0..<count)
                // Bit by bit, as the polynomial says.
                var slow: UInt32 = 0xFFFF_FFFF
                for byte in part {
                    slow ^= UInt32(byte)
                    for _ in 0..<8 { slow = slow & 1 == 1 ? slow >> 1 ^ 0x82F6_3B78 : slow >> 1 }
                }
                #expect(CRC32C.checksum(part) == ~slow)
                let first = CRC32C.checksum(part.part(0..<count / 3))
                #expect(CRC32C.checksum(part.part(count / 3..<count), after: first) == ~slow)
            }
        }
    }

    /// Of Apache Kafka's own `UtilsTest`, and kafka-python.
    static let hashes: [(String, Int32)] = [
        ("", 275_646_681), ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107), ("o-17", 783_299_987),
    ]

    @Test(arguments: hashes)
    func `murmur2 is Java's`(_ key: String, _ hash: Int32) {
        #expect(withBytes(key) { Murmur2.hash($0) } == hash)
        #expect(withBytes(key) { Murmur2.partition(of: $0, count: 6) } == (hash & 0x7FFF_FFFF) % 6)
    }
}

@Suite struct RecordBatchTests {
    /// Made with kafka-python 2.
    static let golden = Hex.decode(
        "0000000000000000000000660000000002ffdeffa40000000000020000018bcfe568000000018bcfe56805ffffffffffffffffffffffffff"
            + "ff0000000342000000086f2d3137187b22746f74616c223a34327d040a63655f69640231026e010e000a02010278001400cf0f0400"
            + "0102026800")!

    static func body(_ key: String?, _ value: String?, _ headers: [(String, String?)] = []) -> [UInt8] {
        var body = ByteBuffer()
        func field(_ text: String?) {
            body.append(varint: text.map { Int64($0.utf8.count) } ?? -1)
            body.append(text ?? "")
        }
        field(key)
        field(value)
        body.append(varint: Int64(headers.count))
        for (name, value) in headers {
            field(name)
            field(value)
        }
        return body.array()
    }

    static func batch(
        _ bodies: [[UInt8]], at offset: Int64 = 0, step: Int64 = 0, compresses: Bool = true
    ) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for (index, body) in bodies.enumerated() {
            body.withUnsafeBytes {
                _ = builder.add(body: $0, timestamp: WallTime(millis: 1_700_000_000_000 + Int64(index) * step))
            }
        }
        return Array(builder.seal(baseOffset: Offset(offset), compresses: compresses))
    }

    static func stored(_ bytes: [UInt8]) throws -> StoredBatch {
        let owner = bytes.withUnsafeBytes { SharedBytes(copying: $0) }
        let header = try RecordBatchHeader(verifying: owner.buffer)
        return StoredBatch(
            partition: PartitionID(TopicID(1), 0), baseOffset: Offset(header.baseOffset),
            lastOffset: Offset(header.lastOffset), round: 1, owner: owner, range: 0..<bytes.count)
    }

    @Test func `a batch is byte for byte what another client makes`() throws {
        var builder = RecordBatchBuilder()
        let records: [([UInt8], Int64)] = [
            (Self.body("o-17", "{\"total\":42}", [("ce_id", "1"), ("n", nil)]), 1_700_000_000_000),
            (Self.body(nil, "x"), 1_700_000_000_005), (Self.body("", nil, [("h", "")]), 1_699_999_999_000),
        ]
        for (body, time) in records {
            body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: WallTime(millis: time)) }
        }
        #expect(Array(builder.seal(baseOffset: .zero)) == Self.golden)
        builder.removeAll()
        for (body, time) in records {
            body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: WallTime(millis: time)) }
        }
        #expect(Array(builder.seal(baseOffset: .zero)) == Self.golden)
    }

    @Test func `a batch of another client is read`() throws {
        let records = try Self.stored(Self.golden).records()
        #expect(records.count == 3)
        #expect(records.map(\.offset) == [Offset(0), Offset(1), Offset(2)])
        #expect(records.map(\.timestamp.millis) == [1_700_000_000_000, 1_700_000_000_005, 1_699_999_999_000])
        #expect(records[0].key?.text == "o-17")
        #expect(records[0].header("ce_id")?.text == "1")
        #expect(records[0].headerCount == 2)
        #expect(records[0].header("n") == nil)
        #expect(records[1].key == nil)
        #expect(records[1].value?.text == "x")
        #expect(records[2].key?.isEmpty == true)
        #expect(records[2].value == nil)
        #expect(records[2].header("h")?.isEmpty == true)
        #expect(Array(records[1].body) == Self.body(nil, "x"))
    }

    @Test func `batches are compressed from eight records and two kibibytes on`() throws {
        let long = Self.body("key", String(repeating: "{\"total\":42}", count: 40))
        let cases: [(Int, [UInt8], RecordCodec)] = [
            (7, long, .none), (8, long, .lz4), (8, Self.body("k", "v"), .none), (300, long, .lz4),
        ]
        for (count, body, codec) in cases {
            let bytes = Self.batch(Array(repeating: body, count: count), at: 1_000, step: 7)
            let header = try bytes.withUnsafeBytes { try RecordBatchHeader(verifying: $0, isFresh: true) }
            #expect(header.codec == codec)
            let records = try Self.stored(bytes).records()
            #expect(records.count == count)
            for (index, record) in records.enumerated() {
                #expect(record.offset == Offset(1_000 + Int64(index)))
                #expect(record.timestamp.millis == 1_700_000_000_000 + Int64(index) * 7)
                #expect(Array(record.body) == body)
            }
            #expect(records.index(from: Offset(0)) == 0)
            #expect(records.index(from: Offset(1_003)) == 3)
            #expect(records.index(from: Offset(9_999)) == count)
        }
    }

    @Test func `what does not get smaller stays as it is`() throws {
        let random = SeededRandom(seed: 9)
        let bodies = (0..<10).map { _ -> [UInt8] in
            var body = ByteBuffer()
            body.append(varint: -1)
            body.append(varint: 400)
            for _ in 0..<50 { body.append(bigEndian: random.next()) }
            body.append(varint: 0)
            return body.array()
        }
        let header = try Self.batch(bodies).withUnsafeBytes { try RecordBatchHeader(verifying: $0) }
        #expect(header.codec == RecordCodec.none)
    }

    /// What an attacker or a rotten disk may write at a place of the header, and the refusal; the checksum is made good.
    static let badHeaders: [(Int, [UInt8], RecordError.Code)] = [
        (16, [1], .unsupportedFormat), (8, [0, 0, 0, 10], .badHeader), (8, [0xFF, 0xFF, 0xFF, 0xFF], .badHeader),
        (8, [0x7F, 0xFF, 0xFF, 0xFF], .incomplete), (0, [0x80], .badHeader),
        (0, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .badHeader),
        (21, [0x01, 0], .badHeader), (21, [0, 5], .badHeader), (21, [0, 1], .badRecord),
        (21, [0, 2], .badRecord), (21, [0, 4], .badRecord), (21, [0, 3], .badRecord),
        (23, [0xFF], .badHeader), (23, [0, 0, 0, 1], .badHeader), (57, [0xFF], .badHeader),
        (57, [0x7F, 0xFF, 0xFF, 0xFF], .badHeader), (57, [0, 0, 0, 4], .badHeader), (57, [0, 0, 0, 2], .badRecord),
        (61, [0x44], .badRecord), (61, [0x03], .badRecord),
        (27, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .badRecord),
    ]

    @Test(arguments: badHeaders)
    func `a batch that cannot be is refused by what is wrong`(_ at: Int, _ bytes: [UInt8], _ code: RecordError.Code) {
        var batch = Self.golden
        batch.replaceSubrange(at..<at + bytes.count, with: bytes)
        let error = #expect(throws: RecordError.self) {
            try batch.withUnsafeBytes { _ = try DecodedBatch($0) }
        }
        #expect(error?.code == code, "\(error?.description ?? "")")
    }

    @Test func `a changed byte shows, a batch cut short too`() {
        for at in 21..<Self.golden.count {
            var batch = Self.golden
            batch[at] ^= 0x10
            #expect(throws: RecordError.self) { try batch.withUnsafeBytes { _ = try RecordBatchHeader(verifying: $0) } }
        }
        for count in 0..<Self.golden.count {
            #expect(throws: RecordError.self) {
                try Self.golden[..<count].withUnsafeBytes { _ = try RecordBatchHeader(verifying: $0) }
            }
        }
    }

    @Test func `no bytes trap the decoder, compressed or not`() {
        let random = SeededRandom(seed: 77)
        let long = Self.body("key", String(repeating: "{\"total\":42}", count: 40), [("a", "b"), ("c", nil)])
        for original in [Self.golden, Self.batch(Array(repeating: long, count: 9))] {
            for _ in 0..<6_000 {
                var batch = original
                for _ in 0...Int(random.next(below: 4)) {
                    batch[Int(random.next(below: UInt64(batch.count)))] = UInt8(truncatingIfNeeded: random.next())
                }
                batch.withUnsafeBytes { bytes in
                    guard let decoded = try? DecodedBatch(bytes, limit: 1 << 20) else { return }
                    _ = decoded.header
                }
            }
        }
    }

    @Test func `a batch that blows up is stopped at the limit`() throws {
        let zeros = Self.body(nil, String(repeating: "\0", count: 300_000))
        let batch = Self.batch(Array(repeating: zeros, count: 8))
        #expect(batch.count < 20_000)
        let error = #expect(throws: RecordError.self) {
            try batch.withUnsafeBytes { _ = try DecodedBatch($0, limit: 1_000_000) }
        }
        #expect(error?.code == .tooLarge)
        #expect(try batch.withUnsafeBytes { try DecodedBatch($0) }.header.recordCount == 8)
    }

    @Test func `a batch is given its place without a new checksum`() throws {
        var batch = Self.golden
        batch.withUnsafeMutableBytes { RecordBatchHeader.place($0, at: Offset(5_000), leaderEpoch: 3) }
        #expect(try Self.stored(batch).records().map(\.offset.value) == [5_000, 5_001, 5_002])
        #expect(batch.withUnsafeBytes { RecordBatchHeader.totalByteCount($0) } == batch.count)
    }

    @Test func `a batch is decoded once for all its readers, and they keep it alive`() throws {
        var records: BatchRecords? = try Self.stored(Self.golden).records()
        #expect(records?.first?.key?.text == "o-17")
        weak let batch = records?.batch
        #expect(batch != nil)
        records = nil
        #expect(batch == nil)
    }

    @Test(arguments: [0, -1, 1, 63, -64, 64, -65, 8_191, 8_192, Int64.max, Int64.min])
    func `the length of a number is known beforehand`(_ number: Int64) {
        var buffer = ByteBuffer()
        buffer.append(varint: number)
        #expect(Varint.byteCount(number) == buffer.array().count)
    }
}
