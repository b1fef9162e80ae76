// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct JoinTests {
    /// A join that is refused, and which of its faults is told when it has several.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: GroupRefusal
        var group = "g"
        var limits: @Sendable (inout GroupLimits) -> Void = { _ in }
        var change: @Sendable (inout JoinRequest) -> Void

        init(
            _ name: String, _ expected: GroupRefusal, group: String = "g",
            limits: @escaping @Sendable (inout GroupLimits) -> Void = { _ in },
            _ change: @escaping @Sendable (inout JoinRequest) -> Void
        ) {
            testDescription = name
            self.expected = expected
            self.group = group
            self.limits = limits
            self.change = change
            self.limits = limits
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("a group has a name", .invalidGroupID, group: "") { $0.sessionTimeout = .zero },
        Case("a session can be too short", .invalidSessionTimeout) {
            $0.sessionTimeout = .milliseconds(5_999)
            $0.memberID = "nobody"
        },
        Case("or too long", .invalidSessionTimeout) { $0.sessionTimeout = .seconds(1_801) },
        Case("an unknown member of a new group", .unknownMemberID, group: "other") { $0.memberID = "nobody" },
        Case("an unknown member", .unknownMemberID) { $0.memberID = "nobody" },
        Case("another type of group", .inconsistentGroupProtocol) {
            $0.protocolType = "connect"
            $0.memberID = "nobody"
        },
        Case("no protocol in common", .inconsistentGroupProtocol) {
            $0.protocols = [GroupProtocol(name: "sticky", metadata: [])]
        },
        Case("no protocol at all", .inconsistentGroupProtocol, group: "other") { $0.protocols = [] },
        Case("no type at all", .inconsistentGroupProtocol, group: "other") { $0.protocolType = "" },
        Case("an unknown instance", .unknownMemberID) {
            $0.memberID = "nobody"
            $0.instanceID = "i9"
        },
        Case("an instance under a former id", .fencedInstanceID) {
            $0.memberID = "nobody"
            $0.instanceID = "i1"
        },
        Case("a new member comes back with its id", .memberIDRequired) { _ in },
        Case("a full group", .groupMaxSizeReached, limits: { $0.members = 2 }) { $0.protocolType = "connect" },
        Case("too much metadata", .invalidRequest) {
            $0.protocols = [GroupProtocol(name: "range", metadata: [UInt8](repeating: 0, count: 1 << 20 + 1))]
        },
        Case("too much metadata together", .groupMaxSizeReached, limits: { $0.groupBytes = 1_500 }) {
            $0.protocols = [GroupProtocol(name: "range", metadata: [UInt8](repeating: 0, count: 1_000))]
        },
        Case("too many groups", .policyViolation, group: "other", limits: { $0.groups = 1 }) { _ in },
    ]

    @Test(arguments: cases)
    func `a join is refused`(_ one: Case) throws {
        var limits = GroupLimits()
        one.limits(&limits)
        let bench = GroupBench(limits)
        _ = try bench.stable(["i1", nil])
        var table = bench.table
        var request = JoinRequest(protocols: [GroupProtocol(name: "range", metadata: [])])
        one.change(&request)
        let token = bench.token()
        bench.obey(table.join(one.group, request, token, at: bench.moment))
        #expect(bench.answer(to: token)?.refusal == one.expected)
    }

    @Test func `a member joins in two steps, and its id expires when it does not come back`() throws {
        let bench = GroupBench()
        let first = bench.join { $0.sessionTimeout = .seconds(10) }
        guard case .notJoined(.memberIDRequired, let id) = bench.answer(to: first) else {
            Issue.record("\(String(describing: bench.answer(to: first)))")
            return
        }
        #expect(id.hasPrefix("client-") && id.count == 43)
        bench.pass(.seconds(9))
        let answer = try bench.joined(bench.join(id))
        #expect(answer.memberID == id && answer.leader == id && answer.generation == 1)
        #expect(answer.protocolName == "range" && answer.protocolType == "consumer")
        #expect(answer.members.map(\.memberID) == [id])

        // Another one gets an id and never comes: it holds up the next generation until it expires.
        bench.join { $0.sessionTimeout = .seconds(10) }
        bench.sync(id, 1, [id: [1]])
        let again = bench.join(id)
        #expect(bench.answer(to: again) == nil)
        bench.pass(.seconds(10))
        #expect(try bench.joined(again).generation == 2)
        #expect(bench.log.count == 1)

        // A group that nobody came back to is forgotten.
        let empty = GroupBench()
        empty.join()
        #expect(empty.group?.phase == .empty)
        empty.pass(.seconds(60))
        #expect(empty.group == nil && empty.log.isEmpty)
    }

    @Test func `while members come together only those who came take room`() throws {
        var limits = GroupLimits()
        limits.members = 2
        let bench = GroupBench(limits)
        let ids = try bench.stable([nil, nil])
        let again = bench.join(ids[0])
        let new = bench.join { $0.requiresMemberID = false }
        #expect(bench.answer(to: new) == nil)
        // The last one to come finds no room any more.
        #expect(bench.answer(to: bench.join(ids[1]))?.refusal == .groupMaxSizeReached)
        #expect(try bench.joined(again).members.count == 2)
        #expect(try bench.joined(new).memberID != ids[1])
    }

    @Test func `the first generation waits for more members`() throws {
        var limits = GroupLimits()
        limits.initialRebalanceDelay = .seconds(3)
        let bench = GroupBench(limits)
        func add() -> RequestToken {
            bench.join { request in
                request.requiresMemberID = false
                request.rebalanceTimeout = .seconds(5)
            }
        }
        let first = add()
        bench.pass(.seconds(2))
        let second = add()
        bench.pass(.milliseconds(1_500))
        // The second one made it wait for two more seconds, which is all that was left.
        #expect(bench.answers.isEmpty)
        let third = add()
        bench.pass(.milliseconds(1_500))
        let answers = try [first, second, third].map(bench.joined)
        #expect(answers.map(\.generation) == [1, 1, 1])
        #expect(Set(answers.map(\.leader)).count == 1)
        #expect(answers.map(\.members.count) == [3, 0, 0])
    }

    @Test func `the protocol is one that all know, and most prefer`() throws {
        let bench = GroupBench()
        let first = try bench.stable([nil])[0]
        let others = [["a", "b", "c"], ["b", "a"], ["b", "c", "a"]].map { names in
            bench.join { request in
                request.requiresMemberID = false
                request.protocols = (names + ["range"]).map { GroupProtocol(name: $0, metadata: Array($0.utf8)) }
            }
        }
        let again = bench.join(first) { request in
            request.protocols = ["range", "a", "b"].map { GroupProtocol(name: $0, metadata: Array($0.utf8)) }
        }
        let answer = try bench.joined(again)
        #expect(
            answer.protocolName == "b" && answer.members.map(\.metadata) == Array(repeating: Array("b".utf8), count: 4))
        #expect(try others.map { try bench.joined($0).protocolName } == ["b", "b", "b"])
    }

    @Test func `who joins again gets what is, unless something changes`() throws {
        let bench = GroupBench()
        let ids = try bench.stable([nil, nil])
        let generation = try #require(bench.group?.generation)
        // A follower that says the same: the same generation, without a rebalance.
        let answer = try bench.joined(bench.join(ids[1]))
        #expect(answer.generation == generation && answer.members.isEmpty && bench.group?.phase == .stable)
        // A follower that says something else.
        let changed = bench.join(ids[1]) { $0.protocols = [GroupProtocol(name: "range", metadata: [9])] }
        #expect(bench.group?.phase == .preparingRebalance && bench.answer(to: changed) == nil)
        #expect(bench.heartbeat(ids[0], generation) == .rebalanceInProgress)
        let leader = try bench.joined(bench.join(ids[0]))
        #expect(leader.generation == generation + 1 && leader.members.map(\.metadata).contains([9]))
        // Before it is assigned: the same again, for the leader with all members.
        #expect(try bench.joined(bench.join(ids[0])) == leader)
        #expect(bench.group?.phase == .completingRebalance)
        // A join that waits is given up when the member joins once more.
        bench.sync(ids[0], generation + 1, [:])
        let given = bench.join(ids[0])
        let last = bench.join(ids[0])
        #expect(bench.answer(to: given)?.refusal == .rebalanceInProgress && bench.answer(to: last) == nil)
        _ = bench.join(ids[1])
        #expect(try bench.joined(last).generation == generation + 2)
        #expect(bench.answeredAgain.isEmpty)
    }
}
