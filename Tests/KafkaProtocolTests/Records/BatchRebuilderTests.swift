// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

@Suite struct BatchRebuilderTests {
    static let start: Int64 = 1_700_000_000_000

    /// Forty records from offset 500 on, of key 0 to 9; every tenth is a tombstone.
    static func batch(_ codec: RecordCodec, appendTime: Int64? = nil) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for number in 0..<40 {
            let body = RecordBatchTests.body(
                "key \(number % 10)", number % 10 == 3 ? nil : "value \(number) " + String(repeating: "x", count: 90),
                [("n", "\(number)")])
            body.withUnsafeBytes {
                _ = builder.add(body: $0, timestamp: WallTime(millis: start + Int64(number * 7 % 40)))
            }
        }
        var batch = Array(
            builder.seal(
                baseOffset: Offset(500), leaderEpoch: 3, codec: codec,
                producer: .init(id: 11, epoch: 4, baseSequence: 1_000)))
        if let appendTime {
            batch.withUnsafeMutableBytes { RecordBatchHeader.stamp($0, appendTime: WallTime(millis: appendTime)) }
        }
        return batch
    }

    /// What a reader sees of a record.
    static func seen(_ record: RecordView) -> String {
        "\(record.offset) \(record.timestamp.millis) \(Array(record.body))"
    }

    @Test(arguments: RecordCodec.allCases)
    func `what stays keeps its place, its time and its bytes`(_ codec: RecordCodec) throws {
        var rebuilder = BatchRebuilder()
        for appendTime in [nil, Self.start + 5] {
            let batch = Self.batch(codec, appendTime: appendTime)
            let before = try RecordBatchTests.stored(batch).records()
            for horizon in [nil, WallTime(millis: Self.start + 86_400_000)] {
                let keeps = { (record: RecordView) in record.offset.value % 3 == 0 && record.value != nil }
                let outcome = try batch.withUnsafeBytes {
                    try rebuilder.rebuild($0, deleteHorizon: horizon, keeping: keeps)
                }
                guard case .rebuilt(let bytes) = outcome else {
                    Issue.record("not rebuilt")
                    continue
                }
                let after = try RecordBatchTests.stored(Array(bytes)).records()
                #expect(after.map(Self.seen) == before.filter(keeps).map(Self.seen))
                let (old, new) = (before.header, after.header)
                #expect(new.baseOffset == 500 && new.lastOffsetDelta == 39 && new.partitionLeaderEpoch == 3)
                #expect(new.producerID == 11 && new.producerEpoch == 4)
                #expect(new.baseSequence == 1_000 && new.lastSequence == 1_039)
                #expect(new.codec == old.codec && new.hasAppendTime == old.hasAppendTime)
                #expect(new.deleteHorizon == horizon)
                #expect(new.maxTimestamp == appendTime ?? after.map(\.timestamp.millis).max())
                var second = BatchRebuilder()
                guard case .unchanged = try second.rebuild(bytes, keeping: { _ in true }) else {
                    Issue.record("a rebuilt batch changed")
                    continue
                }
            }
        }
    }

    @Test func `a batch whose records all stay is left as it lies; one with none becomes a header`() throws {
        var rebuilder = BatchRebuilder()
        for codec in RecordCodec.allCases {
            let batch = Self.batch(codec)
            try batch.withUnsafeBytes { bytes in
                guard case .unchanged = try rebuilder.rebuild(bytes, keeping: { _ in true }) else {
                    Issue.record("changed")
                    return
                }
                guard
                    case .rebuilt = try rebuilder.rebuild(
                        bytes, deleteHorizon: WallTime(millis: 5), keeping: { _ in true })
                else {
                    Issue.record("the horizon is not set")
                    return
                }
                guard case .emptied(let header) = try rebuilder.rebuild(bytes, keeping: { _ in false }) else {
                    Issue.record("not emptied")
                    return
                }
                #expect(header.count == RecordBatchHeader.byteCount)
                let empty = try RecordBatchTests.stored(Array(header)).records()
                #expect(empty.isEmpty)
                #expect(empty.header.baseOffset == 500 && empty.header.lastOffset == 539)
                #expect(empty.header.lastSequence == 1_039 && empty.header.baseTimestamp == -1)
                #expect(empty.header.maxTimestamp == Self.start + 39)
                var copy = ByteBuffer()
                copy.append(header)
                guard case .unchanged = try rebuilder.rebuild(copy.bytes, keeping: { _ in true }) else {
                    Issue.record("an emptied batch changed")
                    return
                }
            }
        }
    }

    @Test func `a marker keeps its kind and gets a horizon`() throws {
        var marker = ByteBuffer()
        TransactionMarker(isCommit: false, producerID: 5, producerEpoch: 1)
            .append(to: &marker, at: Offset(8), timestamp: WallTime(millis: Self.start))
        var rebuilder = BatchRebuilder()
        let horizon = WallTime(millis: Self.start + 1_000)
        guard
            case .rebuilt(let bytes) = try rebuilder.rebuild(
                marker.bytes, deleteHorizon: horizon, keeping: { _ in true })
        else {
            Issue.record("not rebuilt")
            return
        }
        let header = try RecordBatchHeader(verifying: bytes)
        #expect(header.isControl && header.isTransactional && header.deleteHorizon == horizon)
        #expect(header.maxTimestamp == Self.start)
        #expect(try TransactionMarker(reading: bytes)?.isCommit == false)
    }

    @Test func `a record whose time cannot be counted from the horizon is an error, not a trap`() throws {
        var builder = RecordBatchBuilder()
        RecordBatchTests.body("k", "v").withUnsafeBytes {
            _ = builder.add(body: $0, timestamp: WallTime(millis: .min + 1))
        }
        let batch = Array(builder.seal(baseOffset: .zero))
        var rebuilder = BatchRebuilder()
        #expect(throws: RecordError.self) {
            try batch.withUnsafeBytes {
                _ = try rebuilder.rebuild($0, deleteHorizon: WallTime(millis: Self.start), keeping: { _ in true })
            }
        }
    }
}
