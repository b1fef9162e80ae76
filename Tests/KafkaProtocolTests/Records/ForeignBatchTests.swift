// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

/// What other implementations wrote is read, for every codec.
@Suite struct ForeignBatchTests {
    static func decoded(_ base64: String) throws -> [UInt8] { try #require(Base64.decode(base64)) }

    static func record(_ number: Int) -> [UInt8] {
        let text = String(repeating: "the same again and ", count: 6)
        return RecordBatchTests.body(
            number == 3 ? nil : "key-\(number)",
            number == 4 ? nil : #"{"number":\#(number),"text":"\#(text)"}"#,
            number == 2 ? [] : [("ce_id", "e-\(number)"), ("empty", "")])
    }

    @Test(arguments: ForeignBatch.all)
    func `a batch of another implementation is accepted, read, rebuilt and written again`(
        _ foreign: ForeignBatch
    ) throws {
        let bytes = try Self.decoded(foreign.base64)
        let header = try bytes.withUnsafeBytes { try RecordBatchHeader.check($0) }
        #expect(header.codec == foreign.codec)
        #expect((header.producerID >= 0) == (foreign.maker != ForeignBatch.python))
        let records = try RecordBatchTests.stored(bytes).records()
        #expect(records.map { Array($0.body) } == (0..<6).map(Self.record))
        #expect(records.map(\.offset.value) == Array(0..<6))
        if foreign.hasKnownTimes {
            #expect(records.map(\.timestamp.millis) == (0..<6).map { 1_700_000_000_000 + $0 * 10 })
        }
        var rebuilder = BatchRebuilder()
        let outcome = try bytes.withUnsafeBytes { try rebuilder.rebuild($0) { $0.value != nil } }
        guard case .rebuilt(let rebuilt) = outcome else {
            Issue.record("not rebuilt")
            return
        }
        let kept = try RecordBatchTests.stored(Array(rebuilt)).records()
        #expect(kept.header.codec == foreign.codec && kept.header.lastSequence == header.lastSequence)
        #expect(kept.map { Array($0.body) } == [0, 1, 2, 3, 5].map(Self.record))
        #expect(kept.map(\.offset.value) == [0, 1, 2, 3, 5])
        #expect(kept.map(\.timestamp) == records.filter { $0.value != nil }.map(\.timestamp))
    }

    @Test func `the markers of Kafka's transactions are read, and ours are the same`() throws {
        let bytes = try Self.decoded(ForeignBatch.transactions)
        var at = 0
        var markers: [TransactionMarker] = []
        while at < bytes.count {
            let rest = Array(bytes[at...])
            let header = try rest.withUnsafeBytes { try RecordBatchHeader.check($0, isAlone: false) }
            #expect(header.isTransactional)
            if header.isControl {
                let marker = try #require(try rest.withUnsafeBytes { try TransactionMarker(reading: $0) })
                markers.append(marker)
                var ours = ByteBuffer()
                marker.append(
                    to: &ours, at: Offset(header.baseOffset), timestamp: WallTime(millis: header.maxTimestamp))
                #expect(ours.array() == Array(rest[..<header.totalByteCount]))
            }
            at += header.totalByteCount
        }
        #expect(markers.map(\.isCommit) == [true, false])
        #expect(Set(markers.map(\.producerID)).count == 1)
    }
}
