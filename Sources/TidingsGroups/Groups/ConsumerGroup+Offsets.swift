// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The group's offsets: who may commit them, and what becomes of them.
extension ConsumerGroup {
    /// Why a commit is refused as a whole; nil when it is not.
    func refusal(ofCommit request: CommitRequest) -> GroupRefusal? {
        if phase == .dead { return .coordinatorNotAvailable }
        if let coordinated, !coordinated.isEmpty { return refusal(ofCommit: request, in: coordinated) }
        // Who is no member may commit for a group that has none.
        if request.generation < 0, phase == .empty { return nil }
        let member = request.member
        let isTransactional = request.transaction != nil
        if request.generation >= 0 || !member.memberID.isEmpty || member.instanceID != nil {
            if let refusal = refusal(of: member) { return refusal }
            // Who waits for its first generation knows none.
            let isNew = members[member.memberID]?.isNew ?? false
            if request.generation != generation || isNew { return .illegalGeneration }
        } else if !isTransactional {
            return .unknownMemberID
        }
        return !isTransactional && phase == .completingRebalance ? .rebalanceInProgress : nil
    }

    /// Commits offsets, or lets them wait for a transaction; answered when they are stored.
    /// - Parameter mayGrow: whether there is room for more than is kept already.
    mutating func commit(_ request: CommitRequest, _ token: RequestToken, mayGrow: Bool, at moment: Moment) {
        if let refusal = refusal(ofCommit: request) { return answer(token, .refused(refusal)) }
        if request.transaction == nil, phase == .stable || phase == .preparingRebalance {
            renewSession(request.member.memberID, at: moment)
        }
        if let transaction = request.transaction, let refusal = refusal(of: transaction) {
            return answer(token, .refused(refusal))
        }
        guard stores.count < limits.storesInFlight else { return answer(token, .refused(.coordinatorNotAvailable)) }
        let kept = request.transaction == nil ? offsets.committed.count : offsets.pendingCount
        var room = mayGrow ? limits.offsets - kept : 0
        var changes = request.transaction.map { offsets.leftovers(of: $0) } ?? []
        var results: [PartitionRefusal] = []
        for offset in request.offsets {
            let refusal = refusal(of: offset, in: request.transaction, room: &room)
            results.append(PartitionRefusal(partition: offset.partition, refusal: refusal))
            if refusal == nil { changes.append(offsets.change(offset, in: request.transaction, at: moment.wall)) }
        }
        if results.allSatisfy({ $0.refusal != nil }) { return answer(token, .offsets(results)) }
        store(changes, .offsets(changes, token, results))
    }

    /// What replaces something of its size needs no room.
    private func refusal(of offset: OffsetToCommit, in transaction: ProducerIdentity?, room: inout Int) -> GroupRefusal?
    {
        if offset.metadata.utf8.count > limits.offsetMetadataBytes { return .offsetMetadataTooLarge }
        let kept = transaction.map { offsets.pending[$0.id]?.offsets ?? [:] } ?? offsets.committed
        if let known = kept[offset.partition], room > 0 || known.metadata.utf8.count >= offset.metadata.utf8.count {
            return nil
        }
        room -= 1
        return room < 0 ? .invalidCommitOffsetSize : nil
    }

    private func refusal(of transaction: ProducerIdentity) -> GroupRefusal? {
        guard let known = offsets.pending[transaction.id] else {
            return offsets.pending.count < limits.pendingProducers ? nil : .coordinatorNotAvailable
        }
        return transaction.epoch < known.epoch ? .invalidProducerEpoch : nil
    }

    private mutating func store(_ changes: [OffsetChange], _ pending: PendingStore) {
        store(changes.map { $0.record(of: id) }, pending)
    }

