// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct StaticMemberTests {
    private static func rejoin(
        _ bench: GroupBench, _ instance: String, skips: Bool = true, topics: String = "orders", name: String = "range"
    ) -> RequestToken {
        bench.join { request in
            request.instanceID = instance
            request.skipsAssignment = skips
            request.protocols = [
                GroupProtocol(name: name, metadata: GroupBench.subscription(topics, version: 1)),
                GroupProtocol(name: "other", metadata: []),
            ]
        }
    }

    @Test(arguments: [true, false])
    func `a restarted member takes its place again without a rebalance`(_ skips: Bool) throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", "i2"])
        let generation = try #require(bench.group?.generation)
        bench.holds = true
        let leader = Self.rejoin(bench, "i1", skips: skips)
        #expect(bench.answer(to: leader) == nil && bench.group?.phase == .stable)
        bench.settle()
        let answer = try bench.joined(leader)
        #expect(answer.generation == generation && answer.memberID != ids[0])
        // A leader that can skip is told all and need not assign; another one is not told that it leads.
        #expect(answer.skipsAssignment == skips && answer.members.count == (skips ? 2 : 0))
        #expect((answer.leader == answer.memberID) == skips && bench.group?.leader == answer.memberID)
        let assigned = bench.sync(answer.memberID, generation)
        #expect(
            bench.answer(to: assigned)
                == .synced(.init(protocolType: "consumer", protocolName: "range", assignment: [1])))

        // Its former self is fenced wherever it says who it is.
        #expect(bench.heartbeat(ids[0], generation, instance: "i1") == .fencedInstanceID)
        #expect(bench.heartbeat(ids[0], generation) == .unknownMemberID)
        let former = MemberIdentity(ids[0], instanceID: "i1")
        #expect(bench.commit(former, generation: generation, [0: 5]).isRefused(.fencedInstanceID, bench))
        #expect(bench.answer(to: bench.leave(former))?.results == [.fencedInstanceID])
        #expect(bench.fetch(0) == [-1])
        try bench.restart()
        #expect(bench.heartbeat(ids[0], generation, instance: "i1") == .fencedInstanceID)
        #expect(bench.heartbeat(answer.memberID, generation, instance: "i1") == nil)
    }

    @Test func `what cannot be stored is taken back`() throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", "i2"])
        let generation = try #require(bench.group?.generation)
        let before = bench.group?.description
        bench.holds = true
        let token = Self.rejoin(bench, "i1")
        bench.settle(.unavailable)
        #expect(bench.answer(to: token)?.refusal == .coordinatorNotAvailable)
        #expect(bench.heartbeat(ids[0], generation, instance: "i1") == nil)
        #expect(bench.group?.description.members == before?.members && bench.group?.leader == ids[0])
    }

    @Test(arguments: [("others", "range"), ("orders", "third")])
    func `one that wants something else makes the group share anew`(_ topics: String, _ name: String) throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil])
        let second = bench.join { request in
            request.instanceID = "i2"
            request.protocols = ["range", "other"].map {
                GroupProtocol(name: $0, metadata: GroupBench.subscription("orders"))
            }
        }
        bench.join(ids[0]) { request in
            request.protocols = ["range", "other"].map {
                GroupProtocol(name: $0, metadata: GroupBench.subscription("orders"))
            }
        }
        let generation = try bench.joined(second).generation
        bench.sync(ids[0], generation, [:])
        bench.sync(try bench.joined(second).memberID, generation)
        #expect(bench.group?.phase == .stable && bench.group?.protocolName == "range")
        let token = Self.rejoin(bench, "i2", topics: topics, name: name)
        #expect(bench.group?.phase == .preparingRebalance && bench.answer(to: token) == nil)
        bench.join(ids[0])
        #expect(bench.group?.generation == generation + 1 || name == "third")
    }

    @Test func `whoever waits as its former self is fenced at once`() throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", "i2"])
        let generation = try #require(bench.group?.generation)
        bench.join(ids[0])
        bench.join(ids[1]) { $0.instanceID = "i2" }
        #expect(bench.group?.phase == .completingRebalance)
        let syncing = bench.sync(ids[1], generation + 1)
        let rejoined = Self.rejoin(bench, "i2")
        // The leader may be assigning to the former id: all come together again.
        #expect(bench.answer(to: syncing)?.refusal == .fencedInstanceID && bench.group?.phase == .preparingRebalance)
        let rejoinedAgain = Self.rejoin(bench, "i2")
        #expect(bench.answer(to: rejoined)?.refusal == .fencedInstanceID)
        bench.join(ids[0]) { $0.instanceID = "i1" }
        #expect(try bench.joined(rejoinedAgain).generation == generation + 2)
        #expect(bench.answeredAgain.isEmpty)
    }

    @Test func `one that does not come together with the others stays, and leads no more`() throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", nil])
        let generation = try #require(bench.group?.generation)
        let new = bench.join { $0.requiresMemberID = false }
        let again = bench.join(ids[1])
        for _ in 0..<10 {
            #expect(bench.answer(to: new) == nil && bench.heartbeat(ids[0], generation) == .rebalanceInProgress)
            bench.pass(.seconds(30))
        }
        let answer = try bench.joined(again)
        #expect(answer.leader == ids[1] && answer.members.map(\.memberID).contains(ids[0]))
        #expect(bench.heartbeat(ids[0], answer.generation, instance: "i1") == nil)
    }

    @Test func `an administrator takes a static member out by its instance`() throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", "i2"])
        let left = bench.leave(MemberIdentity("", instanceID: "i1"), MemberIdentity("", instanceID: "i9"))
        #expect(bench.answer(to: left)?.results == [nil, .unknownMemberID])
        #expect(bench.group?.phase == .preparingRebalance)
        let answer = try bench.joined(bench.join(ids[1]) { $0.instanceID = "i2" })
        #expect(answer.leader == ids[1])
        // A static member that does not come back stays until its session is over.
        bench.sync(ids[1], answer.generation, [:])
        let token = bench.join { $0.requiresMemberID = false }
        bench.pass(.seconds(44))
        #expect(bench.answer(to: token) == nil)
        bench.pass(.seconds(2))
        #expect(try bench.joined(token).members.count == 1)
    }
}
