// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct CoordinatedGroupTests {
    private typealias Bench = CoordinatedBench

    @Test func `partitions move when their reader has given them back, and not before`() throws {
        let bench = Bench()
        let first = bench.add("a")
        bench.beat("a")
        #expect(first.owned == bench.all("orders") && bench.members?.isSettled == true)
        #expect(bench.bench.table.group("g")?.phase == .stable)
        let second = bench.add("b")
        bench.beat("b")
        // Nothing is free yet.
        #expect(second.owned.isEmpty && bench.bench.table.group("g")?.phase == .reconciling)
        let asked = bench.bench.answer(to: bench.send(first))
        guard case .beat(let told) = asked else { throw RecordError("no answer") }
        #expect(told.assignment?.count == 3 && told.epoch < second.epoch)
        // It still reads all of them: it has not said otherwise.
        bench.beat("b")
        #expect(second.owned.isEmpty)
        bench.take(first, asked)
        bench.beat("a")
        #expect(first.epoch == second.epoch)
        bench.beat("b")
        #expect(second.owned.count == 3 && first.owned.count == 3 && bench.isExclusive)
        #expect(bench.members?.isSettled == true)
        // Whoever leaves frees at once.
        bench.beat("b") { $0.epoch = ConsumerHeartbeat.Sign.leaves }
        bench.forget("b")
        bench.settle()
        #expect(first.owned == bench.all("orders"))
        bench.beat("a") { $0.epoch = ConsumerHeartbeat.Sign.leaves }
        #expect(bench.bench.table.group("g")?.phase == .empty)
    }

    @Test func `who is silent is out after its session, and who does not give back after its time`() {
        let bench = Bench()
        let silent = bench.add("a")
        bench.beat("a")
        let other = bench.add("b")
        bench.beat("b")
        for _ in 0..<8 {
            bench.bench.pass(.seconds(5))
            bench.beat("b")
        }
        #expect(other.owned.isEmpty)
        bench.bench.pass(.seconds(5))
        bench.beat("b")
        #expect(other.owned == bench.all("orders"))
        #expect(bench.refusal("a") { _ in } == .unknownMemberID)
        bench.take(silent, .refused(.unknownMemberID))
        bench.settle()
        #expect(silent.owned.count == 3 && bench.isExclusive)
        // One that is there, and keeps what it is to give back.
        bench.add("c")
        bench.beat("c")
        for _ in 0..<14 {
            _ = bench.bench.answer(to: bench.send(silent) { $0.owned = silent.owned })
            bench.beat("b")
            bench.beat("c")
            bench.bench.pass(.seconds(5))
        }
        #expect(bench.refusal("a") { _ in } == .unknownMemberID)
    }

    @Test func `epochs that are not the member's are refused, but for an answer that was lost`() {
        let bench = Bench()
        let client = bench.add("a")
        bench.beat("a")
        bench.add("b")
        bench.beat("b")
        #expect(bench.refusal("a") { $0.epoch = client.epoch + 1 } == .fencedMemberEpoch)
        bench.beat("a")
        let former = client.epoch
        bench.beat("a")
        #expect(client.epoch == former + 1)
        #expect(
            bench.refusal("a") {
                $0.epoch = former; $0.owned = nil
            } == .fencedMemberEpoch)
        #expect(
            bench.refusal("a") {
                $0.epoch = former; $0.owned = bench.all("orders")
            } == .fencedMemberEpoch)
        #expect(
            bench.refusal("a") {
                $0.epoch = former; $0.owned = client.owned
            } == nil)
        #expect(bench.refusal("x") { _ in } == nil)
        // Commits and reads of offsets go by the epoch too.
        let identity = MemberIdentity("a")
        func refusal(_ epoch: Int32, _ change: (inout CommitRequest) -> Void = { _ in }) -> GroupRefusal? {
            guard
                case .refused(let refusal)? = bench.bench.answer(
                    to: bench.bench.commit(identity, generation: epoch, [0: 5], change: change))
            else { return nil }
            return refusal
        }
        #expect(refusal(client.epoch) == nil && refusal(former) == .staleMemberEpoch)
        #expect(refusal(-1) { $0.member = MemberIdentity("") } == .unknownMemberID)
        #expect(refusal(former) { $0.transaction = ProducerIdentity(id: 1, epoch: 0) } == .illegalGeneration)
        let table = bench.bench.table
        #expect(table.refusal(ofFetch: "g", by: "a", epoch: client.epoch) == nil)
        #expect(table.refusal(ofFetch: "g", by: "a", epoch: former) == .staleMemberEpoch)
        #expect(table.refusal(ofFetch: "g", by: "z", epoch: 1) == .unknownMemberID)
        #expect(table.refusal(ofFetch: "g", by: nil, epoch: -1) == nil)
    }

    @Test func `a static member comes back to what it had, and its name is its own`() {
        let bench = Bench()
        let first = bench.add("a", instance: "one")
        let second = bench.add("b", instance: "two")
        bench.settle()
        let (had, epoch) = (first.owned, bench.members?.epoch)
        bench.add("a2", instance: "one")
        #expect(bench.refusal("a2") { _ in } == .unreleasedInstanceID)
        bench.beat("a") { $0.epoch = ConsumerHeartbeat.Sign.pauses }
        bench.forget("a")
        bench.settle()
        #expect(bench.clients["a2"]?.owned == had && bench.members?.epoch == epoch && second.owned.count == 3)
        bench.add("a", instance: "one")
        #expect(bench.refusal("a") { $0.epoch = 1 } == .fencedInstanceID)
        bench.forget("a")
        // Who does not come back in time is out.
        bench.beat("a2") { $0.epoch = ConsumerHeartbeat.Sign.pauses }
        bench.forget("a2")
        for _ in 0..<9 {
            bench.bench.pass(.seconds(5))
            bench.beat("b")
        }
        bench.settle()
        #expect(second.owned == bench.all("orders"))
    }

    @Test func `topics that grow, come and go are shared out, and what is wanted may change`() {
        let bench = Bench()
        let first = bench.add("a")
        let second = bench.add("b", ["orders", "news"])
        bench.settle()
        #expect(first.owned.union(second.owned) == bench.all("orders"))
        bench.partitions["orders"] = 8
        bench.partitions["news"] = 2
        bench.version += 1
        bench.settle()
        #expect(first.owned.union(second.owned) == bench.all("orders", "news"))
        #expect(second.owned.isSuperset(of: bench.all("news")) && first.owned.count == 5 && bench.isExclusive)
        first.topics = ["bills"]
        first.isFull = true
        bench.settle()
        #expect(first.owned == bench.all("bills") && second.owned == bench.all("orders", "news"))
        // A topic that nobody wants changes nothing.
        let epoch = bench.members?.epoch
        bench.partitions["other"] = nil
        bench.version += 1
        bench.settle()
        #expect(bench.members?.epoch == epoch)
    }

    @Test func `members outlive the server, with what they read`() throws {
        let bench = Bench()
        bench.assignor = "range"
        for name in ["a", "b", "c"] { bench.add(name, instance: name == "c" ? "one" : nil) }
        bench.settle()
        let before = try #require(bench.members)
        try bench.bench.restart()
        #expect(bench.bench.table.group("g")?.coordinated?.members == before.members)
        #expect(bench.bench.table.group("g")?.description.protocolName == "range")
        bench.settle()
        #expect(bench.members?.epoch == before.epoch && bench.isExclusive)
        #expect(bench.clients.values.allSatisfy { $0.owned.count == 2 })
        // In the middle of a move.
        bench.add("d")
        bench.beat("d")
        bench.beat("a")
        try bench.bench.restart()
        bench.settle()
        #expect(bench.isExclusive && bench.members?.isSettled == true)
        bench.beat("a") { $0.epoch = ConsumerHeartbeat.Sign.leaves }
        #expect(bench.bench.table.group("g")?.description.isAssigning == true)
        for name in ["b", "c", "d"] { bench.beat(name) { $0.epoch = ConsumerHeartbeat.Sign.leaves } }
        try bench.bench.restart()
        #expect(bench.bench.table.group("g")?.phase == .empty)
    }

    @Test func `the two protocols do not mix, and take turns`() {
        let bench = Bench()
        bench.add("a")
        bench.beat("a")
        func joined() -> GroupRefusal? {
            guard case .notJoined(let refusal, _)? = bench.bench.answer(to: bench.bench.join()) else { return nil }
            return refusal
        }
        #expect(joined() == .inconsistentGroupProtocol)
        let token = bench.bench.token()
        bench.bench.change { $0.delete("g", token, at: bench.bench.moment) }
        #expect(bench.bench.answer(to: token) == .refused(.nonEmptyGroup))
        bench.beat("a") { $0.epoch = ConsumerHeartbeat.Sign.leaves }
        #expect(joined() == .memberIDRequired)
        bench.add("b")
        #expect(bench.refusal("b") { _ in } == .groupIDNotFound)
        bench.bench.pass(.seconds(600))
        #expect(bench.refusal("b") { _ in } == nil)
    }

    @Test func `what a heartbeat must say is asked for`() {
        let bench = Bench()
        bench.add("a")
        #expect(bench.refusal("a") { $0.topics = nil } == .invalidRequest)
        #expect(bench.refusal("a") { $0.rebalanceTimeout = nil } == .invalidRequest)
        #expect(bench.refusal("a") { $0.owned = bench.all("orders") } == .invalidRequest)
        #expect(bench.refusal("a") { $0.memberID = "" } == .invalidRequest)
        #expect(bench.refusal("a") { $0.epoch = ConsumerHeartbeat.Sign.pauses } == .invalidRequest)
        #expect(bench.refusal("a") { $0.epoch = -3 } == .invalidRequest)
        #expect(bench.refusal("a") { $0.assignor = "mine" } == .unsupportedAssignor)
        #expect(bench.refusal("a") { $0.epoch = 4 } == .groupIDNotFound)
        #expect(bench.refusal("a") { $0.epoch = ConsumerHeartbeat.Sign.leaves } == .groupIDNotFound)
        #expect(bench.bench.table.ids.isEmpty)
        // Version 0 lets the server choose the id.
        guard case .beat(let told)? = bench.bench.answer(to: bench.send(bench.add("")) { $0.wantsID = true }) else {
            Issue.record("no answer")
            return
        }
        #expect(!told.memberID.isEmpty)
    }

    @Test func `what is not stored is not told, and is stored later`() throws {
        let bench = Bench()
        let client = bench.add("a")
        bench.bench.holds = true
        let token = bench.send(client)
        #expect(bench.bench.answer(to: token) == nil)
        bench.bench.settle(.unavailable)
        #expect(bench.bench.answer(to: token) == .refused(.coordinatorNotAvailable))
        bench.bench.holds = false
        bench.beat("a")
        #expect(client.owned == bench.all("orders"))
        let before = bench.members?.members
        try bench.bench.restart()
        #expect(bench.members?.members == before)
    }

    // MARK: - Sharing out

    @Test(arguments: Assignor.allCases, [1, 2, 3, 5, 7])
    func `all partitions are shared out, evenly and to those who want them`(_ assignor: Assignor, _ count: Int) {
        let layout = ["orders": (topic: TopicID(7), partitions: Int32(6)), "bills": (topic: TopicID(8), partitions: 4)]
        let alike = (0..<count).map { Assignor.Member(id: "\($0)", topics: ["bills", "orders"], former: []) }
        let shares = assignor.share(layout, among: alike)
        #expect(shares.reduce(0) { $0 + $1.count } == 10 && Set(shares.flatMap(\.self)).count == 10)
        let counts = shares.map(\.count)
        #expect(counts.max()! - counts.min()! <= (assignor == .uniform ? 1 : 2))
        let mixed = alike.enumerated().map { place, member in
            Assignor.Member(id: member.id, topics: place % 2 == 0 ? ["orders"] : ["bills", "none"], former: [])
        }
        for (place, share) in assignor.share(layout, among: mixed).enumerated() {
            #expect(share.allSatisfy { $0.topic == TopicID(place % 2 == 0 ? 7 : 8) })
        }
    }

    @Test func `little moves when a member comes or goes`() {
        let layout = ["orders": (topic: TopicID(7), partitions: Int32(12))]
        func members(_ shares: [Set<PartitionID>]) -> [Assignor.Member] {
            shares.enumerated().map { Assignor.Member(id: "\($0)", topics: ["orders"], former: $1) }
        }
        let three = Assignor.uniform.share(layout, among: members([[], [], []]))
        let four = Assignor.uniform.share(layout, among: members(three + [[]]))
        #expect(four.map(\.count) == [3, 3, 3, 3])
        #expect(zip(three, four).allSatisfy { $1.isSubset(of: $0) })
        let again = Assignor.uniform.share(layout, among: members(Array(four.dropLast())))
        #expect(again.map(\.count) == [4, 4, 4] && zip(four, again).allSatisfy { $0.isSubset(of: $1) })
    }
}
