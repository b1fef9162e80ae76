// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// A coordinator whose steps are obeyed at once, or one by one when a test says so.
final class TransactionBench {
    static let timeout = Duration.seconds(60)
    static func partition(_ index: Int32) -> PartitionID { PartitionID(TopicID(7), index) }

    private(set) var coordinator: TransactionCoordinator
    let limits: TransactionLimits
    private(set) var log: [StoredRecord] = []
    /// Steps that are not done yet, in order; used when `holds` is set.
    private(set) var waiting: [TransactionStep] = []
    var holds = false
    private(set) var answers: [RequestToken: TransactionAnswer] = [:]
    private(set) var marks: [(end: TransactionEnd, partitions: [PartitionID])] = []
    private(set) var told: [(producer: ProducerIdentity, group: String, isCommit: Bool)] = []
    var millis: Int64 = 1_000_000
    private var lastToken: UInt64 = 0
    private var lastProducer: Int64 = 100

    init(_ limits: TransactionLimits = TransactionLimits()) {
        self.limits = limits
        coordinator = TransactionCoordinator(limits: limits)
    }

    var moment: Moment { Moment(now: MonotonicTime(nanos: millis * 1_000_000), wall: WallTime(millis: millis)) }

    /// The answer to a request; nil while it waits.
    func answer(to token: RequestToken) -> TransactionAnswer? { answers[token] }

    func token() -> RequestToken {
        lastToken += 1
        return RequestToken(lastToken)
    }

    func obey(_ steps: [TransactionStep]) {
        for step in steps {
            if case .answer(let token, let answer) = step {
                #expect(answers.updateValue(answer, forKey: token) == nil, "answered twice")
            } else {
                waiting.append(step)
            }
        }
        while !holds, !waiting.isEmpty { settle() }
    }

    func change(_ body: (inout TransactionCoordinator) -> [TransactionStep]) { obey(body(&coordinator)) }

    /// The oldest step is done, or cannot be.
    func settle(_ failure: StoreFailure? = nil, marking: MarkFailure? = nil) {
        switch waiting.removeFirst() {
        case .answer: break
        case .store(let records, let ticket):
            if failure == nil { log += records }
            change { $0.stored(ticket, failure, at: moment) }
        case .allocateProducerID(let ticket):
            lastProducer += 1
            change { $0.allocated(ticket, failure.map { .failure($0) } ?? .success(lastProducer), at: moment) }
        case .mark(let end, let partitions, let ticket):
            if marking == nil { marks.append((end, partitions)) }
            change { $0.told(ticket, marking, at: moment) }
        case .endOffsets(let producer, let group, let isCommit, let ticket):
            if marking == nil { told.append((producer, group, isCommit)) }
            change { $0.told(ticket, marking, at: moment) }
        }
    }

    func workEnded() { coordinator.workEnded("t") }

    /// Puts a record into the log.
    func append(_ record: StoredRecord) { log.append(record) }

    func restart() throws {
        waiting.removeAll()
        var state = TransactionState()
        for record in log { try state.fold(record) }
        coordinator = TransactionCoordinator(state, limits: limits)
        change { $0.resume(at: moment) }
    }

    func pass(_ duration: Duration) {
        let end = millis + duration.millis
        while let deadline = coordinator.deadline, deadline.nanos <= end * 1_000_000 {
            millis = max(millis, (deadline.nanos + 999_999) / 1_000_000)
            change { $0.pass(moment) }
        }
        millis = end
    }

    // MARK: - Requests

    @discardableResult
    func initialise(_ expected: ProducerIdentity? = nil, id: String? = "t", timeout: Duration = timeout) -> RequestToken
    {
        let token = token()
        change { $0.initialise(id, expected: expected, timeout: timeout, token, at: moment) }
        return token
    }

    @discardableResult
    func add(_ producer: ProducerIdentity, _ partitions: Int32..., groups: Set<String> = []) -> RequestToken {
        let token = token()
        let set = Set(partitions.map(Self.partition))
        change { $0.add("t", producer, partitions: set, groups: groups, token, at: moment) }
        return token
    }

    @discardableResult
    func admit(_ producer: ProducerIdentity, _ partitions: Int32..., adds: Bool) -> RequestToken {
        let token = token()
        let work = TransactionWork(producer, partitions: Set(partitions.map(Self.partition)), adds: adds)
        change { $0.admit("t", work, token, at: moment) }
        return token
    }

    @discardableResult
    func end(_ producer: ProducerIdentity, commit: Bool = true, bumps: Bool = true) -> RequestToken {
        let token = token()
        change { $0.end("t", producer, isCommit: commit, bumpsEpoch: bumps, token, at: moment) }
        return token
    }

    /// A producer that begins, and was answered.
    func begin(_ expected: ProducerIdentity? = nil) throws -> ProducerIdentity {
        let token = initialise(expected)
        guard case .producer(let producer) = answers[token] else {
            throw RecordError("no producer: \(String(describing: answers[token]))")
        }
        return producer
    }

    var transaction: TransactionalID? { coordinator.transaction("t") }

    func refusal(_ token: RequestToken) -> TransactionRefusal? {
        if case .refused(let refusal) = answers[token] { refusal } else { nil }
    }
}

extension ProducerIdentity {
    /// The same producer so many epochs later.
    func later(_ count: Int16 = 1) -> ProducerIdentity { ProducerIdentity(id: id, epoch: epoch + count) }
}