    /// A producer's transaction ended: what it brought counts from now on, or never.
    mutating func end(_ producer: ProducerIdentity, isCommit: Bool, _ token: RequestToken, at moment: Moment) {
        guard let ending = offsets.pending[producer.id] else { return answer(token, .done) }
        // Whether a commit on its way is later than the transaction's is known when it is stored.
        let isUndecided = stores.values.contains { pending in
            guard case .offsets(let changes, _, _) = pending else { return false }
            return changes.contains { change in
                guard case .commit(let partition, _) = change else { return false }
                return ending.offsets[partition] != nil
            }
        }
        // While the group is being deleted nothing may be stored behind that.
        if isUndecided || phase == .dead { return waitingEnds.append((producer, isCommit, token)) }
        let changes = offsets.ending(producer, isCommit: isCommit || ignoresAborts)
        store(changes, .ending(changes, token))
    }

    private var ignoresAborts: Bool {
        #if TIDINGS_MUTATIONS
            limits.mutation == .ignoresAborts
        #else
            false
        #endif
    }

    /// Forgets offsets of topics that no member wants.
    mutating func delete(
        _ partitions: [PartitionID], _ token: RequestToken, named name: (PartitionID) -> String?
    ) {
        switch phase {
        case .dead: return answer(token, .refused(.groupIDNotFound))
        case .stable, .preparingRebalance, .completingRebalance, .reconciling:
            if !isOfConsumers { return answer(token, .refused(.nonEmptyGroup)) }
        case .empty: break
        }
        var forgotten: Set<PartitionID> = []
        let results = partitions.map { partition in
            let isWanted = name(partition).map { isSubscribed(to: $0) } ?? false
            if !isWanted { forgotten.insert(partition) }
            return PartitionRefusal(partition: partition, refusal: isWanted ? .groupSubscribedToTopic : nil)
        }
        let changes = offsets.forgetting { forgotten.contains($0) }
        if changes.isEmpty { return answer(token, .offsets(results)) }
        store(changes, .offsets(changes, token, results))
    }

    /// A topic is gone, and its offsets with it.
    mutating func forget(_ topic: TopicID) {
        forget(offsets.forgetting { $0.topic == topic })
    }

    private mutating func forget(_ changes: [OffsetChange]) {
        for start in stride(from: 0, to: changes.count, by: limits.forgottenAtOnce) {
            let some = Array(changes[start..<min(start + limits.forgottenAtOnce, changes.count)])
            store(some, .offsets(some, nil, []))
        }
    }

    /// Forgets what is too old, and the group itself when nothing is left of it.
    mutating func expire(at moment: Moment, named name: (PartitionID) -> String?) {
        if phase == .empty, offsets.isEmpty, pendingMembers.isEmpty, stores.isEmpty, isRecorded { return delete(nil) }
        let isSimple = protocolType == nil
        // A topic may have gone while nobody could tell.
        let orphans = offsets.forgetting { name($0) == nil }
        let old = offsets.expiring(at: moment.wall, after: limits.offsetRetention) { partition, offset in
            guard let name = name(partition) else { return nil }
            switch phase {
            case .empty: return isSimple ? offset.committed : max(since, offset.committed)
            case .stable where isOfConsumers && subscribed != nil:
                return isSubscribed(to: name) ? nil : offset.committed
            case .stable, .preparingRebalance, .completingRebalance, .dead, .reconciling: return nil
            }
        }
        forget(orphans + old)
    }

    /// Deletes the group and its offsets.
    mutating func delete(_ token: RequestToken?) {
        switch phase {
        case .dead:
            if let token { answer(token, .refused(.groupIDNotFound)) }
        case .stable, .preparingRebalance, .completingRebalance, .reconciling:
            if let token { answer(token, .refused(.nonEmptyGroup)) }
        case .empty:
            let changes = offsets.forgetting { _ in true }
            let records = changes.map { $0.record(of: id) }
            let keys = [GroupKey.group(id)] + (coordinated == nil ? [] : [.coordinated(id)])
            store(records + keys.map { StoredRecord(key: $0.bytes, value: nil) }, .deletion(token))
            die()
        }
    }
}
