// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct CoordinatedOverTheWireTests {
    private static func beat(
        _ client: BrokerClient, _ epoch: Int32, _ version: Int16 = 1,
        _ change: (inout ConsumerGroupHeartbeatRequest) -> Void = { _ in }
    ) throws -> ConsumerGroupHeartbeatResponse {
        var request = ConsumerGroupHeartbeatRequest(groupID: "g", memberID: "m", memberEpoch: epoch)
        if epoch == 0 {
            request.rebalanceTimeoutMs = 60_000
            request.subscribedTopicNames = ["a"]
            request.topicPartitions = []
        }
        change(&request)
        let found: (response: ConsumerGroupHeartbeatResponse, body: [UInt8]) = try #require(
            client.ask(request, .consumerGroupHeartbeat, version))
        return found.response
    }

    private static func groups(
        _ client: BrokerClient, states: [String] = [], types: [String] = []
    ) throws -> [String] {
        let request = ListGroupsRequest(statesFilter: states, typesFilter: types)
        let found: (response: ListGroupsResponse, body: [UInt8]) = try #require(client.ask(request, .listGroups, 5))
        return found.response.groups.map { "\($0.groupID) \($0.groupType) \($0.groupState)" }
    }

    @Test func `a member is told what to read by its heartbeats, and offsets go by its epoch`() throws {
        let bench = BrokerBench()
        let topic = bench.log.makeTopic(TopicName("a")!, partitions: 3)
        let client = bench.connect()
        let joined = try Self.beat(client, 0)
        #expect(joined.errorCode == 0 && joined.memberEpoch == 1 && joined.heartbeatIntervalMs == 5_000)
        #expect(joined.assignment?.topicPartitions.map(\.topicID) == [topic.uuid])
        #expect(joined.assignment?.topicPartitions.first?.partitions == [0, 1, 2])
        let second = try Self.beat(client, 1)
        #expect(second.errorCode == 0 && second.memberEpoch == 1 && second.assignment == nil)
        let whole = try Self.beat(client, 1) {
            $0.rebalanceTimeoutMs = 60_000
            $0.subscribedTopicNames = ["a"]
            $0.topicPartitions = [.init(topicID: topic.uuid, partitions: [0, 1, 2])]
        }
        #expect(whole.assignment?.topicPartitions.first?.partitions == [0, 1, 2])
        #expect(try Self.beat(client, 7).errorCode == ErrorCode.fencedMemberEpoch.rawValue)
        for (epoch, code) in [(Int32(1), ErrorCode.noError), (2, .staleMemberEpoch)] {
            let commit = OffsetCommitRequest(
                groupID: "g", generationIDOrMemberEpoch: epoch, memberID: "m",
                topics: [.init(name: "a", partitions: [.init(partitionIndex: 0, committedOffset: 5)])])
            let committed: (response: OffsetCommitResponse, body: [UInt8]) = try #require(
                client.ask(commit, .offsetCommit, 9))
            #expect(committed.response.topics[0].partitions[0].errorCode == code.rawValue)
            let fetch = OffsetFetchRequest(groups: [
                .init(
                    groupID: "g", memberID: "m", memberEpoch: epoch,
                    topics: [.init(name: "a", partitionIndexes: [0])])
            ])
            let fetched: (response: OffsetFetchResponse, body: [UInt8]) = try #require(
                client.ask(fetch, .offsetFetch, 9))
            #expect(fetched.response.groups[0].errorCode == code.rawValue)
            #expect(fetched.response.groups[0].topics.first?.partitions[0].committedOffset == (epoch == 1 ? 5 : nil))
        }
        #expect(try Self.beat(client, -1).memberEpoch == -1)
    }

    @Test func `groups are told apart by their type and state`() throws {
        let bench = BrokerBench()
        let topic = bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        let commit = OffsetCommitRequest(
            groupID: "old", topics: [.init(name: "a", partitions: [.init(partitionIndex: 0, committedOffset: 5)])])
        let committed: (response: OffsetCommitResponse, body: [UInt8]) = try #require(
            client.ask(commit, .offsetCommit, 8))
        #expect(committed.response.topics[0].partitions[0].errorCode == 0)
        _ = try Self.beat(client, 0)
        let (old, new) = ("old classic Empty", "g consumer Stable")
        #expect(try Self.groups(client) == [new, old])
        #expect(try Self.groups(client, types: ["Consumer"]) == [new])
        #expect(try Self.groups(client, types: ["classic"]) == [old])
        #expect(try Self.groups(client, types: ["share"]).isEmpty)
        #expect(try Self.groups(client, states: ["stable"]) == [new])
        #expect(try Self.groups(client, states: ["Empty"], types: ["consumer"]).isEmpty)

        let request = ConsumerGroupDescribeRequest(groupIDs: ["g", "old", "none"])
        let told: (response: ConsumerGroupDescribeResponse, body: [UInt8]) = try #require(
            client.ask(request, .consumerGroupDescribe, 1))
        let missing = ErrorCode.groupIDNotFound.rawValue
        #expect(told.response.groups.map(\.errorCode) == [0, missing, missing])
        let group = told.response.groups[0]
        #expect(group.groupState == "Stable" && group.assignorName == "uniform" && group.groupEpoch == 1)
        #expect(group.members.map(\.memberID) == ["m"] && group.members[0].subscribedTopicNames == ["a"])
        #expect(group.members[0].assignment.topicPartitions.map(\.topicName) == ["a"])
        #expect(group.members[0].targetAssignment.topicPartitions.map(\.topicID) == [topic.uuid])
        let classic: (response: DescribeGroupsResponse, body: [UInt8]) = try #require(
            client.ask(DescribeGroupsRequest(groups: ["g", "old"]), .describeGroups, 6))
        #expect(classic.response.groups.map(\.errorCode) == [missing, 0])
    }

    @Test func `a pattern of topics is read or refused by its name, and an assignor that is not known`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        let pattern = try Self.beat(client, 0) { $0.subscribedTopicRegex = "a(" }
        #expect(pattern.errorCode == ErrorCode.invalidRegularExpression.rawValue && pattern.errorMessage != nil)
        let read = try Self.beat(client, 0) {
            $0.memberID = "p"
            $0.subscribedTopicNames = nil
            $0.subscribedTopicRegex = "^[a-c]$"
        }
        #expect(read.errorCode == 0 && read.assignment?.topicPartitions.count == 1)
        _ = try Self.beat(client, -1) { $0.memberID = "p" }
        let assignor = try Self.beat(client, 0) { $0.serverAssignor = "mine" }
        #expect(assignor.errorCode == ErrorCode.unsupportedAssignor.rawValue)
        // Version 0 leaves the id to the server.
        let unnamed = try Self.beat(client, 0, 0) { $0.memberID = "" }
        #expect(unnamed.errorCode == 0 && unnamed.memberID?.isEmpty == false)
    }
}
