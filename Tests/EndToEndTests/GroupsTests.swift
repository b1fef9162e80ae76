// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

/// Records and groups by the command, beside members that speak Kafka's protocol.
@Suite struct GroupsTests {
    /// A group with a member of one of Kafka's two protocols, which reads the only partition of `prices`.
    enum Kind: String, CaseIterable {
        case classic, consumer

        /// Lets a member join.
        func join(_ group: String, _ wire: KafkaWire) throws -> (member: String, epoch: Int32) {
            switch self {
            case .classic:
                // Version 0: the topics, and no data of the client's own.
                let topics: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 6] + Array("prices".utf8)
                let subscription = topics + [0xFF, 0xFF, 0xFF, 0xFF]
                let assignment = topics + [0, 0, 0, 1, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
                let joined: (response: JoinGroupResponse, body: [UInt8]) = try wire.ask(
                    JoinGroupRequest(
                        groupID: group, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, protocolType: "consumer",
                        protocols: [.init(name: "range", metadata: MessageBytes(place: 0, count: subscription.count))]),
                    .joinGroup, 2, records: subscription)
                let (member, epoch) = (joined.response.memberID, joined.response.generationID)
                let synced: (response: SyncGroupResponse, body: [UInt8]) = try wire.ask(
                    SyncGroupRequest(
                        groupID: group, generationID: epoch, memberID: member,
                        assignments: [
                            .init(memberID: member, assignment: MessageBytes(place: 0, count: assignment.count))
                        ]), .syncGroup, 1, records: assignment)
                try #require(joined.response.errorCode == 0 && synced.response.errorCode == 0)
                return (member, epoch)
            case .consumer:
                let told: (response: ConsumerGroupHeartbeatResponse, body: [UInt8]) = try wire.ask(
                    ConsumerGroupHeartbeatRequest(
                        groupID: group, memberID: "m-1", rebalanceTimeoutMs: 30_000, subscribedTopicNames: ["prices"],
                        serverAssignor: "range", topicPartitions: []), .consumerGroupHeartbeat, 1)
                try #require(told.response.errorCode == 0, "\(told.response.errorMessage ?? "")")
                try #require(told.response.assignment?.topicPartitions.map(\.partitions) == [[0]])
                return ("m-1", told.response.memberEpoch)
            }
        }

        /// Lets it leave.
        func leave(_ group: String, _ member: String, _ wire: KafkaWire) throws {
            switch self {
            case .classic:
                let left: (response: LeaveGroupResponse, body: [UInt8]) = try wire.ask(
                    LeaveGroupRequest(groupID: group, memberID: member), .leaveGroup, 1)
                #expect(left.response.errorCode == 0)
            case .consumer:
                let left: (response: ConsumerGroupHeartbeatResponse, body: [UInt8]) = try wire.ask(
                    ConsumerGroupHeartbeatRequest(groupID: group, memberID: member, memberEpoch: -1),
                    .consumerGroupHeartbeat, 1)
                #expect(left.response.errorCode == 0)
            }
        }
    }

    @Test func `records are produced and consumed, and groups of both protocols looked after, by the command`() throws {
        let port = try Receiver().port
        let server = try ServerUnderTest(["--kafka", "127.0.0.1:\(port)"])
        try server.start()
        func done(_ arguments: String...) throws -> String {
            let ran = try server.run(arguments)
            try #require(ran.code == 0, "\(arguments) said: \(ran.said)")
            return ran.said
        }
        _ = try done("topics", "create", "prices", "--partitions", "1")
        for value in ["1.07", "1.08", "1.09"] { _ = try done("produce", "prices", "--key", "EUR", "--value", value) }
        let read = try done("consume", "prices", "--offset", "-2", "-f", #"%o %k=%s\n"#)
        #expect(read.hasPrefix("1 EUR=1.08\n2 EUR=1.09\n"), "\(read)")

        let wire = try KafkaWire(port: port)
        for kind in Kind.allCases {
            let group = "readers-\(kind.rawValue)"
            let (member, epoch) = try kind.join(group, wire)
            let committed: (response: OffsetCommitResponse, body: [UInt8]) = try wire.ask(
                OffsetCommitRequest(
                    groupID: group, generationIDOrMemberEpoch: epoch, memberID: member,
                    topics: [.init(name: "prices", partitions: [.init(partitionIndex: 0, committedOffset: 2)])]),
                .offsetCommit, 9)
            #expect(committed.response.topics.flatMap(\.partitions).map(\.errorCode) == [0])

            let shown = try JSONValue.parse(try done("groups", "get", group, "--json"))
            #expect(shown["state"]?.string == "stable" && shown["lag"]?.integer == 1, "\(shown.text)")
            #expect(shown["group_protocol"]?.string == kind.rawValue && shown["protocol"]?.string == "range")
            #expect(shown["generation"]?.integer == Int64(epoch))
            let one = shown["members"]?.array?.first
            #expect(one?["id"]?.string == member && one?["host"]?.string == "127.0.0.1")
            #expect(one?["epoch"]?.integer == (kind == .consumer ? Int64(epoch) : nil))
            for list in kind == .consumer ? ["assigned", "target"] : ["assigned"] {
                #expect(one?[list]?.array?.map { $0["topic"]?.string } == ["prices"], "\(shown.text)")
            }
            #expect(shown["partitions"]?.array?.first?["member"]?.string == member)
            #expect(try done("groups").contains(group) && done("readers").contains(group))
            let metrics = try #require(server.client().send("GET", "/metrics")).text
            #expect(metrics.contains(#"tidings_group_members{group="\#(group)"} 1"#))
            #expect(metrics.contains(#"tidings_group_lag_records{group="\#(group)",topic="prices"} 1"#))

            // What members may still read is not touched.
            #expect(try server.run("groups", "reset", group, "--to-earliest", "--execute").code == 4)
            #expect(try server.run("groups", "delete-offsets", group, "prices", "--yes").code == 4)
            #expect(try server.run("groups", "delete", group, "--yes").code == 4)
            try kind.leave(group, member, wire)
            _ = try done("groups", "reset", group, "--to-earliest", "--execute")
            let moved = try JSONValue.parse(try done("groups", "get", group, "--json"))
            #expect(moved["state"]?.string == "empty" && moved["lag"]?.integer == 3, "\(moved.text)")
            _ = try done("groups", "delete-offsets", group, "prices", "--yes")
            _ = try done("groups", "delete", group, "--yes")
            #expect(try server.run("groups", "get", group).code == 2)
        }
        #expect(server.stop() == 0)
    }
}
