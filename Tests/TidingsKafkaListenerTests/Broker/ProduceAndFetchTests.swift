// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct ProduceAndFetchTests {
    private static func bench(recent: Int = .max) -> BrokerBench {
        let bench = BrokerBench(log: InMemoryEventLog(recentBatchCount: recent))
        bench.log.makeTopic(TopicName("a")!, partitions: 2)
        return bench
    }

    private static func changed(_ batch: [UInt8], _ at: Int, _ byte: UInt8) -> [UInt8] {
        var batch = batch
        batch[at] = byte
        return batch
    }

    /// With a checksum that is right.
    private static func summed(_ batch: [UInt8]) -> [UInt8] {
        let sum = batch.withUnsafeBytes { CRC32C.checksum($0.part(21..<$0.count)) }
        return Array(batch[..<17]) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) } + Array(batch[21...])
    }

    /// Enough to be worth compressing.
    static let longTexts = Array(repeating: String(repeating: "x", count: 500), count: 10)

    static let refusals: [(String, [UInt8], Int16, ErrorCode)] = {
        let batch = BrokerBench.batch(["x", "y"])
        return [
            ("magic 1", changed(batch, 16, 1), 9, .invalidRecord),
            ("a wrong checksum", changed(batch, batch.count - 1, batch[batch.count - 1] ^ 1), 9, .corruptMessage),
            ("two batches", batch + batch, 9, .invalidRecord),
            ("a cut batch", Array(batch.dropLast()), 9, .corruptMessage),
            ("no batch", [1, 2, 3], 9, .corruptMessage), ("nothing", [], 9, .corruptMessage),
            ("control", changed(batch, 22, 32), 9, .invalidRecord),
            ("the time of an append", changed(batch, 22, 8), 9, .invalidTimestamp),
            ("more offsets than records", summed(changed(batch, 26, 2)), 9, .invalidRecord),
            (
                "zstd before version 7", BrokerBench.batch(longTexts, codec: .zstd), 6,
                .unsupportedCompressionType
            ),
        ]
    }()

    @Test(arguments: refusals)
    func `what is no batch is refused by its error`(
        _ name: String, _ batch: [UInt8], _ version: Int16, _ code: ErrorCode
    ) {
        let client = Self.bench().connect()
        #expect(client.produce(batch, to: "a", version: version)?.errorCode == code.rawValue, "\(name)")
        // Nothing of it is stored, and the connection goes on.
        #expect(client.produce(BrokerBench.batch(["z"]), to: "a")?.baseOffset == 0)
    }

    @Test func `each partition of a request has its own answer`() throws {
        let client = Self.bench().connect()
        #expect(
            client.produce(BrokerBench.batch(["x"]), to: "b")?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(
            client.produce(BrokerBench.batch(["x"]), to: "a", 2)?.errorCode
                == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(
            client.produce(BrokerBench.batch(["x"]), to: "a", -1)?.errorCode
                == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(
            client.produce(BrokerBench.batch(["x"]), to: "a", acks: 2)?.errorCode
                == ErrorCode.invalidRequiredAcks.rawValue)
        #expect(
            client.produce(BrokerBench.batch(["x"]), to: "__tidings.groups")?.errorCode
                == ErrorCode.unknownTopicOrPartition.rawValue)
        let answer = client.produce(BrokerBench.batch(["x", "y"]), to: "a", 1)
        #expect(answer?.errorCode == 0 && answer?.baseOffset == 0 && answer?.logStartOffset == 0)
        #expect(client.produce(BrokerBench.batch(["z"]), to: "a", 1)?.baseOffset == 2)
    }

    @Test(arguments: [1_000, 65_536, .max], [Int16(7), 9])
    func `a large batch is the same however it comes`(_ pieces: Int, _ version: Int16) throws {
        let client = Self.bench().connect()
        client.pieceBytes = pieces
        let texts = (0..<300).map { "\($0) " + String(repeating: "x", count: 997) }
        for round in 0..<3 {
            let answer = client.produce(BrokerBench.batch(texts), to: "a", version: version)
            #expect(answer?.errorCode == 0 && answer?.baseOffset == Int64(300 * round))
            // Nothing of what was is left in memory that is used again.
            #expect(client.produce(BrokerBench.batch(["small"]), to: "a", 1, version: version)?.errorCode == 0)
        }
        let found: (response: FetchResponse, body: [UInt8]) = try #require(
            client.ask(BrokerClient.fetch("a", from: 300), .fetch, 11))
        #expect(BrokerClient.texts(found) == texts + texts)
        #expect(found.body.count > 600_000)
    }

    @Test func `without acks nothing is answered, and a refusal ends the connection`() {
        let bench = Self.bench()
        let client = bench.connect()
        #expect(client.produce(BrokerBench.batch(["x"]), to: "a", acks: 0) == nil)
        #expect(client.stream.isOpen)
        #expect(client.produce(BrokerBench.batch(["x"]), to: "a")?.baseOffset == 1)
        #expect(client.produce(BrokerBench.batch(["x"]), to: "missing", acks: 0) == nil)
        #expect(!client.stream.isOpen)
    }

    @Test(arguments: [Int.max, 0])
    func `batches come out as they went in, from memory and from the disk`(_ recent: Int) throws {
        let bench = Self.bench(recent: recent)
        let client = bench.connect()
        let batch = BrokerBench.batch(["x", "y", "z"], codec: .lz4)
        #expect(client.produce(batch, to: "a")?.errorCode == 0)
        #expect(client.produce(BrokerBench.batch(["u"]), to: "a")?.errorCode == 0)
        func fetch(_ offset: Int64, max: Int32 = 1 << 20) throws -> (response: FetchResponse, body: [UInt8]) {
            try #require(client.ask(BrokerClient.fetch("a", from: offset, maxBytes: max), .fetch, 11))
        }
        #expect(BrokerClient.texts(try fetch(0)) == ["x", "y", "z", "u"])
        // From the middle of a batch the whole batch comes; the first one always, however small the room.
        #expect(BrokerClient.texts(try fetch(2)) == ["x", "y", "z", "u"])
        #expect(BrokerClient.texts(try fetch(0, max: 1)) == ["x", "y", "z"])
        #expect(BrokerClient.texts(try fetch(3, max: 1)) == ["u"])
        let end = try fetch(4).response.responses[0].partitions[0]
        #expect(end.errorCode == 0 && end.highWatermark == 4 && end.logStartOffset == 0 && end.lastStableOffset == 4)
        for offset in [-1, 5, Int64.max] {
            let partition = try fetch(offset).response.responses[0].partitions[0]
            #expect(partition.errorCode == ErrorCode.offsetOutOfRange.rawValue)
        }
    }

    @Test func `a fetch waits for as much as it wants`() throws {
        let bench = Self.bench()
        let (reader, writer) = (bench.connect(), bench.connect())
        reader.send(BrokerClient.fetch("a", from: 0, wait: 10_000, minBytes: 200), .fetch, 11)
        #expect(reader.answers().isEmpty)
        #expect(writer.produce(BrokerBench.batch([String(repeating: "x", count: 80)]), to: "a")?.errorCode == 0)
        #expect(reader.answers().isEmpty)
        #expect(writer.produce(BrokerBench.batch(["other"]), to: "a", 1)?.errorCode == 0)
        #expect(reader.answers().isEmpty)
        #expect(writer.produce(BrokerBench.batch([String(repeating: "y", count: 80)]), to: "a")?.errorCode == 0)
        #expect(reader.answers().count == 1)
        // Who goes away waits no more.
        reader.send(BrokerClient.fetch("a", from: 2, wait: 10_000), .fetch, 11)
        reader.stream.finish()
        #expect(writer.produce(BrokerBench.batch(["z"]), to: "a")?.errorCode == 0)
        bench.loop.advance(by: .seconds(20))
    }

    @Test func `a session names only what changes`() throws {
        let bench = Self.bench()
        let client = bench.connect()
        func fetch(_ request: FetchRequest) throws -> (response: FetchResponse, body: [UInt8]) {
            try #require(client.ask(request, .fetch, 11))
        }
        let first = try fetch(BrokerClient.fetch("a", from: 0, epoch: 0)).response
        #expect(first.sessionID != 0 && first.responses[0].partitions.count == 1)
        let next = FetchRequest(maxWaitMs: 0, minBytes: 1, sessionID: first.sessionID, sessionEpoch: 1)
        #expect(try fetch(next).response.responses.isEmpty)
        #expect(client.produce(BrokerBench.batch(["x"]), to: "a")?.errorCode == 0)
        var second = next
        second.sessionEpoch = 2
        let found = try fetch(second)
        #expect(found.response.responses.map { $0.partitions.map(\.partitionIndex) } == [[0]])
        #expect(try fetch(second).response.errorCode == ErrorCode.invalidFetchSessionEpoch.rawValue)
        second.sessionID += 1
        #expect(try fetch(second).response.errorCode == ErrorCode.fetchSessionIDNotFound.rawValue)
    }

    @Test func `zstd is kept from clients that do not know it`() throws {
        let client = Self.bench().connect()
        #expect(client.produce(BrokerBench.batch(Self.longTexts, codec: .zstd), to: "a")?.errorCode == 0)
        let old: (response: FetchResponse, body: [UInt8]) = try #require(
            client.ask(BrokerClient.fetch("a", from: 0), .fetch, 9))
        #expect(old.response.responses[0].partitions[0].errorCode == ErrorCode.unsupportedCompressionType.rawValue)
        let new: (response: FetchResponse, body: [UInt8]) = try #require(
            client.ask(BrokerClient.fetch("a", from: 0), .fetch, 10))
        #expect(BrokerClient.texts(new) == Self.longTexts)
    }

    @Test func `offsets are found by time, and the special ones`() throws {
        let client = Self.bench().connect()
        func offset(_ time: Int64, partition: Int32 = 0, _ version: Int16 = 9) throws -> (Int64, Int64, Int16) {
            let request = ListOffsetsRequest(
                topics: [.init(name: "a", partitions: [.init(partitionIndex: partition, timestamp: time)])])
            let found: (response: ListOffsetsResponse, body: [UInt8]) = try #require(
                client.ask(request, .listOffsets, version))
            let one = found.response.topics[0].partitions[0]
            return (one.offset, one.timestamp, one.errorCode)
        }
        #expect(try offset(-1) == (0, -1, 0))
        #expect(try offset(-3) == (-1, -1, 0))
        #expect(client.produce(BrokerBench.batch(["x", "y"]), to: "a")?.errorCode == 0)
        #expect(try offset(-1) == (2, -1, 0))
        #expect(try offset(-2) == (0, -1, 0))
        #expect(try offset(-4) == (0, -1, 0))
        #expect(try offset(-3) == (0, 1_000, 0))
        #expect(try offset(0) == (0, 1_000, 0))
        #expect(try offset(1_001) == (-1, -1, 0))
        #expect(try offset(-1, partition: 7).2 == ErrorCode.unknownTopicOrPartition.rawValue)
    }
}
