// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct GroupsOverTheWireTests {
    private static func join(_ client: BrokerClient, member: String = "", _ version: Int16 = 7) -> JoinGroupResponse? {
        let request = JoinGroupRequest(
            groupID: "g", sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberID: member,
            protocolType: "consumer", protocols: [.init(name: "range", metadata: MessageBytes(place: 0, count: 3))])
        let found: (response: JoinGroupResponse, body: [UInt8])? = client.ask(
            request, .joinGroup, version, records: [1, 2, 3])
        return found?.response
    }

    private static func committed(_ client: BrokerClient, _ version: Int16 = 7) throws -> Int64? {
        if version >= 8 {
            let request = OffsetFetchRequest(
                groups: [.init(groupID: "g", topics: [.init(name: "a", partitionIndexes: [0])])])
            let found: (response: OffsetFetchResponse, body: [UInt8]) = try #require(
                client.ask(request, .offsetFetch, version))
            return found.response.groups.first?.topics.first?.partitions.first?.committedOffset
        }
        let request = OffsetFetchRequest(groupID: "g", topics: [.init(name: "a", partitionIndexes: [0])])
        let found: (response: OffsetFetchResponse, body: [UInt8]) = try #require(
            client.ask(request, .offsetFetch, version))
        return found.response.topics.first?.partitions.first?.committedOffset
    }

    @Test func `a member joins, is assigned, commits, and its offsets outlive the server`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        let first = try #require(Self.join(client))
        #expect(first.errorCode == ErrorCode.memberIDRequired.rawValue && !first.memberID.isEmpty)
        let joined = try #require(Self.join(client, member: first.memberID))
        #expect(joined.errorCode == 0 && joined.leader == joined.memberID)
        #expect(joined.members.map(\.metadata) == [[1, 2, 3]])
        let sync = SyncGroupRequest(
            groupID: "g", generationID: joined.generationID, memberID: joined.memberID, protocolType: "consumer",
            protocolName: "range",
            assignments: [.init(memberID: joined.memberID, assignment: MessageBytes(place: 1, count: 2))])
        let synced: (response: SyncGroupResponse, body: [UInt8]) = try #require(
            client.ask(sync, .syncGroup, 5, records: [9, 8, 7]))
        #expect(synced.response.errorCode == 0 && synced.response.assignment == [8, 7])
        let beat: (response: HeartbeatResponse, body: [UInt8]) = try #require(
            client.ask(
                HeartbeatRequest(groupID: "g", generationID: joined.generationID, memberID: joined.memberID),
                .heartbeat,
                4))
        #expect(beat.response.errorCode == 0)
        let commit = OffsetCommitRequest(
            groupID: "g", generationIDOrMemberEpoch: joined.generationID, memberID: joined.memberID,
            topics: [
                .init(name: "a", partitions: [.init(partitionIndex: 0, committedOffset: 5)]),
                .init(name: "missing", partitions: [.init(partitionIndex: 0, committedOffset: 5)]),
            ])
        let stored: (response: OffsetCommitResponse, body: [UInt8]) = try #require(client.ask(commit, .offsetCommit, 8))
        #expect(
            stored.response.topics.map { $0.partitions[0].errorCode } == [
                0, ErrorCode.unknownTopicOrPartition.rawValue,
            ])
        #expect(try Self.committed(client) == 5)
        let again = BrokerBench(log: bench.log)
        let other = again.connect()
        #expect(try Self.committed(other, 9) == 5)
        let described: (response: DescribeGroupsResponse, body: [UInt8]) = try #require(
            other.ask(DescribeGroupsRequest(groups: ["g", "none"]), .describeGroups, 5))
        #expect(described.response.groups.map(\.groupState) == ["Stable", "Dead"])
        #expect(described.response.groups[0].members.map(\.memberAssignment) == [[8, 7]])
    }

    @Test func `of a group that is not there nothing is committed, and that is no error`() throws {
        let client = BrokerBench().connect()
        for version in Int16(1)...9 { #expect(try Self.committed(client, version) == -1) }
        let deleted: (response: DeleteGroupsResponse, body: [UInt8]) = try #require(
            client.ask(DeleteGroupsRequest(groupsNames: ["g"]), .deleteGroups, 2))
        #expect(deleted.response.results[0].errorCode == ErrorCode.groupIDNotFound.rawValue)
    }

    @Test func `a transaction is seen whole or not at all`() throws {
        let bench = BrokerBench()
        bench.log.makeTopic(TopicName("a")!, partitions: 1)
        let client = bench.connect()
        func begin(_ version: Int16) throws -> InitProducerIdResponse {
            let request = InitProducerIdRequest(transactionalID: "t", transactionTimeoutMs: 60_000)
            let found: (response: InitProducerIdResponse, body: [UInt8]) = try #require(
                client.ask(request, .initProducerID, version))
            return found.response
        }
        func end(_ producer: InitProducerIdResponse, commits: Bool, _ version: Int16) throws -> EndTxnResponse {
            let request = EndTxnRequest(
                transactionalID: "t", producerID: producer.producerID, producerEpoch: producer.producerEpoch,
                committed: commits)
            let found: (response: EndTxnResponse, body: [UInt8]) = try #require(client.ask(request, .endTxn, version))
            return found.response
        }
        func batch(_ text: String, _ producer: InitProducerIdResponse, sequence: Int32 = 0) -> [UInt8] {
            BrokerBench.batch(
                [text],
                producer: .init(
                    id: producer.producerID, epoch: producer.producerEpoch, baseSequence: sequence,
                    isTransactional: true))
        }
        func seen() throws -> [String] {
            BrokerClient.texts(
                try #require(client.ask(BrokerClient.fetch("a", from: 0, committed: true), .fetch, 11)))
        }
        var producer = try begin(4)
        // Version 11 has to add the partition first.
        #expect(
            client.produce(batch("x", producer), to: "a", version: 11, transactionalID: "t")?.errorCode
                == ErrorCode.invalidTxnState.rawValue)
        #expect(client.produce(batch("x", producer), to: "a", version: 12, transactionalID: "t")?.errorCode == 0)
        #expect(try seen() == [])
        let asked = DescribeProducersRequest(topics: [.init(name: "a", partitionIndexes: [0, 7])])
        let told: (response: DescribeProducersResponse, body: [UInt8]) = try #require(
            client.ask(asked, .describeProducers, 0))
        let partitions = told.response.topics[0].partitions
        #expect(partitions.map(\.errorCode) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
        #expect(partitions[0].activeProducers.map(\.producerID) == [producer.producerID])
        #expect(partitions[0].activeProducers.map(\.currentTxnStartOffset) == [0])
        let next = try end(producer, commits: true, 5)
        #expect(next.errorCode == 0 && next.producerEpoch == producer.producerEpoch + 1)
        #expect(try seen() == ["x"])
        // A late record of the transaction that ended joins no other one.
        #expect(
            client.produce(batch("late", producer, sequence: 1), to: "a", version: 12, transactionalID: "t")?.errorCode
                != 0)
        producer.producerEpoch = next.producerEpoch
        #expect(client.produce(batch("y", producer), to: "a", version: 12, transactionalID: "t")?.errorCode == 0)
        #expect(try end(producer, commits: false, 5).errorCode == 0)
        let found: (response: FetchResponse, body: [UInt8]) = try #require(
            client.ask(BrokerClient.fetch("a", from: 0, committed: true), .fetch, 11))
        let partition = found.response.responses[0].partitions[0]
        #expect(partition.abortedTransactions?.map(\.producerID) == [producer.producerID])
        #expect(partition.lastStableOffset == partition.highWatermark)

        // Another producer's batch beside one that may be stored: neither is, and no transaction is left open.
        let mine = batch("mine", try begin(4))
        let stranger = batch("stranger", InitProducerIdResponse(producerID: 4_711, producerEpoch: 0))
        let request = ProduceRequest(
            transactionalID: "t", acks: -1, timeoutMs: 1_000,
            topicData: [
                .init(
                    name: "a",
                    partitionData: [
                        .init(index: 0, records: MessageBytes(place: 0, count: mine.count)),
                        .init(index: 0, records: MessageBytes(place: mine.count, count: stranger.count)),
                    ])
            ])
        let mixed: (response: ProduceResponse, body: [UInt8]) = try #require(
            client.ask(request, .produce, 12, records: mine + stranger))
        #expect(
            mixed.response.responses[0].partitionResponses.map(\.errorCode)
                == Array(repeating: ErrorCode.invalidProducerIDMapping.rawValue, count: 2))
        let again: (response: FetchResponse, body: [UInt8]) = try #require(
            client.ask(BrokerClient.fetch("a", from: 0, committed: true), .fetch, 11))
        #expect(again.response.responses[0].partitions[0].highWatermark == partition.highWatermark)
    }
}
