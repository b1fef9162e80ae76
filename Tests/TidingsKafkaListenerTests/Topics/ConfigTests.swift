// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct ConfigTests {
    private static func describe(
        _ client: BrokerClient, _ type: Int8 = 2, _ name: String = "a", keys: [String]? = nil, _ version: Int16 = 4
    ) throws -> DescribeConfigsResponse.DescribeConfigsResult {
        let request = DescribeConfigsRequest(
            resources: [.init(resourceType: type, resourceName: name, configurationKeys: keys)],
            includeSynonyms: true, includeDocumentation: true)
        let found: (response: DescribeConfigsResponse, body: [UInt8]) = try #require(
            client.ask(request, .describeConfigs, version))
        return try #require(found.response.results.first)
    }

    private static func alter(
        _ client: BrokerClient, _ steps: [(String, Int8, String?)], name: String = "a", isTrial: Bool = false
    ) throws -> (code: ErrorCode?, sentence: String?) {
        let request = IncrementalAlterConfigsRequest(
            resources: [
                .init(
                    resourceType: 2, resourceName: name,
                    configs: steps.map { .init(name: $0.0, configOperation: $0.1, value: $0.2) })
            ],
            validateOnly: isTrial)
        let found: (response: IncrementalAlterConfigsResponse, body: [UInt8]) = try #require(
            client.ask(request, .incrementalAlterConfigs, 1))
        let response = try #require(found.response.responses.first)
        return (ErrorCode(rawValue: response.errorCode), response.errorMessage)
    }

    private static func bench() -> BrokerBench {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        return bench
    }

    /// What Apache Kafka 4.3 describes of a topic, and what librdkafka 2.0.2's tests set beside.
    private static let kafkas = [
        "cleanup.policy", "compression.gzip.level", "compression.lz4.level", "compression.type",
        "compression.zstd.level", "delete.retention.ms", "file.delete.delay.ms", "flush.messages", "flush.ms",
        "follower.replication.throttled.replicas", "index.interval.bytes", "leader.replication.throttled.replicas",
        "local.retention.bytes", "local.retention.ms", "max.compaction.lag.ms", "max.message.bytes",
        "message.format.version", "message.timestamp.after.max.ms", "message.timestamp.before.max.ms",
        "message.timestamp.type",
        "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "min.insync.replicas", "preallocate",
        "remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable", "retention.bytes",
        "retention.ms", "segment.bytes", "segment.index.bytes", "segment.jitter.ms", "segment.ms",
        "unclean.leader.election.enable",
    ]

    @Test func `a topic is described in full, and says where each value comes from`() throws {
        let bench = Self.bench()
        let client = bench.connect()
        #expect(try Self.alter(client, [("retention.ms", 0, "1000")]).code == .noError)
        let all = try Self.describe(client).configs
        #expect(all.map(\.name) == (Self.kafkas + ["tidings.durability"]).sorted())
        #expect(all.allSatisfy { $0.documentation?.isEmpty == false && $0.configType > 0 && !$0.readOnly })
        let own = try #require(all.first { $0.name == "retention.ms" })
        #expect(own.value == "1000" && own.configSource == 1)
        #expect(own.synonyms.map(\.name) == ["retention.ms", "log.retention.ms"])
        #expect(own.synonyms.map(\.value) == ["1000", "604800000"] && own.synonyms.map(\.source) == [1, 5])
        let inherited = try #require(all.first { $0.name == "max.message.bytes" })
        #expect(inherited.value == "1048576" && inherited.configSource == 5)
        #expect(inherited.synonyms.map(\.name) == ["message.max.bytes"])
        #expect(try Self.describe(client, keys: ["segment.ms", "nothing"]).configs.map(\.name) == ["segment.ms"])
        #expect(try Self.describe(client, 2, "b").errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try Self.describe(client, 16, "x").errorCode == ErrorCode.invalidRequest.rawValue)
    }

    @Test func `the server is described by what Kafka calls its settings`() throws {
        let client = BrokerBench { $0.partitions = 3 }.connect()
        let all = try Self.describe(client, 4, "1").configs
        #expect(Set(all.map(\.name)).count == all.count && all.allSatisfy(\.readOnly))
        let partitions = all.first { $0.name == "num.partitions" }
        #expect(partitions?.value == "3" && partitions?.configSource == 4)
        #expect(all.first { $0.name == "log.retention.ms" }?.value == "604800000")
        #expect(all.first { $0.name == "transaction.max.timeout.ms" }?.value == "900000")
        #expect(try Self.describe(client, 4, "").configs.isEmpty)
        #expect(try Self.describe(client, 4, "2").errorCode == ErrorCode.invalidRequest.rawValue)
    }

    @Test func `single settings are set, brought back, added to and taken from`() throws {
        let bench = Self.bench()
        let client = bench.connect()
        func settings() -> TopicSettings? { bench.log.topics[TopicName("a")!]?.settings }
        #expect(
            try Self.alter(client, [("cleanup.policy", 2, "compact"), ("segment.ms", 0, "60000")]).code == .noError)
        #expect(settings()?.cleanup == [.compact, .delete] && settings()?.segmentTime == .seconds(60))
        #expect(try Self.alter(client, [("cleanup.policy", 3, "delete"), ("segment.ms", 1, nil)]).code == .noError)
        #expect(settings()?.cleanup == .compact && settings()?.segmentTime == TopicSettings().segmentTime)
        #expect(
            try Self.alter(
                client,
                [
                    ("max.compaction.lag.ms", 0, "5000"), ("message.timestamp.before.max.ms", 0, "7000"),
                    ("message.timestamp.after.max.ms", 0, "0"),
                ]
            ).code == .noError)
        #expect(settings()?.maxCompactionLag == .seconds(5) && settings()?.timestampPast == .seconds(7))
        #expect(settings()?.timestampFuture == .zero)
        let before = settings()
        #expect(try Self.alter(client, [("retention.ms", 0, "1000")], isTrial: true).code == .noError)
        #expect(settings() == before)
    }

    private static let steps: [(String, Int8, String?, ErrorCode)] = [
        ("retention.ms", 0, "soon", .invalidConfig), ("cleanup.policy", 0, "keep", .invalidConfig),
        ("nothing.of.the.kind", 0, "1", .invalidConfig), ("retention.ms", 2, "1", .invalidConfig),
        ("retention.ms", 0, nil, .invalidRequest), ("retention.ms", 7, "1", .invalidRequest),
        ("min.insync.replicas", 0, "0", .invalidConfig), ("remote.storage.enable", 0, "true", .invalidConfig),
        ("compression.type", 0, "zip", .invalidConfig), ("min.insync.replicas", 0, "2", .noError),
        ("compression.zstd.level", 0, "9", .noError),
    ]

    @Test(arguments: steps)
    func `what a setting cannot be is refused by name`(
        _ name: String, _ step: Int8, _ value: String?, _ code: ErrorCode
    ) throws {
        let bench = Self.bench()
        let client = bench.connect()
        for isTrial in [true, false] {
            let answer = try Self.alter(client, [(name, step, value)], isTrial: isTrial)
            #expect(answer.code == code)
            if code == .invalidConfig { #expect(answer.sentence?.contains(name) == true) }
        }
        #expect(bench.log.topics[TopicName("a")!]?.settings == TopicSettings())
        #expect(try Self.alter(client, [(name, step, value)], name: "b").code == .unknownTopicOrPartition)
    }

    @Test func `all settings of a topic are replaced at once, or none`() throws {
        let bench = Self.bench()
        let client = bench.connect()
        func replace(_ configs: [(String, String?)]) throws -> ErrorCode? {
            let request = AlterConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: "a", configs: configs.map { .init(name: $0.0, value: $0.1) })
            ])
            let found: (response: AlterConfigsResponse, body: [UInt8]) = try #require(
                client.ask(request, .alterConfigs, 2))
            return found.response.responses.first.flatMap { ErrorCode(rawValue: $0.errorCode) }
        }
        func overrides() -> [String] {
            bench.log.topics[TopicName("a")!]?.settings.overrides.map(\.name.rawValue) ?? []
        }
        #expect(try replace([("retention.ms", "1000"), ("segment.ms", "2000")]) == .noError)
        #expect(overrides() == ["retention.ms", "segment.ms"])
        #expect(try replace([("segment.ms", "3000"), ("retention.ms", "soon")]) == .invalidConfig)
        #expect(try replace([("retention.ms", nil)]) == .invalidRequest)
        #expect(overrides() == ["retention.ms", "segment.ms"])
        #expect(try replace([("segment.bytes", "1048576")]) == .noError)
        #expect(overrides() == ["segment.bytes"])
    }
}
