// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct ReadinessTests {
    private static func heartbeat(_ client: BrokerClient) throws -> ErrorCode? {
        let found: (response: HeartbeatResponse, body: [UInt8]) = try #require(
            client.ask(HeartbeatRequest(groupID: "g", generationID: 1, memberID: "m"), .heartbeat, 4))
        return ErrorCode(rawValue: found.response.errorCode)
    }

    private static func join(_ client: BrokerClient) throws -> ErrorCode? {
        let request = JoinGroupRequest(
            groupID: "g", sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: "consumer",
            protocols: [.init(name: "range")])
        let found: (response: JoinGroupResponse, body: [UInt8]) = try #require(client.ask(request, .joinGroup, 7))
        return ErrorCode(rawValue: found.response.errorCode)
    }

    private static func begin(_ client: BrokerClient) throws -> ErrorCode? {
        let request = InitProducerIdRequest(transactionalID: "t", transactionTimeoutMs: 60_000)
        let found: (response: InitProducerIdResponse, body: [UInt8]) = try #require(
            client.ask(request, .initProducerID, 4))
        return ErrorCode(rawValue: found.response.errorCode)
    }

    @Test func `until groups are read clients are told to come again`() throws {
        let bench = BrokerBench(readsGroups: false)
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        #expect(try Self.heartbeat(client) == .noError, "blindly, as Apache Kafka")
        #expect(try Self.join(client) == .coordinatorLoadInProgress)
        #expect(try Self.begin(client) == .coordinatorLoadInProgress)
        // A producer knows no such answer; this one it knows, and comes again.
        let batch = BrokerBench.batch(
            ["x"], producer: .init(id: 1, epoch: 0, baseSequence: 0, isTransactional: true))
        #expect(
            client.produce(batch, to: "a", version: 12, transactionalID: "t")?.errorCode
                == ErrorCode.notEnoughReplicas.rawValue)
        #expect(bench.coordinator.fault != nil)
        bench.coordinator.start()
        bench.loop.runUntilIdle()
        #expect(bench.coordinator.fault == nil)
        #expect(try Self.join(client) == .memberIDRequired)
        #expect(try Self.begin(client) == .noError)
    }

    @Test func `groups that cannot be read are told of, and read again`() throws {
        let first = BrokerBench()
        let groups = try #require(first.log.topics[KafkaCoordinator.groupsTopic]).id
        first.log.readFailures[PartitionID(groups, 0)] = LogError(.overloaded, "no file can be opened")
        let bench = BrokerBench(log: first.log)
        let client = bench.connect()
        #expect(bench.coordinator.fault?.contains("no file can be opened") == true)
        #expect(try Self.join(client) == .coordinatorLoadInProgress)
        first.log.readFailures = [:]
        bench.loop.advance(by: .seconds(5))
        bench.loop.runUntilIdle()
        #expect(bench.coordinator.fault == nil)
        #expect(try Self.join(client) == .memberIDRequired)
    }

    @Test func `a stop ends what rests at once, what waits when it is answered, and the rest at the deadline`() {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let (idle, waiting, unsynced) = (bench.connect(), bench.connect(), bench.connect())
        waiting.send(BrokerClient.fetch("a", from: 0, wait: 60_000), .fetch, 11)
        bench.log.commits = .whenTold
        #expect(unsynced.produce(BrokerBench.batch(["x"]), to: "a") == nil)
        var isOver = false
        bench.server.stop(within: .seconds(10)) { isOver = true }
        #expect(!idle.stream.isOpen)
        #expect(waiting.answers().count == 1)
        #expect(!waiting.stream.isOpen && unsynced.stream.isOpen && !isOver)
        bench.loop.advance(by: .seconds(9))
        #expect(!isOver)
        bench.loop.advance(by: .seconds(1))
        #expect(isOver && unsynced.stream.wasAborted)
    }
}
