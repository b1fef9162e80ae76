// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `script/cross-read` sets; nil in other runs.
private let crossReadFolder = getenv("TIDINGS_CROSS_READ").map { String(cString: $0) }

/// Our half of `script/cross-read`, which sets TIDINGS_CROSS_READ to a folder: reads the segments of other implementations
/// in `theirs`, stores their batches as a client's, and writes segments of its own into `ours`.
@Suite(.enabled(if: crossReadFolder != nil, "script/cross-read runs it"))
struct CrossReadingTests {
    private static let time: Int64 = 1_700_000_000_000

    /// What is in a segment, as expected.json has it.
    private struct Contents {
        var path: String
        var records: [JSONValue] = []
    }

    private static func described(_ record: RecordView, hasTime: Bool = true) -> JSONValue {
        func base64(_ bytes: UnsafeRawBufferPointer?) -> JSONValue {
            guard let bytes else { return .null }
            var text = ByteBuffer()
            Base64.encode(bytes, into: &text)
            return .string(text.text())
        }
        var headers: [JSONValue] = []
        record.forEachHeader { name, value in
            headers.append(.array([.string(String(decoding: name, as: UTF8.self)), base64(value)]))
        }
        return .object(
            JSONObject([
                ("offset", .number(JSONNumber(record.offset.value))),
                ("timestamp", hasTime ? .number(JSONNumber(record.timestamp.millis)) : .null),
                ("key", base64(record.key)), ("value", base64(record.value)), ("headers", .array(headers)),
            ]))
    }

    private static func bench(_ disk: any Disk) throws -> LogBench {
        var settings = LogBench.smallSettings
        settings.writeAheadBlockBytes = 1 << 20
        settings.writeAheadBytes = 4 << 20
        settings.maxWaitingBytes = 512 << 10
        settings.segmentBytes = 4 << 20
        settings.maxBatchBytes = 256 << 10
        return try LogBench(disk, settings: settings)
    }

    /// Appends a client's batch and commits.
    private static func append(_ batch: [UInt8], to partition: PartitionID, _ bench: LogBench) throws {
        var answer: Result<UInt64, LogError>?
        try batch.withUnsafeBytes { bytes in
            _ = try bench.session.append(batch: bytes, to: partition) { answer = $0 }
        }
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        _ = try #require(answer).get()
    }

    private static func record(_ number: Int) -> [UInt8] {
        var body = ByteBuffer()
        func field(_ text: String?) {
            body.append(varint: text.map { Int64($0.utf8.count) } ?? -1)
            body.append(text ?? "")
        }
        field(number % 7 == 3 ? nil : "key-\(number % 5)")
        field(number % 11 == 4 ? nil : #"{"number":\#(number),"text":"\#(String(repeating: "again ", count: 20))"}"#)
        let headers = number % 3 == 2 ? [] : [("ce_id", "e-\(number)"), ("empty", "")]
        body.append(varint: Int64(headers.count))
        for (name, value) in headers {
            field(name)
            field(value)
        }
        return body.array()
    }

    private static func batch(_ codec: RecordCodec, _ first: Int, _ producer: RecordBatchBuilder.Producer?) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for number in first..<first + 30 {
            record(number).withUnsafeBytes {
                _ = builder.add(body: $0, timestamp: WallTime(millis: time + Int64(number)))
            }
        }
        return Array(builder.seal(baseOffset: Offset(Int64(first)), codec: codec, producer: producer))
    }

