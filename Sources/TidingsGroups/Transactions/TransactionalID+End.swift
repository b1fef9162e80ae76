// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How transactions end.
extension TransactionalID {
    private enum Verdict {
        case begins
        /// It ended like that already.
        case isDone
        case refused(TransactionRefusal)
    }

    /// The producer ends its transaction.
    /// - Parameter bumpsEpoch: whether each transaction has an epoch of its own (EndTxn of version 5), so that an end that
    ///   comes late is known by its epoch and never ends the next one.
    mutating func end(
        _ producer: ProducerIdentity, isCommit: Bool, bumpsEpoch: Bool, _ token: RequestToken, at moment: Moment
    ) {
        switch bumpsEpoch ? judge(producer, isCommit: isCommit) : judgePlain(producer, isCommit: isCommit) {
        case .refused(let refusal): refuse(token, refusal)
        case .isDone: answer(token, .producer(record.producer))
        case .begins:
            if work > 0 {
                refuse(token, .concurrentTransactions)
            } else if bumpsEpoch, record.isExhausted {
                allocate(.end(isCommit: isCommit, token))
            } else {
                prepare(isCommit: isCommit, bumpsEpoch: bumpsEpoch, nextID: -1, token, at: moment)
            }
        }
    }

    /// The rules of versions 0 to 4: epochs are raised by InitProducerId alone.
    private func judgePlain(_ producer: ProducerIdentity, isCommit: Bool) -> Verdict {
        if isInTransition || planned != nil { return .refused(.concurrentTransactions) }
        if producer.id != record.producer.id || record.producer.epoch < 0 { return .refused(.invalidProducerIDMapping) }
        if producer.epoch != record.producer.epoch || !producer.isUsable { return .refused(.producerFenced) }
        return switch (record.phase, isCommit) {
        case (.ongoing, _): .begins
        case (.completeCommit, true), (.completeAbort, false): .isDone
        case (.prepareCommit, true), (.prepareAbort, false): .refused(.concurrentTransactions)
        default: .refused(.invalidTxnState)
        }
    }

    /// The rules of version 5. A request with the epoch before the current one asks again for what was done; one with the
    /// current epoch speaks of the transaction that is open or comes next.
    private func judge(_ producer: ProducerIdentity, isCommit: Bool) -> Verdict {
        if isInTransition || planned != nil { return .refused(.concurrentTransactions) }
        let current = record.producer
        let repeatsLast =
            producer.id == record.previousID && producer.epoch == TransactionRecord.lastUsableEpoch
            && current.epoch == 0
        var isRepeat = Int(current.epoch) == Int(producer.epoch) + 1
        if producer.id != current.id || current.epoch < 0 {
            guard repeatsLast, current.epoch >= 0 else { return .refused(.invalidProducerIDMapping) }
            isRepeat = true
        }
        #if TIDINGS_MUTATIONS
            if limits.mutation == .ignoresEpochs { return record.phase == .ongoing ? .begins : .isDone }
        #endif
        let isCurrent = producer == current && producer.isUsable
        switch record.phase {
        case .ongoing: return isCurrent ? .begins : .refused(.producerFenced)
        case .empty:
            guard isCurrent else { return .refused(.producerFenced) }
            return isCommit ? .refused(.invalidTxnState) : .begins
        case .prepareCommit, .prepareAbort:
            guard isRepeat else { return .refused(.producerFenced) }
            return .refused(isCommit == (record.phase == .prepareCommit) ? .concurrentTransactions : .invalidTxnState)
        case .completeCommit, .completeAbort:
            if isRepeat {
                if !current.isUsable { return .refused(.producerFenced) }
                return isCommit == (record.phase == .completeCommit) ? .isDone : .refused(.invalidTxnState)
            }
            guard isCurrent else { return .refused(.producerFenced) }
            return isCommit ? .refused(.invalidTxnState) : .begins
        }
    }

    /// Decides how the transaction ends. Where nothing takes part there is nobody to tell.
    mutating func prepare(isCommit: Bool, bumpsEpoch: Bool, nextID: Int64, _ token: RequestToken, at moment: Moment) {
        var next = record
        if next.phase != .ongoing {
            next.partitions = []
            next.groups = []
        }
        next.phase = isCommit ? .prepareCommit : .prepareAbort
        next.updated = moment.wall
        next.endedEpoch = record.producer.epoch
        next.nextID = nextID
        if bumpsEpoch {
            next.producer = ProducerIdentity(id: record.producer.id, epoch: record.producer.epoch + 1)
            next.lastEpoch = record.producer.epoch
        }
        guard next.partitions.isEmpty, next.groups.isEmpty else {
            store(next, .prepared(next, token, fences: false))
            return
        }
        next.complete(at: moment.wall)
        store(next, .ended(next, token))
    }

