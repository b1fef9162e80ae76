// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import KafkaProtocol

/// What is asked of a client's batch before it is stored, its records unread.
@Suite struct BatchCheckTests {
    typealias Change = (at: Int, bytes: [UInt8])

    /// The golden batch (three records), changed at some places, with its checksum made good.
    static func batch(_ changes: [Change]) -> [UInt8] {
        var batch = RecordBatchTests.golden
        for change in changes { batch.replaceSubrange(change.at..<change.at + change.bytes.count, with: change.bytes) }
        let sum = batch.withUnsafeBytes { CRC32C.checksum($0.part(RecordBatchHeader.checkedFrom..<$0.count)) }
        withUnsafeBytes(of: sum.bigEndian) { batch.replaceSubrange(17..<21, with: $0) }
        return batch
    }

    static func big(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    static func producer(_ id: Int64, _ epoch: Int16, _ sequence: Int32) -> [Change] {
        [(43, big(id)), (51, big(epoch)), (53, big(sequence))]
    }

    static func check(_ bytes: [UInt8], isAlone: Bool = true) throws(RecordError) -> RecordBatchHeader {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(RecordError) in try RecordBatchHeader.check(bytes, isAlone: isAlone) }
        }.get()
    }

    static let transactional: Change = (21, [0, 16])
    static let control: Change = (21, [0, 48])
    static let good: [[Change]] = [
        [], producer(7, 0, 0), producer(7, 3, .max), producer(7, 3, 5) + [transactional],
        // Not idempotent, with numbers all the same.
        producer(-1, 0, 0), producer(7, 3, -1) + [control],
        [(27, big(-1 as Int64)), (35, big(-1 as Int64))],
        // Append time: the batch's own times do not matter.
        [(21, [0, 8]), (35, big(5 as Int64))],
        // The records are the reader's business.
        [(61, [0xFF])],
    ]
    static let bad: [([Change], RecordError.Code)] = [
        ([(16, [1])], .unsupportedFormat), ([(16, [3])], .unsupportedFormat),
        ([(21, [0, 5])], .badHeader), ([(21, [0, 128])], .badHeader), ([(21, [1, 0])], .badHeader),
        ([(21, [0, 64])], .badHeader),
        ([(23, big(1 as Int32))], .badHeader), ([(23, big(3 as Int32))], .badHeader),
        ([(57, big(0 as Int32))], .badHeader), ([(57, big(-1 as Int32)), (23, big(-2 as Int32))], .badHeader),
        ([(57, big(0 as Int32)), (23, big(-1 as Int32))], .badHeader),
        ([(57, big(30 as Int32)), (23, big(29 as Int32))], .badHeader),
        (producer(7, -1, 0), .badHeader), (producer(7, 0, -1), .badHeader), (producer(-2, -1, -1), .badHeader),
        (producer(-1, -2, -1), .badHeader), (producer(-1, -1, -2), .badHeader),
        ([transactional], .badHeader), ([control], .badHeader), (producer(7, 3, 5) + [control], .badHeader),
        ([(35, big(1_699_999_000_000 as Int64))], .badHeader), ([(27, big(-2 as Int64))], .badHeader),
        ([(35, big(1_700_000_000_000_000 as Int64))], .badHeader), ([(0, [0x80])], .badHeader),
        ([(8, big(40 as Int32))], .badHeader), ([(8, big(Int32.max))], .incomplete),
    ]

    @Test func `what a client may send passes`() throws {
        for changes in Self.good {
            let header = try Self.check(Self.batch(changes))
            #expect(header.recordCount == 3 && header.totalByteCount == RecordBatchTests.golden.count)
        }
    }

    @Test func `what cannot be is refused by what is wrong`() {
        for (changes, code) in Self.bad {
            let error = #expect(throws: RecordError.self, "\(changes)") { _ = try Self.check(Self.batch(changes)) }
            #expect(error?.code == code, "\(changes): \(error?.description ?? "")")
        }
    }

    @Test func `a byte changed on the way shows, wherever it is`() {
        for at in 8..<RecordBatchTests.golden.count where !(12..<16).contains(at) {
            var batch = RecordBatchTests.golden
            batch[at] ^= 0x20
            #expect(throws: RecordError.self, "byte \(at)") { _ = try Self.check(batch) }
        }
        for count in 0..<RecordBatchTests.golden.count {
            #expect(throws: RecordError.self) { _ = try Self.check(Array(RecordBatchTests.golden[..<count])) }
        }
    }

    @Test func `several batches are gone through one after another`() throws {
        let two = RecordBatchTests.golden + Self.batch(Self.producer(7, 0, 0))
        let error = #expect(throws: RecordError.self) { _ = try Self.check(two) }
        #expect(error?.code == .badHeader)
        let first = try Self.check(two, isAlone: false)
        #expect(first.producerID == -1)
        #expect(try Self.check(Array(two[first.totalByteCount...])).producerID == 7)
    }

    @Test func `the time of the append becomes that of all records, whatever their codec`() throws {
        for codec in RecordCodec.allCases {
            var builder = RecordBatchBuilder()
            let body = RecordBatchTests.body("key", String(repeating: "value", count: 100))
            for number in 0..<20 {
                body.withUnsafeBytes {
                    _ = builder.add(body: $0, timestamp: WallTime(millis: 1_700_000_000_000 + Int64(number)))
                }
            }
            var batch = Array(builder.seal(baseOffset: Offset(4), codec: codec))
            batch.withUnsafeMutableBytes {
                RecordBatchHeader.stamp($0, appendTime: WallTime(millis: 1_800_000_000_000))
            }
            let records = try RecordBatchTests.stored(batch).records()
            #expect(records.header.hasAppendTime && records.header.codec == codec)
            #expect(records.allSatisfy { $0.timestamp.millis == 1_800_000_000_000 && Array($0.body) == body })
        }
    }

    @Test func `the end of a transaction is a control batch of 78 bytes`() throws {
        for isCommit in [false, true] {
            let marker = TransactionMarker(
                isCommit: isCommit, producerID: 4_000, producerEpoch: 7, coordinatorEpoch: 12)
            var buffer = ByteBuffer()
            buffer.append("before")
            marker.append(to: &buffer, at: Offset(99), timestamp: WallTime(millis: 1_700_000_000_000))
            buffer.removeFirst(6)
            #expect(buffer.count == TransactionMarker.byteCount)
            let header = try RecordBatchHeader.check(buffer.bytes)
            #expect(header.isControl && header.isTransactional && header.baseSequence == -1)
            #expect(header.baseOffset == 99 && header.maxTimestamp == 1_700_000_000_000)
            #expect(try TransactionMarker(reading: buffer.bytes) == marker)
            #expect(try RecordBatchTests.stored(buffer.array()).records().isControl)
        }
        // A control record of another kind, and a batch that is none.
        var other = ByteBuffer()
        TransactionMarker(isCommit: true, producerID: 1, producerEpoch: 0)
            .append(to: &other, at: .zero, timestamp: WallTime(millis: 0))
        other.mutableBytes[69] = 2
        #expect(try TransactionMarker(reading: other.bytes) == nil)
        #expect(throws: RecordError.self) {
            try RecordBatchTests.golden.withUnsafeBytes { _ = try TransactionMarker(reading: $0) }
        }
    }

    @Test func `what a small batch blew up to is shared by its readers, and goes with the last of them`() throws {
        let kept: (StoredBatch) throws -> DecodedBatch? = { batch in
            try? batch.decoded { () throws(RecordError) -> DecodedBatch in throw RecordError(.badRecord, "not kept") }
        }
        let zeros = RecordBatchTests.body(nil, String(repeating: "\0", count: 300_000))
        for (body, isLight) in [(zeros, false), (RecordBatchTests.body("key", "value"), true)] {
            let batch = try RecordBatchTests.stored(RecordBatchTests.batch(Array(repeating: body, count: 8)))
            var records: BatchRecords? = try batch.records()
            let place = records?.first?.body.baseAddress
            #expect(try batch.records().first?.body.baseAddress == place)
            #expect(try kept(batch) != nil)
            records = nil
            #expect(try (kept(batch) != nil) == isLight)
            #expect(try batch.records().count == 8)
        }
    }

    @Test func `a batch that claims more records than are read is refused before it is stored`() throws {
        var builder = RecordBatchBuilder()
        let body = RecordBatchTests.body("key", String(repeating: "value", count: 100))
        for _ in 0..<20 { body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: WallTime(millis: 5)) } }
        var batch = Array(builder.seal(baseOffset: .zero))
        let count = DecodedBatch.recordLimit + 1
        batch.replaceSubrange(23..<27, with: Self.big(count - 1))
        batch.replaceSubrange(57..<61, with: Self.big(count))
        batch.withUnsafeMutableBytes { RecordBatchHeader.stamp($0, appendTime: WallTime(millis: 5)) }
        for read in [{ _ = try Self.check(batch) }, { _ = try batch.withUnsafeBytes { try DecodedBatch($0) } }] {
            let error = #expect(throws: RecordError.self) { try read() }
            #expect(error?.code == .tooLarge)
        }
    }
}
