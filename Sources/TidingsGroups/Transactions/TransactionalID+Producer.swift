// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Who the producer is.
extension TransactionalID {
    /// A producer begins with this id, or, when it names itself, goes on after an error (KIP-360).
    mutating func initialise(
        _ expected: ProducerIdentity?, timeout: Duration, _ token: RequestToken, at moment: Moment
    ) {
        if isInTransition || planned != nil { return refuse(token, .concurrentTransactions) }
        // Nothing is known: whatever the producer was before, it gets a new id.
        if record.producer.epoch < 0 { return allocate(.first(timeout: timeout, token)) }
        if let expected, !mayGoOn(expected) { return refuse(token, .producerFenced) }
        switch record.phase {
        case .prepareCommit, .prepareAbort: refuse(token, .concurrentTransactions)
        case .ongoing:
            if work > 0 { return refuse(token, .concurrentTransactions) }
            // The client comes back, and then gets an epoch of its own.
            fence(token, at: moment)
        case .empty, .completeCommit, .completeAbort:
            if record.isExhausted, expected.map({ $0.epoch == record.producer.epoch }) ?? true {
                allocate(.rotation(timeout: timeout, keepsEpoch: expected != nil, token))
            } else {
                raise(expected, timeout: timeout, token, at: moment)
            }
        }
    }

    /// Whether it is the producer of this id, or was before its epochs were used up.
    private func mayGoOn(_ expected: ProducerIdentity) -> Bool {
        expected.id == record.producer.id
            || expected.id == record.previousID && expected.epoch >= TransactionRecord.lastUsableEpoch
    }

    private mutating func raise(
        _ expected: ProducerIdentity?, timeout: Duration, _ token: RequestToken, at moment: Moment
    ) {
        var next = record
        next.phase = .empty
        next.timeout = timeout
        next.updated = moment.wall
        let current = record.producer
        switch expected?.epoch {
        case nil, current.epoch:
            next.producer = ProducerIdentity(id: current.id, epoch: current.epoch + 1)
            next.lastEpoch = expected == nil ? -1 : current.epoch
        // It asks again for what it did not hear.
        case record.lastEpoch where current.isUsable: break
        default: return refuse(token, .producerFenced)
        }
        store(next, .initialised(next, token))
    }

    mutating func rotate(
        to id: Int64, timeout: Duration, keepsEpoch: Bool, _ token: RequestToken, at moment: Moment
    ) {
        var next = record
        next.phase = .empty
        next.timeout = timeout
        next.updated = moment.wall
        next.previousID = record.producer.id
        next.lastEpoch = keepsEpoch ? record.producer.epoch : -1
        next.producer = ProducerIdentity(id: id, epoch: 0)
        store(next, .initialised(next, token))
    }
}
