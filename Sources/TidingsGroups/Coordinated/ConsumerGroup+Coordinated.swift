// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A group whose partitions the server shares out.
extension ConsumerGroup {
    /// Whether members of the classic protocol are in it, or on their way.
    var hasClassicMembers: Bool { !members.isEmpty || !pendingMembers.isEmpty || phase != .empty && coordinated == nil }

    /// A member says that it is there; answered with `beat` when what changed is stored.
    mutating func heartbeat(
        _ request: ConsumerHeartbeat, _ topics: TopicLayouts, _ token: RequestToken, at moment: Moment
    ) {
        if phase == .dead { return answer(token, .refused(.coordinatorNotAvailable)) }
        if hasClassicMembers { return answer(token, .refused(.groupIDNotFound)) }
        if coordinated == nil {
            guard request.epoch == ConsumerHeartbeat.Sign.joins else {
                return answer(token, .refused(.groupIDNotFound))
            }
            coordinated = CoordinatedMembers(limits: limits)
        }
        guard stores.count < limits.storesInFlight else { return answer(token, .refused(.coordinatorNotAvailable)) }
        do throws(GroupRefusal) {
            let told = try coordinated!.heartbeat(request, topics, at: moment)
            settleCoordinated(token, .beat(told), at: moment)
        } catch {
            settleCoordinated(token, .refused(error), at: moment)
        }
    }

    /// What follows a change of coordinated members.
    private mutating func settleCoordinated(_ token: RequestToken?, _ told: GroupAnswer, at moment: Moment) {
        guard let members = coordinated else { return }
        let next: GroupPhase = members.isEmpty ? .empty : members.isSettled ? .stable : .reconciling
        if next != phase { enter(next, at: moment) }
        protocolType = "consumer"
        protocolName = members.isEmpty ? nil : members.assignor.rawValue
        generation = members.epoch
        subscribed = members.topics
        let (records, changed) = coordinated!.takeRecords(of: id)
        if records.isEmpty {
            // Nobody ever was in it.
            if members.isEmpty, members.epoch == 0 { coordinated = nil }
            if let token { answer(token, told) }
        } else {
            store(records, .coordinated(changed, token, told))
        }
    }

    mutating func finishCoordinated(
        _ members: Set<String>, _ token: RequestToken?, _ told: GroupAnswer, _ failure: StoreFailure?
    ) {
        if let failure {
            coordinated?.storeAgain(members)
            if let token { answer(token, .refused(failure.groupRefusal)) }
        } else if let token {
            answer(token, told)
        }
    }

    /// Time passed.
    mutating func passCoordinated(_ moment: Moment) {
        guard coordinated != nil, phase != .dead else { return }
        coordinated!.pass(moment)
        settleCoordinated(nil, .done, at: moment)
    }

    /// Members of the classic protocol come into a group that was coordinated, and is empty.
    mutating func endCoordination() {
        coordinated = nil
        store([StoredRecord(key: GroupKey.coordinated(id).bytes, value: nil)], .emptied(nil, .done))
    }

    /// Why a commit into a coordinated group with members is refused; nil when it is not.
    func refusal(ofCommit request: CommitRequest, in members: CoordinatedMembers) -> GroupRefusal? {
        let isTransactional = request.transaction != nil
        if isTransactional, request.generation < 0, request.member == MemberIdentity("") { return nil }
        let refusal = members.refusal(of: request.member.memberID, epoch: request.generation)
        return isTransactional && refusal == .staleMemberEpoch ? .illegalGeneration : refusal
    }
}
