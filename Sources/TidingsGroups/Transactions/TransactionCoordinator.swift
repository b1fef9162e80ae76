// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The transactional ids of one loop: finds them, makes them, wakes them, forgets them.
///
/// Every verb answers with steps, to be done in their order. What became of each is told with its ticket: stored records in
/// the order in which that was asked for. Time passes by ``pass(_:)``, at the latest at ``deadline``.
package struct TransactionCoordinator {
    /// What transactions hold at most.
    package let limits: TransactionLimits
    private let life: Int32
    private var transactions: [String: TransactionalID] = [:]
    private var alarms = Alarms()
    private var births: UInt64 = 0
    /// How many partitions and groups take part in all open transactions.
    private var participants = 0
    /// Producers without a transactional id that wait for theirs.
    private var waiting: [UInt64: RequestToken] = [:]
    private var lastWaiting: UInt64 = 0

    /// Makes a coordinator of what its records add up to.
    /// - Parameter life: counts the lives of the coordinator, so that a former one's markers are refused.
    package init(_ state: TransactionState = TransactionState(), limits: TransactionLimits, life: Int32 = 0) {
        self.limits = limits
        self.life = life
        for (id, record) in state.ids.sorted(by: { $0.key < $1.key }) {
            births += 1
            let transaction = TransactionalID(id, record, limits: limits, birth: births, life: life)
            participants += transaction.participants
            transactions[id] = transaction
        }
    }

    /// Goes on after a restart, once: what was decided before is told to partitions and groups.
    package mutating func resume(at moment: Moment) -> [TransactionStep] {
        transactions.keys.sorted().flatMap { id in change(id) { $0.resume(at: moment) } }
    }

    /// When time may change something next.
    package var deadline: MonotonicTime? { alarms.first }

    /// All transactional ids, in order.
    package var ids: [String] { transactions.keys.sorted() }

    /// A transactional id; nil when it is not known.
    package func transaction(_ id: String) -> TransactionalID? { transactions[id] }

    // MARK: - Requests

    /// InitProducerId; answered with `producer`.
    /// - Parameters:
    ///   - id: the transactional id; nil for a producer that is idempotent only.
    ///   - expected: who the producer takes itself for, when it goes on after an error.
    package mutating func initialise(
        _ id: String?, expected: ProducerIdentity? = nil, timeout: Duration, _ token: RequestToken, at moment: Moment
    ) -> [TransactionStep] {
        guard let id else {
            guard waiting.count < limits.work else { return [.answer(token, .refused(.coordinatorNotAvailable))] }
            lastWaiting += 1
            waiting[lastWaiting] = token
            return [.allocateProducerID(TransactionTicket(id: nil, birth: 0, number: lastWaiting))]
        }
        let isTold = expected.map { $0.id >= 0 && $0.epoch >= 0 } ?? true
        guard isValid(id), isTold else { return [.answer(token, .refused(.invalidRequest))] }
        guard timeout > .zero, timeout <= limits.longestTimeout else {
            return [.answer(token, .refused(.invalidTransactionTimeout))]
        }
        if transactions[id] == nil {
            guard transactions.count < limits.ids else { return [.answer(token, .refused(.policyViolation))] }
            births += 1
            let record = TransactionRecord(producer: .none, timeout: timeout, updated: moment.wall)
            transactions[id] = TransactionalID(id, record, limits: limits, birth: births, life: life)
        }
        return change(id) { $0.initialise(expected, timeout: timeout, token, at: moment) }
    }

    /// AddPartitionsToTxn and AddOffsetsToTxn; answered with `added`.
    package mutating func add(
        _ id: String, _ producer: ProducerIdentity, partitions: Set<PartitionID> = [], groups: Set<String> = [],
        _ token: RequestToken, at moment: Moment
    ) -> [TransactionStep] {
        let mayGrow = participants < limits.participants
        return change(id, token) {
            $0.add(producer, partitions: partitions, groups: groups, token, mayGrow: mayGrow, at: moment)
        }
    }

    /// A transactional Produce or a TxnOffsetCommit, before it is done; answered with `admitted`. Then it is done, and
    /// ``workEnded(_:)`` tells that it is over, whatever came of it and before its client is answered.
    package mutating func admit(_ id: String, _ work: TransactionWork, _ token: RequestToken, at moment: Moment)
        -> [TransactionStep]
    {
        let mayGrow = participants < limits.participants
        return change(id, token) { $0.admit(work, token, mayGrow: mayGrow, at: moment) }
    }

    /// Something that was admitted is over.
    package mutating func workEnded(_ id: String) { transactions[id]?.workEnded() }

    /// EndTxn; answered with `producer`, which versions before 5 do not tell.
    package mutating func end(
        _ id: String, _ producer: ProducerIdentity, isCommit: Bool, bumpsEpoch: Bool, _ token: RequestToken,
        at moment: Moment
    ) -> [TransactionStep] {
        change(id, token) { $0.end(producer, isCommit: isCommit, bumpsEpoch: bumpsEpoch, token, at: moment) }
    }

    /// Why an id cannot be described; nil when it can.
    package func refusal(ofDescribing id: String) -> TransactionRefusal? {
        if id.isEmpty { return .invalidRequest }
        return transactions[id].map { $0.producer.epoch < 0 } ?? true ? .transactionalIDNotFound : nil
    }

    // MARK: - What came of it

    /// Records are durable, or were not stored.
    package mutating func stored(_ ticket: TransactionTicket, _ failure: StoreFailure? = nil, at moment: Moment)
        -> [TransactionStep]
    {
        guard let id = find(ticket) else { return [] }
        var isGone = false
        let steps = change(id) { isGone = $0.settle(ticket.number, failure, at: moment) }
        if isGone { drop(id) }
        return steps
    }

    /// A producer id was found, or not.
    package mutating func allocated(
        _ ticket: TransactionTicket, _ result: Result<Int64, StoreFailure>, at moment: Moment
    ) -> [TransactionStep] {
        if ticket.id == nil {
            guard let token = waiting.removeValue(forKey: ticket.number) else { return [] }
            switch result {
            case .success(let id): return [.answer(token, .producer(ProducerIdentity(id: id, epoch: 0)))]
            case .failure(let failure): return [.answer(token, .refused(failure.transactionRefusal))]
            }
        }
        guard let id = find(ticket) else { return [] }
        return change(id) { $0.allocated(ticket.number, result, at: moment) }
    }

    /// Partitions, or a group, know how a transaction ended, or could not be told.
    package mutating func told(_ ticket: TransactionTicket, _ failure: MarkFailure? = nil, at moment: Moment)
        -> [TransactionStep]
    {
        guard let id = find(ticket) else { return [] }
        return change(id) { $0.told(ticket.number, failure, at: moment) }
    }

    /// Time passed.
    package mutating func pass(_ moment: Moment) -> [TransactionStep] {
        var steps: [TransactionStep] = []
        while let id = alarms.next(at: moment.now) {
            guard transactions[id] != nil else { continue }
            steps += change(id) { $0.pass(moment) }
        }
        return steps
    }

    /// Forgets ids that nobody used for long; to be called every few minutes.
    package mutating func expire(at moment: Moment) -> [TransactionStep] {
        ids.flatMap { id in change(id) { $0.expire(at: moment) } }
    }

    // MARK: - Keeping them

    private func isValid(_ id: String) -> Bool { !id.isEmpty && id.utf8.count <= limits.idBytes }

    private func find(_ ticket: TransactionTicket) -> String? {
        guard let id = ticket.id, transactions[id]?.birth == ticket.birth else { return nil }
        return id
    }

    private mutating func change(
        _ id: String, _ token: RequestToken, _ body: (inout TransactionalID) -> Void
    ) -> [TransactionStep] {
        if id.isEmpty { return [.answer(token, .refused(.invalidRequest))] }
        guard transactions[id] != nil else { return [.answer(token, .refused(.invalidProducerIDMapping))] }
        return change(id, body)
    }

    private mutating func change(_ id: String, _ body: (inout TransactionalID) -> Void) -> [TransactionStep] {
        let before = transactions[id]!.participants
        body(&transactions[id]!)
        participants += transactions[id]!.participants - before
        let steps = transactions[id]!.takeSteps()
        if transactions[id]!.isBlank {
            drop(id)
        } else {
            alarms.set(id, at: transactions[id]!.deadline)
        }
        return steps
    }

    private mutating func drop(_ id: String) {
        participants -= transactions.removeValue(forKey: id)?.participants ?? 0
        alarms.remove(id)
    }
}
