// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

/// What clients cost that ask for much and take little.
@Suite struct MemoryTests {
    private static func bench(_ change: (inout KafkaListenerSettings) -> Void = { _ in }) -> BrokerBench {
        let bench = BrokerBench(log: InMemoryEventLog(recentBatchCount: 0), change)
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        for _ in 0..<10 {
            _ = bench.connect().produce(BrokerBench.batch([String(repeating: "x", count: 1_000)]), to: "a")
        }
        return bench
    }

    private static func sizes(_ answers: [(id: Int32, api: APIKey, version: Int16, body: [UInt8])]) -> [Int] {
        answers.map { $0.body.count / 1_000 }
    }

    @Test func `a fetch waits until the one before it has left`() {
        let bench = Self.bench()
        let client = bench.connect()
        client.send(BrokerClient.fetch("a", from: 10, wait: 1_000), .fetch, 12)
        client.send(BrokerClient.fetch("a", from: 0), .fetch, 12)
        client.send(MetadataRequest(topics: nil), .metadata, 9)
        #expect(client.answers().isEmpty && bench.server.fetchedBytes == 0)
        bench.clock.advance(by: .seconds(2))
        #expect(client.answers().map(\.id) == [1, 2, 3])
        #expect(bench.server.fetchedBytes == 0)
    }

    @Test func `while much is not sent yet, a fetch reads one batch`() {
        let bench = Self.bench { $0.fetchedBytes = 8_000 }
        let slow = bench.connect()
        slow.stream.isStalled = true
        slow.stream.highWater = 0
        slow.send(BrokerClient.fetch("a", from: 0), .fetch, 12)
        bench.loop.runUntilIdle()
        #expect(bench.server.fetchedBytes > 5_000)
        let other = bench.connect()
        other.send(BrokerClient.fetch("a", from: 0), .fetch, 12)
        #expect(Self.sizes(other.answers()) == [1])
        slow.stream.isStalled = false
        #expect(slow.answers().isEmpty)
        #expect(Self.sizes(slow.answers()) == [7])
        #expect(bench.server.fetchedBytes == 0)
    }

    @Test func `a client that takes nothing of an answer for long is broken off`() {
        let bench = Self.bench()
        let slow = bench.connect()
        slow.stream.isStalled = true
        slow.stream.highWater = 0
        slow.send(BrokerClient.fetch("a", from: 0), .fetch, 12)
        bench.loop.runUntilIdle()
        #expect(slow.stream.isOpen && bench.server.fetchedBytes > 5_000)
        bench.clock.advance(by: .seconds(602))
        bench.loop.runUntilIdle()
        #expect(slow.stream.wasAborted && bench.server.fetchedBytes == 0)
    }

    @Test func `while many answers wait behind one that is owed, no more requests are read`() {
        let bench = Self.bench { $0.answeredBytes = 1 }
        let client = bench.connect()
        client.send(BrokerClient.fetch("a", from: 10, wait: 1_000), .fetch, 12)
        client.send(MetadataRequest(topics: nil), .metadata, 9)
        client.send(MetadataRequest(topics: nil), .metadata, 9)
        #expect(client.answers().isEmpty && client.stream.isPaused)
        bench.clock.advance(by: .seconds(2))
        #expect(client.answers().map(\.id) == [1, 2, 3])
        #expect(!client.stream.isPaused)
    }

    @Test func `what a request names again is answered once`() throws {
        let bench = Self.bench()
        let client = bench.connect()
        let names: [MetadataRequest.MetadataRequestTopic] = (0..<20_000).map {
            .init(name: $0 % 2 == 0 ? "a" : "b\($0)")
        }
        let known: (response: MetadataResponse, body: [UInt8]) = try #require(
            client.ask(MetadataRequest(topics: names, allowAutoTopicCreation: false), .metadata, 9))
        #expect(known.response.topics.count == 10_001)
        let configs: (response: DescribeConfigsResponse, body: [UInt8]) = try #require(
            client.ask(
                DescribeConfigsRequest(
                    resources: Array(repeating: .init(resourceType: 2, resourceName: "a"), count: 100)),
                .describeConfigs, 4))
        #expect(configs.response.results.count == 1)
        let groups: (response: DescribeGroupsResponse, body: [UInt8]) = try #require(
            client.ask(DescribeGroupsRequest(groups: ["g", "h", "g"]), .describeGroups, 5))
        #expect(groups.response.groups.map(\.groupID) == ["g", "h"])
    }
}
