// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One transactional id: Kafka's transaction coordinator with an epoch per transaction (KIP-890), as a value.
///
/// What it decided is stored first, then the partitions and groups are told, then whoever asked. While that goes on others
/// are asked to wait. An append that was admitted holds up every end of its transaction until it is over, so that nothing
/// comes late.
package struct TransactionalID {
    /// What is under way, and so what happens when it is done.
    enum Flight {
        /// The producer is begun anew.
        case initialised(TransactionRecord, RequestToken)
        case added(TransactionRecord, [Addition])
        /// How the transaction ends; the answer is for who fenced it.
        case prepared(TransactionRecord, RequestToken?, fences: Bool)
        /// An end without partitions or groups.
        case ended(TransactionRecord, RequestToken)
        case completed
        /// The id is forgotten.
        case died
        case allocated(Allocation)
        case marked([PartitionID])
        case groupTold(String)
    }

    /// Who waits until an addition is stored, and whether for more than that.
    struct Addition {
        let token: RequestToken
        let admits: Bool
    }

    /// What a producer id is wanted for.
    enum Allocation {
        case first(timeout: Duration, RequestToken)
        case rotation(timeout: Duration, keepsEpoch: Bool, RequestToken)
        case end(isCommit: Bool, RequestToken)
    }

    /// The end of a transaction that partitions and groups are being told of.
    struct Completion {
        let isCommit: Bool
        var token: RequestToken?
        /// What has to be told once more.
        var partitions: [PartitionID] = []
        var groups: [String] = []
    }

    /// The id.
    package let id: String
    let limits: TransactionLimits
    let birth: UInt64
    /// Which life of the coordinator its markers come from.
    let life: Int32
    var record: TransactionRecord
    /// The newest of the additions that are not stored yet.
    var planned: TransactionRecord?
    /// The flight that stores it.
    var lastAddition: UInt64 = 0
    var flights: [UInt64: Flight] = [:]
    var completion: Completion?
    /// Appends and commits that were admitted and are not over.
    var work = 0
    /// When an open transaction is aborted.
    var timeout: MonotonicTime?
    var retry: MonotonicTime?
    var steps: [TransactionStep] = []
    private var lastFlight: UInt64 = 0

    init(_ id: String, _ record: TransactionRecord, limits: TransactionLimits, birth: UInt64, life: Int32) {
        self.id = id
        self.record = record
        self.limits = limits
        self.birth = birth
        self.life = life
    }

    /// How many partitions and groups take part in its transaction.
    var participants: Int {
        let record = planned ?? record
        return record.partitions.count + record.groups.count
    }

    /// Whether nothing would be lost without it.
    var isBlank: Bool { record.producer.epoch < 0 && flights.isEmpty }

    /// Whether something is under way that has to be over before anything else.
    var isInTransition: Bool {
        flights.values.contains { flight in
            switch flight {
            case .initialised, .prepared, .ended, .died, .allocated: true
            case .added, .completed, .marked, .groupTold: false
            }
        }
    }

    /// Whether partitions are told how the transaction ends.
    var isCompleting: Bool { record.phase == .prepareCommit || record.phase == .prepareAbort }

    /// The producer that works with this id.
    package var producer: ProducerIdentity { record.producer }
    /// What it is doing.
    package var phase: TransactionPhase { record.phase }

    /// The id as administrators see it.
    package var description: TransactionDescription {
        TransactionDescription(
            id: id, phase: record.phase, producer: record.producer, timeout: record.timeout, started: record.started,
            partitions: record.partitions.sorted(), groups: record.groups.sorted())
    }

    /// When time may change something next.
    var deadline: MonotonicTime? {
        guard let timeout, let retry else { return timeout ?? retry }
        return min(timeout, retry)
    }

    mutating func takeSteps() -> [TransactionStep] {
        defer { steps.removeAll() }
        return steps
    }

    mutating func answer(_ token: RequestToken?, _ answer: TransactionAnswer) {
        if let token { steps.append(.answer(token, answer)) }
    }

    mutating func refuse(_ token: RequestToken?, _ refusal: TransactionRefusal) { answer(token, .refused(refusal)) }

    mutating func start(_ flight: Flight) -> TransactionTicket {
        lastFlight += 1
        flights[lastFlight] = flight
        return TransactionTicket(id: id, birth: birth, number: lastFlight)
    }

    @discardableResult
    mutating func store(_ record: TransactionRecord?, _ flight: Flight) -> UInt64 {
        let ticket = start(flight)
        steps.append(.store([StoredRecord(key: TransactionRecord.key(id), value: record?.value)], as: ticket))
        return ticket.number
    }

    mutating func allocate(_ allocation: Allocation) {
        steps.append(.allocateProducerID(start(.allocated(allocation))))
    }

    // MARK: - What came of it

    /// Records are durable, or were not stored.
    /// - Returns: whether the id is gone.
    mutating func settle(_ number: UInt64, _ failure: StoreFailure?, at moment: Moment) -> Bool {
        guard let flight = flights.removeValue(forKey: number) else { return false }
        switch flight {
        case .initialised(let next, let token), .ended(let next, let token):
            if let failure {
                refuse(token, failure.transactionRefusal)
            } else {
                record = next
                answer(token, .producer(next.producer))
            }
        case .added(let next, let additions): settle(additions, next, failure, at: moment)
        case .prepared(let next, let token, let fences):
            if let failure {
                refuse(token, failure.transactionRefusal)
            } else {
                record = next
                timeout = nil
                // Who fenced it comes back when it is over.
                if fences { refuse(token, .concurrentTransactions) }
                complete(fences ? nil : token, at: moment)
            }
        case .died: return failure == nil
        case .completed, .allocated, .marked, .groupTold: break
        }
        return false
    }

    /// A producer id was found, or not.
    mutating func allocated(_ number: UInt64, _ result: Result<Int64, StoreFailure>, at moment: Moment) {
        guard case .allocated(let allocation) = flights.removeValue(forKey: number) else { return }
        switch allocation {
        case .first(let timeout, let token):
            guard let id = result.orRefuse(token, &self) else { return }
            let next = TransactionRecord(
                producer: ProducerIdentity(id: id, epoch: 0), timeout: timeout, updated: moment.wall)
            store(next, .initialised(next, token))
        case .rotation(let timeout, let keepsEpoch, let token):
            guard let id = result.orRefuse(token, &self) else { return }
            rotate(to: id, timeout: timeout, keepsEpoch: keepsEpoch, token, at: moment)
        case .end(let isCommit, let token):
            guard let id = result.orRefuse(token, &self) else { return }
            prepare(isCommit: isCommit, bumpsEpoch: true, nextID: id, token, at: moment)
        }
    }
}

extension Result<Int64, StoreFailure> {
    /// The id; without one whoever asked is told so.
    fileprivate func orRefuse(_ token: RequestToken, _ transaction: inout TransactionalID) -> Int64? {
        switch self {
        case .success(let id): return id
        case .failure(let failure):
            transaction.refuse(token, failure.transactionRefusal)
            return nil
        }
    }
}