    @Test func `batches of other implementations are read, and ours are written for them`() throws {
        let folder = try #require(crossReadFolder)
        let theirs = try FileDisk(root: folder + "/theirs")
        let ours = try FileDisk(root: folder + "/ours")
        let bench = try Self.bench(ours)
        var written: [Contents] = []

        let expected = try JSONValue.parse(try theirs.contents(of: "expected.json"))
        var (segments, count) = (0, 0)
        for name in try theirs.list("").filter({ $0.hasSuffix(".log") }) {
            let topic = try bench.topic("theirs-" + name.dropLast(4))
            let wanted = try #require(expected[String(name.dropLast(4))]?.array)
            var found: [JSONValue] = []
            var kept = Contents(path: SegmentNames.log(SegmentNames.folder(topic.name, 0), .zero))
            let bytes = try theirs.contents(of: name)
            var at = 0
            while at < bytes.count {
                let rest = Array(bytes[at...])
                let header = try rest.withUnsafeBytes { try RecordBatchHeader.check($0, isAlone: false) }
                let batch = Array(rest[..<header.totalByteCount])
                at += batch.count
                let records = try Self.stored(batch).records()
                found += records.map { Self.described($0, hasTime: wanted[0]["timestamp"] != .null) }
                kept.records += records.map { Self.described($0) }
                try Self.append(batch, to: topic.partitions[0], bench)
            }
            #expect(found == wanted, "\(name)")
            segments += 1
            count += found.count
            written.append(kept)
        }
        try Self.write("read by Tidings: \(segments) segments, \(count) records\n", to: "read-by-tidings", in: folder)

        for codec in RecordCodec.allCases {
            let topic = try bench.topic("ours-\(codec)")
            var contents = Contents(path: SegmentNames.log(SegmentNames.folder(topic.name, 0), .zero))
            let producer = RecordBatchBuilder.Producer(id: 5, epoch: 1, baseSequence: 0)
            for batch in [Self.batch(codec, 0, nil), Self.batch(codec, 30, producer)] {
                contents.records += try Self.stored(batch).records().map { Self.described($0) }
                try Self.append(batch, to: topic.partitions[0], bench)
            }
            written.append(contents)
            // As compaction leaves it, and as the end of a transaction is: in a segment of its own.
            written.append(try Self.compacted(codec, to: "compacted-\(codec)", in: ours))
        }
        bench.log.stop()
        #expect(try LogInspector(disk: ours).verify() == [])
        let described = JSONWriter.text { json in
            json.object { json in
                for contents in written {
                    json.key(contents.path)
                    json.value(.array(contents.records))
                }
            }
        }
        try Self.write(described, to: "expected.json", in: folder + "/ours")
    }

    private static func compacted(_ codec: RecordCodec, to name: String, in disk: FileDisk) throws -> Contents {
        var contents = Contents(path: name + "/00000000000000000000.log")
        var segment = ByteBuffer()
        var rebuilder = BatchRebuilder()
        let producer = RecordBatchBuilder.Producer(id: 6, epoch: 0, baseSequence: 30, isTransactional: true)
        for (place, batch) in [Self.batch(codec, 0, nil), Self.batch(codec, 30, producer), Self.batch(codec, 60, nil)]
            .enumerated()
        {
            let outcome = try batch.withUnsafeBytes { bytes in
                try rebuilder.rebuild(bytes, deleteHorizon: place == 1 ? WallTime(millis: time + 86_400_000) : nil) {
                    place < 2 && $0.offset.value % 4 == 1
                }
            }
            switch outcome {
            case .rebuilt(let bytes), .emptied(let bytes):
                segment.append(bytes)
                contents.records += try Self.stored(Array(bytes)).records().map { Self.described($0) }
            case .unchanged: Issue.record("a batch that should be rebuilt was not")
            }
        }
        TransactionMarker(isCommit: true, producerID: 6, producerEpoch: 0)
            .append(to: &segment, at: Offset(90), timestamp: WallTime(millis: time))
        try disk.createDirectory(name)
        try write(segment.array(), to: contents.path, in: disk)
        return contents
    }

    private static func stored(_ bytes: [UInt8]) throws -> StoredBatch {
        let owner = bytes.withUnsafeBytes { SharedBytes(copying: $0) }
        let header = try RecordBatchHeader(verifying: owner.buffer)
        return StoredBatch(
            partition: PartitionID(TopicID(1), 0), baseOffset: Offset(header.baseOffset),
            lastOffset: Offset(header.lastOffset), round: 1, owner: owner, range: 0..<bytes.count)
    }

    private static func write(_ text: String, to name: String, in folder: String) throws {
        try write(Array(text.utf8), to: name, in: try FileDisk(root: folder))
    }

    private static func write(_ bytes: [UInt8], to path: String, in disk: FileDisk) throws {
        try disk.open(path, .create).write(bytes, at: 0)
    }
}
