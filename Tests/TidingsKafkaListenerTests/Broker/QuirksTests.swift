// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

/// What breaks real clients where a server does otherwise; each was seen with one.
@Suite struct QuirksTests {
    @Test func `the answer to ApiVersions never has a flexible header`() {
        let client = BrokerBench().connect()
        client.send(ApiVersionsRequest(clientSoftwareName: "a", clientSoftwareVersion: "1"), .apiVersions, 3)
        let bytes = client.stream.takeBytes()
        // Behind the correlation id comes the error at once; a byte more, and librdkafka reads a length of gigabytes.
        #expect(Array(bytes[4..<10]) == [0, 0, 0, 1, 0, 0] && bytes[10] > 30)
    }

    @Test func `old versions that clients ask about are offered, and nothing that is not served`() throws {
        let client = BrokerBench().connect()
        let found: (response: ApiVersionsResponse, body: [UInt8]) = try #require(
            client.ask(ApiVersionsRequest(), .apiVersions, 0))
        let offered = Dictionary(
            uniqueKeysWithValues: found.response.apiKeys.map { ($0.apiKey, $0.minVersion...$0.maxVersion) })
        // librdkafka 2.0.2 turns whole features off where these begin later.
        for api in [
            APIKey.produce, .findCoordinator, .joinGroup, .syncGroup, .heartbeat, .leaveGroup, .initProducerID,
            .apiVersions,
        ] {
            #expect(offered[api.rawValue]?.lowerBound == 0, "\(api)")
        }
        #expect(offered[APIKey.listOffsets.rawValue]?.contains(1) == true)
        #expect(offered[APIKey.offsetFetch.rawValue]?.contains(1) == true)
        #expect(offered[APIKey.offsetCommit.rawValue]?.contains(2) == true)
        // librdkafka goes back to it where topics have no ids.
        #expect(offered[APIKey.fetch.rawValue]?.contains(12) == true)
        // Answered with empty arrays or not at all: Java's client takes null ones for a fault.
        #expect(offered[75] == nil)
    }

    @Test func `replicas that there are not are accepted, or refused where that is wanted`() throws {
        func create(_ bench: BrokerBench) throws -> CreateTopicsResponse.CreatableTopicResult {
            let request = CreateTopicsRequest(topics: [.init(name: "a", numPartitions: -1, replicationFactor: 3)])
            let found: (response: CreateTopicsResponse, body: [UInt8]) = try #require(
                bench.connect().ask(request, .createTopics, 7))
            return try #require(found.response.topics.first)
        }
        let created = try create(BrokerBench { $0.partitions = 4 })
        #expect(created.errorCode == 0 && created.replicationFactor == 1 && created.numPartitions == 4)
        // Null, Java's client breaks on them.
        #expect(created.configs?.isEmpty == false)
        let refused = try create(BrokerBench { $0.acceptsReplication = false })
        #expect(refused.errorCode == ErrorCode.invalidReplicationFactor.rawValue)
    }

    @Test func `clients are led to where they came in, or to where the settings say`() throws {
        func told(_ bench: BrokerBench) throws -> [String] {
            let found: (response: MetadataResponse, body: [UInt8]) = try #require(
                bench.connect().ask(MetadataRequest(topics: nil), .metadata, 9))
            return found.response.brokers.map { "\($0.host):\($0.port)" }
        }
        // Never a name: librdkafka may look localhost up as ::1.
        #expect(try told(BrokerBench()) == ["127.0.0.1:80"])
        #expect(
            try told(
                BrokerBench {
                    $0.advertisedHost = "kafka.example"
                    $0.advertisedPort = 9_093
                }) == ["kafka.example:9093"])
    }

    @Test func `a topic that was deleted is unknown, and not made by asking`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        let deletion: (response: DeleteTopicsResponse, body: [UInt8]) = try #require(
            client.ask(DeleteTopicsRequest(topics: [.init(name: "a")]), .deleteTopics, 6))
        #expect(deletion.response.responses.map(\.errorCode) == [0])
        let found: (response: MetadataResponse, body: [UInt8]) = try #require(
            client.ask(
                MetadataRequest(topics: [.init(name: "a")], allowAutoTopicCreation: false), .metadata, 9))
        #expect(found.response.topics.map(\.errorCode) == [ErrorCode.unknownTopicOrPartition.rawValue])
    }

    @Test func `a batch that is too large is told so, and the connection stays`() {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        bench.log.refusal = LogError(.recordTooLarge, "a batch of 2 MB")
        let answer = client.produce(BrokerBench.batch(["x"]), to: "a")
        #expect(answer?.errorCode == ErrorCode.messageTooLarge.rawValue && client.stream.isOpen)
    }

    @Test func `a list of groups is answered though librdkafka 2.0.2 sends a field too many`() throws {
        let client = BrokerBench().connect()
        var writer = MessageWriter()
        try writer.frame(ListGroupsRequest(), of: .listGroups, version: 4, correlationID: 1, clientID: "test")
        var bytes = [UInt8]().withUnsafeBytes { writer.assembled(from: $0) }
        bytes.append(0)
        bytes[3] += 1
        client.stream.receive(bytes)
        #expect(!client.stream.takeBytes().isEmpty && client.stream.isOpen)
    }

    @Test func `each topic of a request for partitions has a row of its own`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let request = CreatePartitionsRequest(topics: [
            .init(name: "a", count: 3, assignments: nil), .init(name: "b", count: 3, assignments: nil),
        ])
        let found: (response: CreatePartitionsResponse, body: [UInt8]) = try #require(
            bench.connect().ask(request, .createPartitions, 3))
        #expect(found.response.results.map(\.name) == ["a", "b"])
        #expect(found.response.results.map(\.errorCode) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
        #expect(bench.log.topics[TopicName("a")!]?.partitionCount == 3)
    }
}
