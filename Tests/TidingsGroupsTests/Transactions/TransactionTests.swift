// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct TransactionTests {
    @Test(arguments: [true, false], [true, false])
    func `what was decided is stored, told to all, and answered`(_ isCommit: Bool, _ bumps: Bool) throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        #expect(producer == ProducerIdentity(id: 101, epoch: 0))
        #expect(bench.answer(to: bench.add(producer, 2, 1, groups: ["g"])) == .added)
        bench.holds = true
        let end = bench.end(producer, commit: isCommit, bumps: bumps)
        #expect(bench.marks.isEmpty && bench.transaction?.phase == .ongoing)
        bench.settle()
        #expect(bench.transaction?.phase == (isCommit ? .prepareCommit : .prepareAbort))
        #expect(bench.refusal(bench.add(bumps ? producer.later() : producer, 1)) == .concurrentTransactions)
        bench.settle()
        #expect(bench.answer(to: end) == nil)
        bench.settle()
        // What is left, that it is over, is not waited for.
        let after = bumps ? producer.later() : producer
        #expect(bench.answer(to: end) == .producer(after) && bench.waiting.count == 1)
        #expect(bench.transaction?.phase == (isCommit ? .completeCommit : .completeAbort))
        let mark = try #require(bench.marks.first)
        #expect(bench.marks.count == 1 && mark.partitions == [1, 2].map(TransactionBench.partition))
        #expect(
            mark.end
                == TransactionEnd(producer: 101, epoch: after.epoch, isCommit: isCommit, beginsEpoch: bumps))
        #expect(bench.told.count == 1 && bench.told[0] == (producer, "g", isCommit))
        bench.holds = false
        bench.settle()
        // The next one.
        #expect(bench.answer(to: bench.add(after, 4)) == .added)
        #expect(bench.transaction?.description.partitions == [TransactionBench.partition(4)])
        if bumps { #expect(bench.refusal(bench.end(producer)) == .producerFenced) }
    }

    /// An end of a transaction, what came before, and what is answered: nil where it begins or repeats.
    struct Case: Sendable, CustomTestStringConvertible {
        let phase: TransactionPhase
        /// How far from the current epoch.
        let epoch: Int16
        let commit: TransactionRefusal?
        let abort: TransactionRefusal?
        var testDescription: String { "\(phase) \(epoch)" }

        init(_ phase: TransactionPhase, _ epoch: Int16, commit: TransactionRefusal?, abort: TransactionRefusal?) {
            self.phase = phase
            self.epoch = epoch
            self.commit = commit
            self.abort = abort
        }
    }

    /// A transactional id in a phase; `bumps` says how it came there.
    private static func bench(_ phase: TransactionPhase, bumps: Bool) throws -> (TransactionBench, ProducerIdentity) {
        let bench = TransactionBench()
        var producer = try bench.begin()
        producer = try bench.begin(producer)
        if phase == .empty { return (bench, producer) }
        bench.add(producer, 1)
        if phase == .ongoing { return (bench, producer) }
        bench.holds = true
        bench.end(producer, commit: phase == .prepareCommit || phase == .completeCommit, bumps: bumps)
        bench.settle()
        if phase == .completeCommit || phase == .completeAbort { bench.settle() }
        #expect(bench.transaction?.phase == phase)
        return (bench, try #require(bench.transaction).producer)
    }

    @Test(arguments: [
        Case(.empty, 0, commit: .invalidTxnState, abort: nil),
        Case(.empty, -1, commit: .producerFenced, abort: .producerFenced),
        Case(.ongoing, 0, commit: nil, abort: nil),
        Case(.ongoing, -1, commit: .producerFenced, abort: .producerFenced),
        Case(.ongoing, 1, commit: .producerFenced, abort: .producerFenced),
        Case(.prepareCommit, -1, commit: .concurrentTransactions, abort: .invalidTxnState),
        Case(.prepareCommit, 0, commit: .producerFenced, abort: .producerFenced),
        Case(.prepareAbort, -1, commit: .invalidTxnState, abort: .concurrentTransactions),
        Case(.completeCommit, -1, commit: nil, abort: .invalidTxnState),
        Case(.completeCommit, 0, commit: .invalidTxnState, abort: nil),
        Case(.completeCommit, -2, commit: .producerFenced, abort: .producerFenced),
        Case(.completeAbort, -1, commit: .invalidTxnState, abort: nil),
        Case(.completeAbort, 0, commit: .invalidTxnState, abort: nil),
        Case(.completeAbort, 1, commit: .producerFenced, abort: .producerFenced),
    ])
    func `an end of version 5 is known by its epoch`(_ one: Case) throws {
        for isCommit in [true, false] {
            let (bench, producer) = try Self.bench(one.phase, bumps: true)
            let marks = bench.marks.count
            let token = bench.end(producer.later(one.epoch), commit: isCommit)
            bench.holds = false
            while !bench.waiting.isEmpty { bench.settle() }
            let refusal = isCommit ? one.commit : one.abort
            #expect(bench.refusal(token) == refusal, "commit: \(isCommit)")
            guard refusal == nil else { continue }
            // One that repeats changes nothing; one that begins raises the epoch, though nothing takes part.
            let expected = one.epoch == -1 ? producer : producer.later()
            #expect(bench.answer(to: token) == .producer(expected) && bench.transaction?.producer == expected)
            #expect(bench.marks.count == marks + (one.phase == .ongoing ? 1 : 0))
        }
    }

    @Test(arguments: [
        Case(.empty, 0, commit: .invalidTxnState, abort: .invalidTxnState),
        Case(.ongoing, 0, commit: nil, abort: nil),
        Case(.ongoing, -1, commit: .producerFenced, abort: .producerFenced),
        Case(.prepareCommit, 0, commit: .concurrentTransactions, abort: .invalidTxnState),
        Case(.prepareAbort, 0, commit: .invalidTxnState, abort: .concurrentTransactions),
        Case(.completeCommit, 0, commit: nil, abort: .invalidTxnState),
        Case(.completeAbort, 0, commit: .invalidTxnState, abort: nil),
        Case(.completeAbort, 1, commit: .producerFenced, abort: .producerFenced),
    ])
    func `an end of earlier versions is known by its phase`(_ one: Case) throws {
        for isCommit in [true, false] {
            let (bench, producer) = try Self.bench(one.phase, bumps: false)
            let token = bench.end(producer.later(one.epoch), commit: isCommit, bumps: false)
            bench.holds = false
            while !bench.waiting.isEmpty { bench.settle() }
            #expect(bench.refusal(token) == (isCommit ? one.commit : one.abort), "commit: \(isCommit)")
            #expect(bench.transaction?.producer == producer)
        }
    }

    @Test func `a stranger changes nothing`() throws {
        let bench = TransactionBench()
        let stranger = ProducerIdentity(id: 5, epoch: 0)
        #expect(bench.refusal(bench.add(stranger, 1)) == .invalidProducerIDMapping)
        #expect(bench.refusal(bench.end(stranger)) == .invalidProducerIDMapping)
        #expect(bench.refusal(bench.admit(stranger, 1, adds: true)) == .invalidProducerIDMapping)
        let producer = try bench.begin()
        for bumps in [true, false] {
            #expect(bench.refusal(bench.end(stranger, bumps: bumps)) == .invalidProducerIDMapping)
            #expect(bench.refusal(bench.end(producer.later(), bumps: bumps)) == .producerFenced)
        }
        #expect(bench.refusal(bench.add(stranger, 1)) == .invalidProducerIDMapping)
        #expect(bench.refusal(bench.add(producer.later(), 1)) == .producerFenced)
        #expect(bench.refusal(bench.admit(producer.later(), 1, adds: true)) == .invalidProducerEpoch)
        #expect(bench.refusal(bench.admit(producer, 1, adds: false)) == .transactionAbortable)
        for (id, timeout, refusal) in [
            ("", Duration.seconds(1), TransactionRefusal.invalidRequest), ("x", .zero, .invalidTransactionTimeout),
            ("x", .seconds(901), .invalidTransactionTimeout),
        ] {
            #expect(bench.refusal(bench.initialise(id: id, timeout: timeout)) == refusal)
        }
        let token = bench.token()
        bench.change { $0.end("", producer, isCommit: true, bumpsEpoch: true, token, at: bench.moment) }
        #expect(bench.refusal(token) == .invalidRequest)
        #expect(bench.coordinator.refusal(ofDescribing: "") == .invalidRequest)
        #expect(bench.coordinator.refusal(ofDescribing: "x") == .transactionalIDNotFound)
        #expect(bench.coordinator.refusal(ofDescribing: "t") == nil && bench.coordinator.ids == ["t"])
    }

    @Test func `batches are admitted in the order they came, also while an addition waits for its record`() throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.add(producer, 1)
        bench.holds = true
        let first = bench.admit(producer, 1, 2, adds: true)
        let second = bench.admit(producer, 1, adds: true)
        let third = bench.admit(producer, 2, adds: true)
        #expect(bench.waiting.count == 1)
        #expect([first, second, third].allSatisfy { bench.answer(to: $0) == nil })
        bench.settle()
        #expect([first, second, third].allSatisfy { bench.answer(to: $0) == .admitted })
        #expect(bench.transaction?.work == 3)
    }

    @Test func `what was admitted holds up the end`() throws {
        let bench = TransactionBench()
        let producer = try bench.begin()
        bench.holds = true
        let first = bench.admit(producer, 1, adds: true)
        let second = bench.admit(producer, 2, adds: true)
        #expect(bench.answer(to: first) == nil && bench.refusal(bench.end(producer)) == .concurrentTransactions)
        bench.settle(.unavailable)
        bench.settle()
        #expect(bench.refusal(first) == .coordinatorNotAvailable && bench.answer(to: second) == .admitted)
        bench.holds = false
        // The last addition says all that was asked for.
        #expect(bench.answer(to: bench.admit(producer, 1, adds: false)) == .admitted)
        bench.workEnded()
        #expect(bench.refusal(bench.end(producer)) == .concurrentTransactions)
        #expect(bench.refusal(bench.initialise()) == .concurrentTransactions)
        // Not even time ends it.
        bench.pass(.seconds(61))
        #expect(bench.transaction?.phase == .ongoing)
        bench.workEnded()
        bench.pass(.seconds(1))
        #expect(bench.transaction?.phase == .completeAbort)
        #expect(bench.refusal(bench.admit(producer, 1, adds: true)) == .invalidProducerEpoch)
    }

    @Test func `what is limited is refused`() throws {
        var limits = TransactionLimits()
        limits.partitions = 2
        limits.groups = 1
        limits.ids = 1
        limits.participants = 3
        limits.work = 1
        let bench = TransactionBench(limits)
        let producer = try bench.begin()
        #expect(bench.refusal(bench.initialise(id: "other")) == .policyViolation)
        #expect(bench.refusal(bench.add(producer, 1, 2, 3)) == .policyViolation)
        #expect(bench.refusal(bench.add(producer, groups: ["a", "b"])) == .policyViolation)
        #expect(bench.answer(to: bench.admit(producer, 1, 2, adds: true)) == .admitted)
        #expect(bench.refusal(bench.admit(producer, 1, adds: true)) == .concurrentTransactions)
        bench.add(producer, groups: ["a"])
        bench.workEnded()
        // As much takes part as may.
        #expect(bench.refusal(bench.add(producer, groups: ["b"])) == .policyViolation)
        #expect(bench.answer(to: bench.end(producer)) == .producer(producer.later()))
        #expect(bench.answer(to: bench.add(producer.later(), 7)) == .added)
        let half = ProducerIdentity(id: producer.id, epoch: -1)
        #expect(bench.refusal(bench.initialise(half)) == .invalidRequest)
    }
}
