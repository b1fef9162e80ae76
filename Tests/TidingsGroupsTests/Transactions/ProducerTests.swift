// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct ProducerTests {
    @Test func `each producer that begins fences the one before`() throws {
        let bench = TransactionBench()
        guard case .producer(let plain) = bench.answer(to: bench.initialise(id: nil)) else {
            Issue.record("no producer")
            return
        }
        #expect(plain.epoch == 0 && bench.coordinator.ids.isEmpty)
        let first = try bench.begin()
        let second = try bench.begin()
        #expect(second == first.later() && first.id != plain.id)
        #expect(bench.refusal(bench.add(first, 1)) == .producerFenced)
        try bench.restart()
        #expect(bench.transaction?.producer == second)
        // One that goes on after an error says who it is (KIP-360), and may ask again.
        let third = try bench.begin(second)
        #expect(third == second.later())
        #expect(try bench.begin(second) == third)
        #expect(bench.refusal(bench.initialise(first)) == .producerFenced)
        #expect(bench.refusal(bench.initialise(plain)) == .producerFenced)
        // A new one does not know that: who asked before is fenced.
        let fourth = try bench.begin()
        #expect(fourth == third.later() && bench.refusal(bench.initialise(third)) == .producerFenced)
        // What cannot be stored has not happened.
        bench.holds = true
        let failed = bench.initialise()
        #expect(bench.refusal(bench.initialise()) == .concurrentTransactions)
        bench.settle(.offline)
        #expect(bench.refusal(failed) == .notCoordinator && bench.transaction?.producer == fourth)
        let unknown = bench.initialise(id: "other")
        bench.settle(.unavailable)
        #expect(bench.refusal(unknown) == .coordinatorNotAvailable && bench.coordinator.ids == ["t"])
    }

    @Test func `an open transaction is aborted first`() throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.add(producer, 1, groups: ["g"])
        #expect(bench.refusal(bench.initialise()) == .concurrentTransactions)
        #expect(
            bench.marks.map(\.end) == [
                TransactionEnd(producer: producer.id, epoch: 1, isCommit: false, beginsEpoch: true)
            ])
        #expect(bench.told[0] == (producer, "g", false))
        #expect(try bench.begin() == producer.later(2))
    }

    @Test(arguments: [false, true])
    func `a transaction that stays open too long is aborted`(_ restarts: Bool) throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.add(producer, 1)
        bench.pass(.seconds(30))
        if restarts { try bench.restart() }
        bench.add(producer, 2)
        bench.pass(.milliseconds(29_999))
        #expect(bench.transaction?.phase == .ongoing)
        bench.holds = true
        bench.pass(.milliseconds(1))
        bench.settle(.unavailable)
        #expect(bench.transaction?.phase == .ongoing)
        bench.holds = false
        bench.pass(.seconds(1))
        #expect(bench.transaction?.phase == .completeAbort && bench.marks.count == 1)
        for bumps in [true, false] {
            let token = bench.end(producer, commit: true, bumps: bumps)
            #expect(bench.refusal(token) == (bumps ? .invalidTxnState : .producerFenced))
        }
        #expect(bench.refusal(bench.initialise(producer)) == .producerFenced)
        // One that aborts learns what became of it, and can go on.
        #expect(bench.answer(to: bench.end(producer, commit: false)) == .producer(producer.later()))
    }

    /// A producer with its last usable epoch.
    private static func exhausted() throws -> (TransactionBench, ProducerIdentity) {
        let bench = TransactionBench()
        let first = try bench.begin()
        var record = try #require(bench.transaction).record
        record.producer = ProducerIdentity(id: first.id, epoch: TransactionRecord.lastUsableEpoch - 1)
        bench.append(StoredRecord(key: TransactionRecord.key("t"), value: record.value))
        try bench.restart()
        return (bench, try bench.begin(record.producer))
    }

    @Test func `where epochs are used up another producer id goes on`() throws {
        // By a transaction of its own.
        var (bench, last) = try Self.exhausted()
        #expect(last.epoch == TransactionRecord.lastUsableEpoch)
        bench.add(last, 1)
        guard case .producer(let next) = bench.answer(to: bench.end(last)) else {
            Issue.record("no producer")
            return
        }
        #expect(next.epoch == 0 && next.id != last.id && bench.marks.last?.end.epoch == .max)
        #expect(bench.answer(to: bench.end(last)) == .producer(next), "asked again")
        #expect(bench.refusal(bench.end(last, commit: false)) == .invalidTxnState)
        try bench.restart()
        #expect(bench.answer(to: bench.add(next, 1)) == .added)
        #expect(bench.refusal(bench.end(last)) == .producerFenced)

        // By a new start, or by going on after an error, which may be asked again.
        (bench, last) = try Self.exhausted()
        let new = try bench.begin()
        #expect(new.epoch == 0 && new.id != last.id)
        #expect(bench.refusal(bench.initialise(last)) == .producerFenced)
        (bench, last) = try Self.exhausted()
        let gone = try bench.begin(last)
        #expect(gone.epoch == 0)
        #expect(try bench.begin(last) == gone)

        // An epoch above is for fencing, and nobody is given it or may use it.
        (bench, last) = try Self.exhausted()
        bench.add(last, 1)
        bench.pass(.seconds(60))
        #expect(bench.transaction?.producer.epoch == .max)
        let above = last.later()
        for commit in [true, false] {
            for producer in [last, above] {
                #expect(bench.refusal(bench.end(producer, commit: commit)) == .producerFenced)
                #expect(bench.refusal(bench.end(producer, commit: commit, bumps: false)) == .producerFenced)
            }
        }
        #expect(bench.refusal(bench.add(above, 1)) == .producerFenced)
        #expect(try bench.begin().epoch == 0)
    }

    @Test func `what was decided before a restart is told after it, as often as it takes`() throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.add(producer, 1, 2, groups: ["g", "h"])
        bench.holds = true
        let token = bench.end(producer)
        bench.settle()
        try bench.restart()
        #expect(bench.transaction?.phase == .prepareCommit && bench.waiting.count == 3)
        // Neither partitions nor a group can be reached.
        bench.settle(marking: .unavailable)
        bench.settle(marking: .unavailable)
        bench.settle()
        #expect(bench.refusal(bench.initialise()) == .concurrentTransactions && bench.waiting.isEmpty)
        bench.pass(.seconds(1))
        #expect(bench.waiting.count == 2)
        // One of the partitions is gone: the other one is told alone.
        bench.settle(marking: .refused)
        bench.settle()
        #expect(bench.waiting.count == 2)
        bench.settle(marking: .refused)
        bench.settle()
        #expect(bench.transaction?.phase == .completeCommit && bench.transaction?.producer == producer.later())
        #expect(bench.marks.map(\.partitions) == [[TransactionBench.partition(2)]])
        #expect(bench.told.map(\.group).sorted() == ["g", "h"] && bench.answer(to: token) == nil)
        bench.holds = false
        bench.settle()
        #expect(bench.answer(to: bench.end(producer)) == .producer(producer.later()))
    }

    @Test func `an id that nobody uses is forgotten`() throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.pass(bench.limits.idRetention - .seconds(1))
        bench.change { $0.expire(at: bench.moment) }
        bench.add(producer, 1)
        bench.pass(bench.limits.idRetention)
        bench.change { $0.expire(at: bench.moment) }
        // It was aborted by time in between, and so used.
        #expect(bench.coordinator.ids == ["t"])
        bench.pass(.seconds(60))
        bench.holds = true
        bench.change { $0.expire(at: bench.moment) }
        #expect(bench.refusal(bench.add(producer.later(), 1)) == .concurrentTransactions)
        bench.settle(.unavailable)
        #expect(bench.coordinator.ids == ["t"])
        bench.holds = false
        bench.change { $0.expire(at: bench.moment) }
        #expect(bench.coordinator.ids.isEmpty)
        #expect(bench.refusal(bench.add(producer.later(), 1)) == .invalidProducerIDMapping)
        try bench.restart()
        #expect(bench.coordinator.ids.isEmpty)
    }
}
