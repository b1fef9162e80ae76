// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct RebalanceTests {
    @Test func `an assignment is stored before anybody has it`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let leader = bench.join(ids[0])
        bench.join(ids[1])
        let generation = try bench.joined(leader).generation
        bench.holds = true
        let follower = bench.sync(ids[1], generation)
        let leading = bench.sync(ids[0], generation, [ids[0]: [1], ids[1]: [2], "nobody": [3]])
        #expect(bench.answer(to: follower) == nil && bench.answer(to: leading) == nil && bench.waiting.count == 1)
        #expect(
            bench.commit(MemberIdentity(ids[0]), generation: generation, [0: 1]).isRefused(.rebalanceInProgress, bench))
        bench.settle()
        #expect(
            bench.answer(to: follower)
                == .synced(.init(protocolType: "consumer", protocolName: "range", assignment: [2])))
        #expect(
            bench.answer(to: leading)
                == .synced(.init(protocolType: "consumer", protocolName: "range", assignment: [1])))
        // Who asks later gets the same; one that is not known to the leader gets nothing.
        #expect(bench.answer(to: bench.sync(ids[1], generation)) == bench.answer(to: follower))
        #expect(try bench.state().groups["g"]?.record?.members.map(\.assignment) == [[1], [2]])
    }

    @Test(arguments: [
        (StoreFailure.unavailable, GroupRefusal.coordinatorNotAvailable), (.offline, .notCoordinator),
        (.tooLarge, .unknownServerError),
    ])
    func `an assignment that cannot be stored is nobody's`(_ failure: StoreFailure, _ refusal: GroupRefusal) throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation)
        bench.join(ids[0])
        bench.join(ids[1])
        bench.holds = true
        let tokens = [bench.sync(ids[1], generation + 1), bench.sync(ids[0], generation + 1, [ids[0]: [1]])]
        bench.settle(failure)
        #expect(tokens.map { bench.answer(to: $0)?.refusal } == [refusal, refusal])
        #expect(bench.group?.phase == .preparingRebalance)
        let again = [bench.join(ids[0]), bench.join(ids[1])]
        #expect(try again.map { try bench.joined($0).generation } == [generation + 2, generation + 2])
    }

    @Test func `a member that joins meanwhile voids the assignment`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation) + 1
        bench.join(ids[0])
        bench.join(ids[1])
        bench.holds = true
        let tokens = [bench.sync(ids[1], generation), bench.sync(ids[0], generation, [ids[0]: [1]])]
        let new = bench.join { $0.requiresMemberID = false }
        #expect(tokens.map { bench.answer(to: $0)?.refusal } == [.rebalanceInProgress, .rebalanceInProgress])
        bench.settle()
        #expect(bench.group?.phase == .preparingRebalance && bench.answer(to: new) == nil)
        // Who waits for its first generation cannot speak for one.
        let unheard = MemberIdentity(try #require(bench.group?.membersInOrder.last).id)
        #expect(bench.commit(unheard, generation: generation, [0: 1]).isRefused(.illegalGeneration, bench))
        bench.join(ids[0])
        bench.join(ids[1])
        #expect(try bench.joined(new).generation == generation + 1)
    }

    @Test func `who does not come back in time is left out, and leads no more`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil, nil])
        let generation = try #require(bench.group?.generation)
        let again = bench.join(ids[1]) { request in
            request.protocols = [GroupProtocol(name: "range", metadata: [1])]
            request.rebalanceTimeout = .seconds(300)
        }
        for _ in 0..<10 {
            bench.pass(.seconds(29))
            #expect(bench.heartbeat(ids[0], generation) == .rebalanceInProgress)
        }
        #expect(bench.answer(to: again) == nil)
        bench.pass(.seconds(11))
        let answer = try bench.joined(again)
        #expect(answer.leader == ids[1] && answer.members.map(\.memberID) == [ids[1]])
        #expect(bench.heartbeat(ids[0], generation) == .unknownMemberID)
        #expect(bench.heartbeat(ids[2], generation) == .unknownMemberID)
    }

    @Test func `who does not ask for its assignment is left out`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation) + 1
        for id in ids { bench.join(id) { $0.rebalanceTimeout = .seconds(60) } }
        // The leader never syncs, but sends heartbeats.
        let waiting = bench.sync(ids[1], generation)
        for _ in 0..<2 {
            bench.pass(.seconds(29))
            #expect(bench.heartbeat(ids[0], generation) == nil)
        }
        bench.pass(.seconds(2))
        #expect(bench.answer(to: waiting)?.refusal == .rebalanceInProgress)
        #expect(bench.heartbeat(ids[0], generation) == .unknownMemberID)
        #expect(try bench.joined(bench.join(ids[1])).leader == ids[1])
    }

    @Test func `a silent member is taken for dead, one that waits here is not`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation)
        bench.pass(.seconds(40))
        #expect(bench.heartbeat(ids[1], generation) == nil)
        bench.pass(.seconds(6))
        #expect(bench.heartbeat(ids[1], generation) == .rebalanceInProgress)
        let answer = try bench.joined(bench.join(ids[1]))
        #expect(answer.leader == ids[1])
        // A new member's join waits for one that does not come back.
        let waiting = bench.join { $0.requiresMemberID = false }
        bench.pass(.seconds(46))
        #expect(try bench.joined(waiting).members.count == 1)
    }

    @Test func `the last one to leave leaves an empty group, and its generation counts on`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation)
        #expect(bench.answer(to: bench.leave(MemberIdentity(ids[0])))?.results == [nil])
        #expect(bench.group?.phase == .preparingRebalance)
        bench.holds = true
        let left = bench.leave(MemberIdentity(ids[1]), MemberIdentity("nobody"), MemberIdentity("", instanceID: "i1"))
        #expect(bench.group?.phase == .empty && bench.answer(to: left) == nil)
        bench.settle()
        #expect(bench.answer(to: left)?.results == [nil, .unknownMemberID, .unknownMemberID])
        try bench.restart()
        #expect(bench.group?.phase == .empty && bench.group?.generation == generation + 1)
        bench.holds = false
        #expect(try bench.stable([nil]).count == 1)
        #expect(bench.group?.generation == generation + 2)
    }

    @Test func `a leader that asks twice brings one assignment, and too much of it is none`() throws {
        var limits = GroupLimits()
        limits.assignmentBytes = 10
        limits.members = 3
        let bench = GroupBench(limits)
        let ids = try bench.stable([nil, nil])
        bench.join(ids[0])
        bench.join(ids[1])
        let generation = try #require(bench.group?.generation)
        let large = bench.sync(ids[0], generation, [ids[0]: [UInt8](repeating: 1, count: 11)])
        #expect(large.isRefused(.invalidRequest, bench))
        bench.holds = true
        let first = bench.sync(ids[0], generation, [ids[0]: [1]])
        let second = bench.sync(ids[0], generation, [ids[0]: [2]])
        #expect(first.isRefused(.rebalanceInProgress, bench) && bench.waiting.count == 1)
        bench.settle()
        #expect(
            bench.answer(to: second)
                == .synced(.init(protocolType: "consumer", protocolName: "range", assignment: [1])))
        bench.holds = false
        // One that only has its id holds up the others until it leaves.
        guard case .notJoined(.memberIDRequired, let pending) = bench.answer(to: bench.join()) else {
            Issue.record("no id")
            return
        }
        let again = [bench.join(ids[0]), bench.join(ids[1])]
        #expect(again.allSatisfy { bench.answer(to: $0) == nil })
        #expect(bench.answer(to: bench.leave(MemberIdentity(pending)))?.results == [nil])
        #expect(try again.map { try bench.joined($0).generation } == [generation + 1, generation + 1])
        let crowd = bench.token()
        let members = (0..<4).map { MemberIdentity("m\($0)") }
        bench.change { $0.leave("g", members, crowd, at: bench.moment) }
        #expect(crowd.isRefused(.invalidRequest, bench))
        let nobody = bench.token()
        bench.change { $0.leave("other", [MemberIdentity("m")], nobody, at: bench.moment) }
        #expect(bench.answer(to: nobody)?.results == [.unknownMemberID] && bench.table.ids == ["g"])
    }

    @Test func `after a restart members go on, with a fresh session`() throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", nil])
        let before = try #require(bench.group?.description)
        bench.pass(.seconds(40))
        try bench.restart()
        #expect(bench.group?.description == before)
        bench.pass(.seconds(40))
        #expect(bench.heartbeat(ids[0], before.generation, instance: "i1") == nil)
        #expect(bench.heartbeat(ids[0], before.generation, instance: "i2") == .unknownMemberID)
        bench.pass(.seconds(6))
        #expect(bench.heartbeat(ids[0], before.generation) == .rebalanceInProgress)
        #expect(bench.heartbeat(ids[1], before.generation) == .unknownMemberID)
    }

    /// Who asks for an assignment, and why it is refused.
    @Test(
        arguments: [
            ("", 0, nil, "range", GroupRefusal.unknownMemberID), ("nobody", 9, nil, "range", .unknownMemberID),
            ("nobody", 9, "i1", "range", .fencedInstanceID), ("nobody", 9, "i9", "range", .unknownMemberID),
            ("first", 9, "i1", "other", .illegalGeneration), ("first", 0, "i1", "other", .inconsistentGroupProtocol),
        ] as [(String, Int32, String?, String, GroupRefusal)])
    func `a sync is refused`(
        _ member: String, _ ahead: Int32, _ instance: String?, _ name: String, _ refusal: GroupRefusal
    ) throws {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", nil])
        let generation = try #require(bench.group?.generation) + ahead
        let identity = MemberIdentity(member == "first" ? ids[0] : member, instanceID: instance)
        var table = bench.table
        let told = bench.token()
        bench.obey(
            table.sync(
                "g", SyncRequest(identity, generation: generation, protocolType: "consumer", protocolName: name), told,
                at: bench.moment))
        #expect(bench.answer(to: told)?.refusal == refusal)
        if name == "range" {
            #expect(bench.heartbeat(identity.memberID, generation, instance: instance) == refusal)
            #expect(bench.commit(identity, generation: generation, [0: 1]).isRefused(refusal, bench))
        }
        #expect(table.heartbeat("", identity, generation: 1, at: bench.moment) == .invalidGroupID)
        #expect(table.heartbeat("other", identity, generation: 1, at: bench.moment) == .unknownMemberID)
    }
}

extension RequestToken {
    /// Whether the request was refused as a whole.
    func isRefused(_ refusal: GroupRefusal, _ bench: GroupBench) -> Bool { bench.answer(to: self)?.refusal == refusal }
}