    /// Aborts a transaction whose producer is not to go on with it.
    mutating func fence(_ token: RequestToken?, at moment: Moment) {
        var next = record
        next.phase = .prepareAbort
        next.updated = moment.wall
        next.endedEpoch = record.producer.epoch
        next.producer = ProducerIdentity(id: record.producer.id, epoch: record.producer.epoch + 1)
        next.lastEpoch = -1
        store(next, .prepared(next, token, fences: true))
    }

    // MARK: - Telling everybody

    /// The decision is stored: partitions and groups are told, as often as it takes.
    mutating func complete(_ token: RequestToken?, at moment: Moment) {
        completion = Completion(
            isCommit: record.phase == .prepareCommit, token: token, partitions: record.partitions.sorted(),
            groups: record.groups.sorted())
        tell(at: moment)
    }

    private mutating func tell(at moment: Moment) {
        guard let current = completion else { return }
        completion?.partitions = []
        completion?.groups = []
        retry = nil
        if !current.partitions.isEmpty { mark(current.partitions, isCommit: current.isCommit) }
        for group in current.groups {
            let ticket = start(.groupTold(group))
            steps.append(
                .endOffsets(
                    ProducerIdentity(id: record.producer.id, epoch: record.endedEpoch), in: group,
                    isCommit: current.isCommit, as: ticket))
        }
        finishIfAllKnow(at: moment)
    }

    private mutating func mark(_ partitions: [PartitionID], isCommit: Bool) {
        let end = TransactionEnd(
            producer: record.producer.id, epoch: record.producer.epoch, isCommit: isCommit, coordinatorEpoch: life,
            beginsEpoch: record.producer.epoch != record.endedEpoch)
        steps.append(.mark(end, in: partitions, as: start(.marked(partitions))))
    }

    /// Partitions or a group know, or could not be told.
    mutating func told(_ number: UInt64, _ failure: MarkFailure?, at moment: Moment) {
        guard let flight = flights.removeValue(forKey: number), let current = completion else { return }
        switch (flight, failure) {
        case (.marked(let partitions), .refused) where partitions.count > 1:
            // One of them does not take it; the others still have to know.
            for partition in partitions { mark([partition], isCommit: current.isCommit) }
        case (.marked(let partitions), .unavailable):
            completion?.partitions += partitions
            retry = moment.now + limits.retryPause
        case (.groupTold(let group), .unavailable):
            completion?.groups.append(group)
            retry = moment.now + limits.retryPause
        default: break
        }
        finishIfAllKnow(at: moment)
    }

    /// All know: the producer may go on. That it is over needs no waiting for: after a crash all would be told again, which
    /// changes nothing, and whatever comes next is stored behind it.
    private mutating func finishIfAllKnow(at moment: Moment) {
        guard let current = completion, current.partitions.isEmpty, current.groups.isEmpty else { return }
        let isTelling = flights.values.contains { flight in
            switch flight {
            case .marked, .groupTold: true
            default: false
            }
        }
        if isTelling { return }
        completion = nil
        record.complete(at: moment.wall)
        store(record, .completed)
        answer(current.token, .producer(record.producer))
    }

    // MARK: - Time

    /// Goes on after a restart: what was decided is told, what is open has its time.
    mutating func resume(at moment: Moment) {
        switch record.phase {
        case .ongoing:
            let (open, isAbsurd) = moment.wall.millis.subtractingReportingOverflow(
                (record.started ?? moment.wall).millis)
            timeout = moment.now + max(record.timeout - .milliseconds(isAbsurd ? 0 : max(open, 0)), .zero)
        case .prepareCommit, .prepareAbort:
            #if TIDINGS_MUTATIONS
                if limits.mutation == .forgetsDecided { return record.complete(at: moment.wall) }
            #endif
            complete(nil, at: moment)
        case .empty, .completeCommit, .completeAbort: break
        }
    }

    /// Time passed.
    mutating func pass(_ moment: Moment) {
        if let retry, retry <= moment.now { tell(at: moment) }
        guard let due = timeout, due <= moment.now else { return }
        timeout = moment.now + limits.retryPause
        if record.phase == .ongoing, work == 0, planned == nil, !isInTransition { fence(nil, at: moment) }
    }

    /// Forgets the id if nobody used it for long.
    mutating func expire(at moment: Moment) {
        switch record.phase {
        case .ongoing, .prepareCommit, .prepareAbort: return
        case .empty, .completeCommit, .completeAbort: break
        }
        let (age, isAbsurd) = moment.wall.millis.subtractingReportingOverflow(record.updated.millis)
        guard !isAbsurd, age >= limits.idRetention.millis, flights.isEmpty, record.producer.epoch >= 0 else { return }
        store(nil, .died)
    }
}

extension TransactionRecord {
    /// The transaction is over; where epochs are used up the producer goes on under another id.
    fileprivate mutating func complete(at wall: WallTime) {
        phase = phase == .prepareCommit ? .completeCommit : .completeAbort
        if nextID >= 0 {
            previousID = producer.id
            producer = ProducerIdentity(id: nextID, epoch: 0)
            nextID = -1
        }
        partitions = []
        groups = []
        started = nil
        endedEpoch = -1
        updated = wall
    }
}
