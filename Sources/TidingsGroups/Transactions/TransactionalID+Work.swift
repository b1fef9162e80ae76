// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What becomes part of a transaction.
extension TransactionalID {
    /// Partitions, or a group, are to be part of the transaction, which begins with them.
    mutating func add(
        _ producer: ProducerIdentity, partitions: Set<PartitionID>, groups: Set<String>, _ token: RequestToken,
        mayGrow: Bool, at moment: Moment
    ) {
        if let refusal = refusal(of: producer, outdated: .producerFenced) { return refuse(token, refusal) }
        if holds(partitions, groups) { return answer(token, .added) }
        guard mayGrow else { return refuse(token, .policyViolation) }
        extend(partitions, groups, Addition(token: token, admits: false), at: moment)
    }

    /// Records are to be appended, or offsets to be committed. Where that is admitted, `work` counts it until it is over.
    mutating func admit(_ asked: TransactionWork, _ token: RequestToken, mayGrow: Bool, at moment: Moment) {
        if let refusal = refusal(of: asked.producer, outdated: .invalidProducerEpoch) { return refuse(token, refusal) }
        guard work < limits.work else { return refuse(token, .concurrentTransactions) }
        // Batches of one producer are admitted in the order they came: none passes one that still waits.
        if holds(asked.partitions, asked.groups), planned == nil || !asked.adds {
            work += 1
            answer(token, .admitted)
        } else if asked.adds {
            guard mayGrow else { return refuse(token, .policyViolation) }
            extend(asked.partitions, asked.groups, Addition(token: token, admits: true), at: moment)
        } else {
            refuse(token, .transactionAbortable)
        }
    }

    /// Something that was admitted is over: stored, or refused.
    mutating func workEnded() { work = max(work - 1, 0) }

    private func refusal(of producer: ProducerIdentity, outdated: TransactionRefusal) -> TransactionRefusal? {
        // First of all: the producer may be one that is known only when this is over.
        if isInTransition { return .concurrentTransactions }
        if record.producer.id != producer.id || record.producer.epoch < 0 { return .invalidProducerIDMapping }
        if record.producer.epoch != producer.epoch || !producer.isUsable { return outdated }
        return isCompleting ? .concurrentTransactions : nil
    }

    private func holds(_ partitions: Set<PartitionID>, _ groups: Set<String>) -> Bool {
        record.phase == .ongoing && partitions.isSubset(of: record.partitions) && groups.isSubset(of: record.groups)
    }

    private mutating func extend(
        _ partitions: Set<PartitionID>, _ groups: Set<String>, _ addition: Addition, at moment: Moment
    ) {
        if let planned, partitions.isSubset(of: planned.partitions), groups.isSubset(of: planned.groups),
            case .added(let next, var additions) = flights[lastAddition]
        {
            guard additions.count < limits.work else { return refuse(addition.token, .concurrentTransactions) }
            additions.append(addition)
            flights[lastAddition] = .added(next, additions)
            return
        }
        // Additions on their way are part of the next ones, so that the last one stored says all.
        var next = planned ?? record
        if next.phase != .ongoing {
            next.phase = .ongoing
            next.partitions = []
            next.groups = []
            next.started = moment.wall
        }
        next.partitions.formUnion(partitions)
        next.groups.formUnion(groups)
        next.updated = moment.wall
        guard next.partitions.count <= limits.partitions, next.groups.count <= limits.groups else {
            return refuse(addition.token, .policyViolation)
        }
        guard flights.count < limits.additions else { return refuse(addition.token, .concurrentTransactions) }
        planned = next
        lastAddition = store(next, .added(next, [addition]))
    }

    mutating func settle(
        _ additions: [Addition], _ next: TransactionRecord, _ failure: StoreFailure?, at moment: Moment
    ) {
        let isLast = !flights.values.contains { if case .added = $0 { true } else { false } }
        if isLast { planned = nil }
        if let failure {
            for addition in additions { refuse(addition.token, failure.transactionRefusal) }
            return
        }
        if record.phase != .ongoing { timeout = moment.now + record.timeout }
        record = next
        for addition in additions {
            if addition.admits { work += 1 }
            answer(addition.token, addition.admits ? .admitted : .added)
        }
    }
}
