// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What becomes of a group's records.
extension ConsumerGroup {
    /// Records are durable, or were not stored.
    /// - Returns: whether the group is gone.
    mutating func settle(_ number: UInt64, _ failure: StoreFailure?, at moment: Moment) -> Bool {
        switch stores.removeValue(forKey: number) {
        case nil: break
        case .assignments(let generation, let assignments): finish(assignments, of: generation, failure, at: moment)
        case .replacement(let replacement): finish(replacement, failure, at: moment)
        case .coordinated(let members, let token, let told): finishCoordinated(members, token, told, failure)
        case .emptied(let token, let told):
            if let token { answer(token, told) }
        case .offsets(let changes, let token, let results):
            if failure == nil { for change in changes { offsets.apply(change) } }
            if let token {
                let refusal = failure?.commitRefusal
                answer(
                    token, .offsets(results.map { .init(partition: $0.partition, refusal: $0.refusal ?? refusal) }))
            }
        case .ending(let changes, let token):
            if failure == nil { for change in changes { offsets.apply(change) } }
            answer(token, failure.map { .refused($0.groupRefusal) } ?? .done)
        case .deletion(let token):
            if failure == nil {
                if let token { answer(token, .done) }
                for (_, _, token) in waitingEnds { answer(token, .done) }
                return true
            }
            revive()
            if let token, let failure { answer(token, .refused(failure.groupRefusal)) }
        }
        let waiting = waitingEnds
        waitingEnds.removeAll()
        for (producer, isCommit, token) in waiting { end(producer, isCommit: isCommit, token, at: moment) }
        return false
    }

    /// The group as its records say it was; its members get a fresh session.
    init(
        _ id: String, _ image: GroupState.Image, limits: GroupLimits, birth: UInt64, at moment: Moment
    ) {
        self.init(id, limits: limits, birth: birth, at: moment)
        isRecorded = true
        offsets = image.offsets
        if let found = image.coordinated {
            let members = CoordinatedMembers(found, limits: limits, at: moment)
            coordinated = members
            protocolType = "consumer"
            protocolName = members.isEmpty ? nil : members.assignor.rawValue
            generation = members.epoch
            subscribed = members.topics
            restore(members.isEmpty ? .empty : .reconciling, since: moment.wall)
            return
        }
        guard let record = image.record else { return }
        protocolType = record.protocolType
        protocolName = record.protocolName
        generation = record.generation
        leader = record.leader
        for told in record.members {
            var member = GroupMember(
                id: told.id, instanceID: told.instanceID, clientID: told.clientID, clientHost: told.clientHost,
                order: nextOrder(), since: record.since, sessionTimeout: told.sessionTimeout,
                rebalanceTimeout: told.rebalanceTimeout,
                protocols: record.protocolName.map { [GroupProtocol(name: $0, metadata: told.subscription)] } ?? [])
            member.assignment = told.assignment
            member.deadline = moment.now + told.sessionTimeout
            add(member)
        }
        restore(record.members.isEmpty ? .empty : .stable, since: record.since)
        subscribed = computedTopics()
    }

    /// The group as administrators see it.
    package var description: GroupDescription {
        GroupDescription(
            id: id, phase: phase, since: since, generation: generation, protocolType: protocolType ?? "",
            protocolName: protocolName ?? "",
            coordinated: coordinated?.description,
            members: membersInOrder.map { member in
                DescribedMember(
                    memberID: member.id, instanceID: member.instanceID, clientID: member.clientID,
                    clientHost: member.clientHost, since: member.since,
                    metadata: phase == .stable ? protocolName.flatMap { member.metadata(for: $0) } ?? [] : [],
                    assignment: phase == .stable ? member.assignment : [])
            })
    }
}

extension StoreFailure {
    /// The failure as who commits offsets is told.
    fileprivate var commitRefusal: GroupRefusal {
        self == .tooLarge ? .invalidCommitOffsetSize : groupRefusal
    }
}
