// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct OffsetTests {
    @Test func `an offset is seen when it is stored, with all that was said of it`() throws {
        let bench = GroupBench()
        bench.holds = true
        let token = bench.commit([1: 40, 2: -1]) { request in
            request.offsets[0].metadata = "seen"
            request.offsets[0].leaderEpoch = 3
            request.offsets.append(
                OffsetToCommit(GroupBench.partition(3), 5, metadata: String(repeating: "x", count: 4_097)))
        }
        #expect(bench.answer(to: token) == nil && bench.fetch(1, 2) == [-1, -1])
        bench.settle()
        #expect(bench.answer(to: token)?.results == [nil, nil, .offsetMetadataTooLarge])
        #expect(bench.fetch(1, 2, 3) == [40, -1, -1])
        try bench.restart()
        guard case .committed(let offset) = bench.table.fetch("g", stable: true)[0].offset else {
            Issue.record("nothing is committed")
            return
        }
        #expect(offset.metadata == "seen" && offset.leaderEpoch == 3 && offset.committed.millis == bench.millis)
        #expect(bench.group?.phase == .empty && bench.group?.description.protocolType == "")
        #expect(bench.table.fetch("other", [GroupBench.partition(0)], stable: true)[0].offset == .unknown)
        // One that is not stored was not committed.
        let failed = bench.commit([1: 50])
        bench.settle(.tooLarge)
        #expect(bench.answer(to: failed)?.results == [.invalidCommitOffsetSize] && bench.fetch(1) == [40])
    }

    /// Who commits in which phase, and what becomes of it, at once and in a transaction.
    struct Case: Sendable, CustomTestStringConvertible {
        let phase: GroupPhase
        let member: String
        let instance: String?
        /// How far from the current one; nil for none.
        let generation: Int32?
        let plain: GroupRefusal?
        let transactional: GroupRefusal?
        var testDescription: String { "\(phase) \(member) \(instance ?? "") \(generation ?? -1)" }

        init(
            _ phase: GroupPhase, _ member: String, _ instance: String?, _ generation: Int32?, _ plain: GroupRefusal?,
            _ transactional: GroupRefusal?
        ) {
            self.phase = phase
            self.member = member
            self.instance = instance
            self.generation = generation
            self.plain = plain
            self.transactional = transactional
        }
    }

    @Test(arguments: [
        Case(.dead, "", nil, nil, nil, nil), Case(.dead, "x", nil, 1, .illegalGeneration, .illegalGeneration),
        Case(.empty, "", nil, nil, nil, nil), Case(.empty, "x", "i", nil, nil, nil),
        Case(.empty, "x", nil, 0, .unknownMemberID, .unknownMemberID),
        Case(.stable, "", nil, nil, .unknownMemberID, nil), Case(.stable, "me", nil, 0, nil, nil),
        Case(.stable, "me", nil, nil, .illegalGeneration, .illegalGeneration),
        Case(.stable, "me", nil, 1, .illegalGeneration, .illegalGeneration),
        Case(.stable, "x", nil, 1, .unknownMemberID, .unknownMemberID),
        Case(.stable, "x", "i1", 1, .fencedInstanceID, .fencedInstanceID),
        Case(.stable, "me", "i9", 1, .unknownMemberID, .unknownMemberID),
        Case(.preparingRebalance, "me", nil, 0, nil, nil),
        Case(.completingRebalance, "me", nil, 0, .rebalanceInProgress, nil),
        Case(.completingRebalance, "me", nil, 1, .illegalGeneration, .illegalGeneration),
    ])
    func `who may commit`(_ one: Case) throws {
        for transaction in [nil, ProducerIdentity(id: 5, epoch: 0)] {
            let bench = GroupBench()
            var ids = [""]
            switch one.phase {
            case .dead, .reconciling: break
            case .empty:
                ids = try bench.stable([nil])
                bench.leave(MemberIdentity(ids[0]))
            case .stable, .preparingRebalance, .completingRebalance:
                ids = try bench.stable(["i1", nil])
                if one.phase != .stable { bench.join(ids[0]) }
                if one.phase == .completingRebalance { bench.join(ids[1]) }
                #expect(bench.group?.phase == one.phase)
            }
            let generation = one.generation.map { (bench.group?.generation ?? 0) + $0 } ?? -1
            let member = MemberIdentity(one.member == "me" ? ids[0] : one.member, instanceID: one.instance)
            let token = bench.commit(member, generation: generation, [0: 9], in: transaction)
            let expected = transaction == nil ? one.plain : one.transactional
            #expect(bench.answer(to: token)?.refusal == expected)
            #expect((bench.answer(to: token)?.results == [nil]) == (expected == nil))
            #expect(bench.fetch(0) == [expected == nil && transaction == nil ? 9 : -1])
        }
        let named = GroupBench()
        #expect(
            named.commit(MemberIdentity(""), generation: 1, [0: 1]) { $0.namesMissingGroup = true }.isRefused(
                .groupIDNotFound, named))
    }

    @Test func `a transaction's offsets wait for its end`() throws {
        let bench = GroupBench()
        let producer = ProducerIdentity(id: 5, epoch: 2)
        bench.commit([0: 10])
        bench.commit([0: 20, 1: 21], in: producer)
        #expect(bench.fetch(0, 1) == [10, -1] && bench.fetch(0, 1, stable: true) == [-2, -2])
        try bench.restart()
        #expect(bench.fetch(0, 1, stable: true) == [-2, -2])
        // One of another epoch is not this one.
        let late = bench.commit([0: 19], in: ProducerIdentity(id: 5, epoch: 1))
        #expect(late.isRefused(.invalidProducerEpoch, bench))
        bench.holds = true
        let end = bench.end(producer, isCommit: true)
        #expect(bench.answer(to: end) == nil && bench.fetch(0, stable: true) == [-2])
        bench.settle(.unavailable)
        #expect(end.isRefused(.coordinatorNotAvailable, bench))
        bench.end(producer, isCommit: true)
        bench.settle()
        #expect(bench.fetch(0, 1, stable: true) == [20, 21])
        bench.holds = false
        // Told again, it changes nothing; and another one is aborted.
        #expect(bench.answer(to: bench.end(producer, isCommit: true)) == .done)
        bench.commit([0: 30], in: ProducerIdentity(id: 5, epoch: 3))
        bench.end(ProducerIdentity(id: 5, epoch: 3), isCommit: false)
        #expect(bench.fetch(0, stable: true) == [20])
        // What a transaction of an earlier epoch left behind is dropped, whatever it is told.
        bench.commit([0: 40], in: ProducerIdentity(id: 5, epoch: 4))
        bench.commit([1: 41], in: ProducerIdentity(id: 5, epoch: 5))
        bench.end(ProducerIdentity(id: 5, epoch: 5), isCommit: true)
        #expect(bench.fetch(0, 1, stable: true) == [20, 41])
        try bench.restart()
        #expect(bench.fetch(0, 1, stable: true) == [20, 41])
    }

    @Test(arguments: [true, false])
    func `of two commits the later one counts`(_ isStored: Bool) throws {
        let bench = GroupBench()
        let producer = ProducerIdentity(id: 5, epoch: 0)
        bench.commit([0: 10, 1: 11], in: producer)
        bench.holds = true
        bench.commit([0: 20])
        // Whether that one is stored decides what the end brings.
        let end = bench.end(producer, isCommit: true)
        #expect(bench.waiting.count == 1)
        bench.settle(isStored ? nil : .unavailable)
        bench.settle()
        #expect(bench.answer(to: end) == .done && bench.fetch(0, 1, stable: true) == [isStored ? 20 : 10, 11])
        try bench.restart()
        #expect(bench.fetch(0, 1, stable: true) == [isStored ? 20 : 10, 11])
    }

    @Test func `offsets of a group without members expire, and then the group`() throws {
        var limits = GroupLimits()
        limits.offsetRetention = .seconds(700)
        let bench = GroupBench(limits)
        let retention = limits.offsetRetention
        // A simple consumer's: after each commit.
        bench.commit([0: 1])
        bench.pass(.seconds(100))
        bench.commit([1: 1])
        bench.pass(retention - .seconds(100))
        bench.expire()
        #expect(bench.fetch(0, 1) == [-1, 1])
        bench.pass(.seconds(100))
        bench.expire()
        bench.expire()
        #expect(bench.group == nil)
        #expect(try bench.state() == GroupState())

        // A group's: after the last member left; what members read does not.
        let id = try bench.stable([nil])[0]
        let generation = try #require(bench.group?.generation)
        bench.commit(MemberIdentity(id), generation: generation, [0: 5])
        for _ in 0..<8 {
            for _ in 0..<10 {
                bench.pass(.seconds(40))
                _ = bench.heartbeat(id, generation)
            }
            bench.expire()
        }
        #expect(bench.fetch(0) == [5])
        bench.leave(MemberIdentity(id))
        bench.pass(retention - .seconds(1))
        bench.expire()
        #expect(bench.fetch(0) == [5])
        bench.commit([0: 6], in: ProducerIdentity(id: 1, epoch: 0))
        bench.pass(.seconds(1))
        bench.expire()
        #expect(bench.fetch(0) == [5], "a transaction is open")
        bench.end(ProducerIdentity(id: 1, epoch: 0), isCommit: false)
        bench.expire()
        #expect(bench.fetch(0) == [-1])
    }

    @Test func `offsets and groups are deleted when nobody needs them`() throws {
        let bench = GroupBench()
        func delete(_ partitions: PartitionID...) -> GroupAnswer? {
            let token = bench.token()
            bench.change { $0.deleteOffsets("g", partitions, token, at: bench.moment, named: GroupBench.name) }
            return bench.answer(to: token)
        }
        func deleteGroup() -> GroupAnswer? {
            let token = bench.token()
            bench.change { $0.delete("g", token, at: bench.moment) }
            return bench.answer(to: token)
        }
        let other = PartitionID(TopicID(8), 0)
        #expect(delete(other) == .refused(.groupIDNotFound) && deleteGroup() == .refused(.groupIDNotFound))
        bench.commit([0: 1]) { $0.offsets.append(OffsetToCommit(other, 2)) }
        let id = try bench.stable([nil])[0]
        #expect(delete(GroupBench.partition(0), other)?.results == [.groupSubscribedToTopic, nil])
        #expect(bench.fetch(0) == [1] && bench.table.fetch("g", [other], stable: false)[0].offset == .unknown)
        let reset = bench.token()
        bench.change { $0.reset("g", to: [OffsetToCommit(GroupBench.partition(0), 7)], reset, at: bench.moment) }
        #expect(bench.answer(to: reset) == .refused(.nonEmptyGroup) && deleteGroup() == .refused(.nonEmptyGroup))
        bench.leave(MemberIdentity(id))
        let again = bench.token()
        bench.change { $0.reset("g", to: [OffsetToCommit(GroupBench.partition(0), 7)], again, at: bench.moment) }
        #expect(bench.fetch(0) == [7])
        bench.commit([1: 8], in: ProducerIdentity(id: 3, epoch: 0))

        // While it goes nothing is taken; if it cannot go, all is as it was.
        bench.holds = true
        #expect(deleteGroup() == nil)
        #expect(bench.commit([0: 9]).isRefused(.coordinatorNotAvailable, bench))
        let end = bench.end(ProducerIdentity(id: 3, epoch: 0), isCommit: true)
        bench.settle(.unavailable)
        #expect(bench.fetch(0) == [7] && bench.answer(to: end) == nil)
        bench.settle()
        #expect(bench.fetch(0, 1) == [7, 8])
        bench.holds = false
        // What ends behind the deletion does not bring anything back.
        bench.commit([1: 8], in: ProducerIdentity(id: 3, epoch: 1))
        bench.holds = true
        #expect(deleteGroup() == nil)
        let behind = bench.end(ProducerIdentity(id: 3, epoch: 1), isCommit: true)
        while !bench.waiting.isEmpty { bench.settle() }
        bench.holds = false
        #expect(bench.answer(to: behind) == .done && bench.group == nil)
        #expect(try bench.state() == GroupState())

        // A topic goes, with its offsets.
        bench.commit([0: 1]) { $0.offsets.append(OffsetToCommit(other, 2)) }
        bench.commit([1: 1], in: ProducerIdentity(id: 3, epoch: 0))
        bench.change { $0.forget(GroupBench.orders, at: bench.moment) }
        #expect(
            bench.table.fetch("g", stable: true).map(\.partition) == [other] && bench.fetch(1, stable: true) == [-1])
        bench.expire()
        #expect(bench.table.fetch("g", stable: true).isEmpty, "nobody knows the other topic")
    }

    @Test func `what a group keeps is limited`() throws {
        var limits = GroupLimits()
        limits.offsets = 2
        limits.pendingProducers = 1
        limits.storesInFlight = 1
        limits.groups = 1
        let bench = GroupBench(limits)
        #expect(bench.answer(to: bench.commit([0: 1, 1: 1, 2: 1]))?.results == [nil, nil, .invalidCommitOffsetSize])
        #expect(bench.answer(to: bench.commit([0: 2]))?.results == [nil])
        bench.commit([0: 3], in: ProducerIdentity(id: 1, epoch: 0))
        #expect(bench.commit([0: 3], in: ProducerIdentity(id: 2, epoch: 0)).isRefused(.coordinatorNotAvailable, bench))
        // When the table is full what replaces something goes on, and no more is taken.
        limits.tableBytes = bench.table.byteCount
        limits.offsets = 100
        let full = GroupBench(limits)
        full.commit([0: 1, 1: 1])
        full.commit([0: 2], in: ProducerIdentity(id: 1, epoch: 0))
        #expect(full.answer(to: full.commit([0: 3, 5: 1]))?.results == [nil, .invalidCommitOffsetSize])
        let longer = full.commit([0: 4]) { $0.offsets[0].metadata = "longer" }
        #expect(full.answer(to: longer)?.results == [.invalidCommitOffsetSize] && full.fetch(0) == [3])
        #expect(full.answer(to: full.join())?.refusal == .policyViolation)
        let bytes = full.table.byteCount
        full.end(ProducerIdentity(id: 1, epoch: 0), isCommit: false)
        #expect(full.table.byteCount < bytes)
        full.change { $0.forget(GroupBench.orders, at: full.moment) }
        full.expire()
        #expect(full.table.byteCount == 0 && full.table.ids.isEmpty)
        bench.holds = true
        bench.commit([0: 4])
        #expect(bench.commit([0: 5]).isRefused(.coordinatorNotAvailable, bench))
        let token = bench.token()
        bench.change { $0.commit("other", CommitRequest(offsets: []), token, at: bench.moment) }
        #expect(token.isRefused(.policyViolation, bench))
    }
}
