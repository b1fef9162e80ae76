// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSnappy
import Testing
import TidingsCore

@testable import KafkaProtocol

@Suite struct RecordCodecTests {
    static let codecs = RecordCodec.allCases.filter { $0 != RecordCodec.none }

    /// Nothing, a byte, text that repeats, noise, and more than one block of any codec.
    static let contents: [[UInt8]] = {
        let random = SeededRandom(seed: 5)
        return [
            [], [7], Array(String(repeating: "{\"total\":42}", count: 3_000).utf8),
            (0..<200_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }, Array(repeating: 0, count: 1_000_000),
        ]
    }()

    static func compressed(_ content: [UInt8], _ codec: RecordCodec) throws -> [UInt8] {
        var stream = ByteBuffer()
        stream.append("before")
        let isDone = content.withUnsafeBytes { codec.compress($0, into: &stream) }
        try #require(isDone)
        stream.removeFirst(6)
        return stream.array()
    }

    static func inflated(_ stream: [UInt8], _ codec: RecordCodec, limit: Int) throws(RecordError) -> [UInt8] {
        let result = stream.withUnsafeBytes { bytes in
            Result { () throws(RecordError) in try codec.decompress(bytes, limit: limit) }
        }
        return Array(try result.get().buffer)
    }

    @Test(arguments: RecordCodec.allCases)
    func `what a codec wrote it reads, up to the limit and not a byte further`(_ codec: RecordCodec) throws {
        for content in Self.contents {
            let stream = try Self.compressed(content, codec)
            #expect(try Self.inflated(stream, codec, limit: content.count) == content)
            guard !content.isEmpty else { continue }
            let error = #expect(throws: RecordError.self) {
                _ = try Self.inflated(stream, codec, limit: content.count - 1)
            }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test(arguments: codecs)
    func `a stream cut short, or followed by something, is refused`(_ codec: RecordCodec) throws {
        let content = Self.contents[2]
        let stream = try Self.compressed(content, codec)
        for count in Array(0..<min(60, stream.count)) + [stream.count / 2, stream.count - 1] {
            // A frame of snappy that ends with its start, or between two blocks, is whole.
            if codec == .snappy, count == 16 { continue }
            let error = #expect(throws: RecordError.self) {
                _ = try Self.inflated(Array(stream[..<count]), codec, limit: 1 << 20)
            }
            #expect(error?.code == .badRecord, "\(count) bytes")
        }
        let error = #expect(throws: RecordError.self) {
            _ = try Self.inflated(stream + [1, 2, 3, 4, 5], codec, limit: 1 << 20)
        }
        #expect(error?.code == .badRecord)
    }

    @Test(arguments: codecs)
    func `no bytes trap a codec, and none make it use more than the limit`(_ codec: RecordCodec) throws {
        let random = SeededRandom(seed: 11)
        for original in [try Self.compressed(Self.contents[2], codec), try Self.compressed([1, 2, 3], codec)] {
            for _ in 0..<2_000 {
                var stream = original
                for _ in 0...Int(random.next(below: 4)) {
                    stream[Int(random.next(below: UInt64(stream.count)))] = UInt8(truncatingIfNeeded: random.next())
                }
                #expect(((try? Self.inflated(stream, codec, limit: 100_000))?.count ?? 0) <= 100_000)
            }
        }
    }

    @Test func `librdkafka's bare snappy block is read as well as Java's frame`() throws {
        let content = Self.contents[2]
        var block = [CChar](repeating: 0, count: snappy_max_compressed_length(content.count))
        var count = block.count
        content.withUnsafeBytes { bytes in
            _ = snappy_compress(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count, &block, &count)
        }
        let stream = block[..<count].map { UInt8(bitPattern: $0) }
        #expect(try Self.inflated(stream, .snappy, limit: content.count) == content)
        let cut = #expect(throws: RecordError.self) {
            _ = try Self.inflated(Array(stream.dropLast()), .snappy, limit: 1 << 20)
        }
        #expect(cut?.code == .badRecord)
        // A length that no block of this length can have, and one over the limit.
        let bomb = #expect(throws: RecordError.self) {
            _ = try Self.inflated([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0], .snappy, limit: .max)
        }
        #expect(bomb?.code == .badRecord)
    }

    @Test(arguments: [RecordCodec.gzip, .zstd])
    func `members of a stream are read one after another`(_ codec: RecordCodec) throws {
        let parts = [Self.contents[2], Self.contents[1], Self.contents[0]]
        let stream = try parts.flatMap { try Self.compressed($0, codec) }
        let whole = parts.flatMap { $0 }
        #expect(try Self.inflated(stream, codec, limit: whole.count) == whole)
        let error = #expect(throws: RecordError.self) {
            _ = try Self.inflated(stream, codec, limit: whole.count - 1)
        }
        #expect(error?.code == .tooLarge)
    }

    @Test(arguments: codecs)
    func `a batch is written with every codec and read again`(_ codec: RecordCodec) throws {
        var builder = RecordBatchBuilder()
        let bodies = (0..<100).map { RecordBatchTests.body("key \($0)", String(repeating: "value \($0) ", count: 20)) }
        for body in bodies {
            body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: WallTime(millis: 1_700_000_000_000)) }
        }
        let producer = RecordBatchBuilder.Producer(id: 9, epoch: 2, baseSequence: 2_147_483_600, isTransactional: true)
        let bytes = Array(builder.seal(baseOffset: Offset(70), codec: codec, producer: producer))
        let records = try RecordBatchTests.stored(bytes).records()
        #expect(records.map { Array($0.body) } == bodies)
        let header = records.header
        #expect(header.codec == codec)
        #expect(header.producerID == 9 && header.producerEpoch == 2 && header.isTransactional)
        #expect(header.baseSequence == 2_147_483_600 && header.lastSequence == 51)
    }
}
