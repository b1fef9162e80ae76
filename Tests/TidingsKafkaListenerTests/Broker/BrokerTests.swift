// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct BrokerTests {
    // MARK: - Versions and metadata

    @Test(arguments: Int16(0)...4)
    func `ApiVersions tells what is served, in each version`(_ version: Int16) throws {
        let client = BrokerBench().connect()
        let request = ApiVersionsRequest(clientSoftwareName: "a", clientSoftwareVersion: "1.0")
        let found: (response: ApiVersionsResponse, body: [UInt8]) = try #require(
            client.ask(request, .apiVersions, version))
        let produce = found.response.apiKeys.first { $0.apiKey == APIKey.produce.rawValue }
        // librdkafka 2.0.2 compresses only for servers that say they know the oldest version.
        #expect(produce?.minVersion == 0 && produce?.maxVersion == 12)
        #expect(found.response.apiKeys.contains { $0.apiKey == APIKey.joinGroup.rawValue && $0.minVersion == 0 })
        // The epoch that rises with each transaction (KIP-890) is for clients that read this.
        let isTold = version >= 3
        #expect(
            found.response.finalizedFeatures.map(\.name) == (isTold ? ["group.version", "transaction.version"] : []))
        #expect(found.response.finalizedFeatures.map(\.maxVersionLevel) == (isTold ? [1, 2] : []))
        #expect(found.response.supportedFeatures.count == (version >= 4 ? 2 : 0))
    }

    @Test func `a version of ApiVersions that is not known is answered in the oldest form`() throws {
        let client = BrokerBench().connect()
        // Key 18, version 9, correlation id 5, and whatever comes then.
        client.stream.receive([0, 0, 0, 12, 0, 18, 0, 9, 0, 0, 0, 5, 1, 2, 3, 4])
        let bytes = client.stream.takeBytes()
        #expect(bytes == [0, 0, 0, 16, 0, 0, 0, 5, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4])
        #expect(client.stream.isOpen)
    }

    @Test func `topics are made when they are named, unless the client or the server forbids it`() throws {
        let bench = BrokerBench { $0.partitions = 3 }
        let client = bench.connect()
        func topics(_ name: String, _ version: Int16, allows: Bool = true) throws -> [MetadataResponse
            .MetadataResponseTopic]
        {
            let request = MetadataRequest(topics: [.init(name: name)], allowAutoTopicCreation: allows)
            let found: (response: MetadataResponse, body: [UInt8]) = try #require(
                client.ask(request, .metadata, version))
            return found.response.topics
        }
        #expect(try topics("a", 9, allows: false)[0].errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try topics("a", 1)[0].partitions.map(\.partitionIndex) == [0, 1, 2])
        #expect(try topics("b", 12)[0].errorCode == 0)
        for name in ["", "..", "a b", String(repeating: "x", count: 250)] {
            #expect(try topics(name, 9)[0].errorCode == ErrorCode.invalidTopicException.rawValue)
        }
        #expect(try topics("__tidings.groups", 9)[0].errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        let all: (response: MetadataResponse, body: [UInt8]) = try #require(
            client.ask(MetadataRequest(topics: nil), .metadata, 9))
        #expect(all.response.topics.map(\.name) == ["a", "b"])
        let closed = BrokerBench { $0.createsTopics = false }.connect()
        let refused: (response: MetadataResponse, body: [UInt8]) = try #require(
            closed.ask(MetadataRequest(topics: [.init(name: "a")]), .metadata, 4))
        #expect(refused.response.topics[0].errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
    }

    // MARK: - Order

    @Test func `answers come in the order of requests, and no request waits for another's answer`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        client.send(BrokerClient.fetch("a", from: 0, wait: 500), .fetch, 11)
        let batch = BrokerBench.batch(["x"])
        let request = ProduceRequest(
            acks: -1, timeoutMs: 1,
            topicData: [
                .init(name: "a", partitionData: [.init(index: 0, records: MessageBytes(count: batch.count))])
            ])
        client.send(request, .produce, 9, records: batch)
        client.send(MetadataRequest(topics: nil), .metadata, 9)
        // The record that the second request brings is what the first one waits for.
        #expect(client.answers().map(\.id) == [1, 2, 3])
        client.send(BrokerClient.fetch("a", from: 1, wait: 500), .fetch, 11)
        client.send(MetadataRequest(topics: nil), .metadata, 9)
        #expect(client.answers().isEmpty)
        bench.loop.advance(by: .milliseconds(499))
        #expect(client.answers().isEmpty)
        bench.loop.advance(by: .milliseconds(1))
        #expect(client.answers().map(\.id) == [4, 5])
    }

    @Test func `a client that takes nothing is not read from, and loses nothing`() throws {
        let bench = BrokerBench { $0.inFlight = 4 }
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        #expect(client.produce(BrokerBench.batch([String(repeating: "x", count: 100_000)]), to: "a")?.errorCode == 0)
        client.stream.isStalled = true
        client.stream.highWater = 150_000
        for _ in 0..<20 { client.send(BrokerClient.fetch("a", from: 0), .fetch, 11) }
        bench.loop.runUntilIdle()
        #expect(client.stream.isPaused)
        #expect(client.stream.bufferedByteCount < 400_000)
        var ids: [Int32] = []
        for _ in 0..<40 { ids += client.answers().map(\.id) }
        #expect(ids == Array(2...21))
        #expect(!client.stream.isPaused)
    }

    // MARK: - Bad input

    @Test func `bytes that are no requests close the connection, and nothing else`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let random = SeededRandom(seed: 11)
        let good = bench.connect()
        for number in 0..<400 {
            let client = bench.connect()
            let api = APIKey.allCases[Int(random.next() % UInt64(APIKey.allCases.count))]
            let span = UInt64(api.versions.upperBound - api.versions.lowerBound + 1)
            let version = api.versions.lowerBound + Int16(random.next() % span)
            var values = ArbitraryValues(seed: random.next())
            var writer = MessageWriter()
            func write<Message: TestableMessage>(_ type: Message.Type) throws {
                try writer.frame(
                    Message.arbitrary(&values, version: version), of: api, version: version, correlationID: 1)
            }
            try write(api.messages.request)
            var bytes = values.source.withUnsafeBytes { writer.assembled(from: $0) }
            for _ in 0..<(random.next() % 4) {
                let at = Int(random.next() % UInt64(bytes.count))
                bytes[at] = UInt8(truncatingIfNeeded: random.next())
            }
            client.stream.receive(bytes)
            bench.loop.runUntilIdle()
            client.stream.finish()
            if number % 50 == 49 { #expect(good.produce(BrokerBench.batch(["x"]), to: "a")?.errorCode == 0) }
        }
    }

    @Test func `a length that cannot be, an unknown request and a short one close the connection`() {
        let bench = BrokerBench()
        for bytes in [
            [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0, 0, 0], [0, 0, 0, 3, 1, 2, 3], [0, 0, 0, 8, 3, 3, 0, 0, 0, 0, 0, 1],
        ] {
            let client = bench.connect()
            client.stream.receive(bytes.map { UInt8($0) })
            #expect(!client.stream.isOpen)
        }
    }

    @Test func `who is silent for long is let go`() {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        let waiting = bench.connect()
        waiting.send(BrokerClient.fetch("a", from: 0, wait: 900_000), .fetch, 11)
        bench.loop.advance(by: .seconds(299))
        #expect(client.stream.isOpen && waiting.answers().isEmpty)
        // No wait is longer than kafka.max_fetch_wait.
        bench.loop.advance(by: .seconds(2))
        #expect(waiting.answers().count == 1)
        bench.loop.advance(by: .seconds(302))
        #expect(!client.stream.isOpen)
    }
}
