// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Getting an assignment, staying, leaving.
extension ConsumerGroup {
    /// A member asks for its assignment; a leader brings those of all.
    mutating func sync(_ request: SyncRequest, _ token: RequestToken, at moment: Moment) {
        if let refusal = refusal(of: request) { return answer(token, .refused(refusal)) }
        let id = request.member.memberID
        switch phase {
        case .empty, .dead, .reconciling: answer(token, .refused(.unknownMemberID))
        case .preparingRebalance: answer(token, .refused(.rebalanceInProgress))
        case .stable:
            noteSync(of: id)
            answer(token, synced(members[id]?.assignment ?? []))
        case .completingRebalance:
            if let former = members[id]?.syncing { answer(former, .refused(.rebalanceInProgress)) }
            change(id) { $0.syncing = token }
            noteSync(of: id)
            if leader == id, !isStoringAssignments { take(request.assignments, at: moment) }
        }
    }

    private func refusal(of request: SyncRequest) -> GroupRefusal? {
        if phase == .dead { return .coordinatorNotAvailable }
        if let refusal = refusal(of: request.member) { return refusal }
        if request.generation != generation { return .illegalGeneration }
        func differs(_ told: String?, _ known: String?) -> Bool { told != nil && known != nil && told != known }
        if differs(request.protocolType, protocolType) || differs(request.protocolName, protocolName) {
            return .inconsistentGroupProtocol
        }
        let bytes = request.assignments.reduce(0) { $0 + $1.assignment.count }
        return bytes > limits.assignmentBytes ? .invalidRequest : nil
    }

    private mutating func noteSync(of id: String) {
        unsynced.remove(id)
        if unsynced.isEmpty { syncDeadline = nil }
    }

    /// Whether this generation's assignments are on their way; a leader that asks again brings nothing new.
    private var isStoringAssignments: Bool {
        stores.values.contains { pending in
            if case .assignments(generation, _) = pending { true } else { false }
        }
    }

    private mutating func take(_ told: [(memberID: String, assignment: [UInt8])], at moment: Moment) {
        var assignments: [String: [UInt8]] = [:]
        for (id, assignment) in told where members[id] != nil { assignments[id] = assignment }
        store([record(assignments)], .assignments(generation: generation, assignments))
        #if TIDINGS_MUTATIONS
            if limits.mutation == .answersBeforeStoring { handOut(assignments, at: moment) }
        #endif
    }

    /// A generation's assignments are in the log, or are not. Meanwhile members may have come or gone: then they are void.
    mutating func finish(
        _ assignments: [String: [UInt8]], of told: Int32, _ failure: StoreFailure?, at moment: Moment
    ) {
        guard phase == .completingRebalance, told == generation else { return }
        if let failure {
            refuseSyncs(failure.groupRefusal, at: moment)
            prepareRebalance(at: moment)
        } else {
            handOut(assignments, at: moment)
        }
    }

    private mutating func handOut(_ assignments: [String: [UInt8]], at moment: Moment) {
        enter(.stable, at: moment)
        for member in membersInOrder {
            let assignment = assignments[member.id] ?? []
            change(member.id) { member in
                member.assignment = assignment
                member.syncing = nil
            }
            guard let token = member.syncing else { continue }
            answer(token, synced(assignment))
            renewSession(member.id, at: moment)
        }
    }

    /// Sends those away who wait for an assignment that will not come.
    mutating func refuseSyncs(_ refusal: GroupRefusal, at moment: Moment) {
        for member in membersInOrder {
            change(member.id) { member in
                member.assignment = []
                member.syncing = nil
            }
            guard let token = member.syncing else { continue }
            answer(token, .refused(refusal))
            renewSession(member.id, at: moment)
        }
    }

    private func synced(_ assignment: [UInt8]) -> GroupAnswer {
        .synced(SyncAnswer(protocolType: protocolType, protocolName: protocolName, assignment: assignment))
    }

    // MARK: - Staying

    /// A member says that it is there.
    /// - Returns: what it is told; nil when all is as it was.
    mutating func heartbeat(_ member: MemberIdentity, generation told: Int32, at moment: Moment) -> GroupRefusal? {
        if phase == .dead { return .coordinatorNotAvailable }
        if let refusal = refusal(of: member) { return refusal }
        if told != generation { return .illegalGeneration }
        if phase == .empty { return .unknownMemberID }
        renewSession(member.memberID, at: moment)
        return phase == .preparingRebalance ? .rebalanceInProgress : nil
    }

    // MARK: - Leaving

    /// Members leave, or an administrator takes static ones out.
    mutating func leave(_ leaving: [MemberIdentity], _ token: RequestToken, at moment: Moment) {
        if phase == .dead { return answer(token, .refused(.coordinatorNotAvailable)) }
        guard leaving.count <= limits.members else { return answer(token, .refused(.invalidRequest)) }
        let results = leaving.map { MemberRefusal(member: $0, refusal: leave($0)) }
        let before = newestStore
        if results.contains(where: { $0.refusal == nil }) { afterDrop(at: moment) }
        if newestStore > before, case .emptied(nil, _) = stores[newestStore] {
            stores[newestStore] = .emptied(token, .left(results))
        } else {
            answer(token, .left(results))
        }
    }

    private mutating func leave(_ member: MemberIdentity) -> GroupRefusal? {
        if member.memberID.isEmpty {
            guard let instance = member.instanceID, let id = instances[instance] else { return .unknownMemberID }
            remove(id)
        } else if pendingMembers[member.memberID] != nil {
            pendingMembers[member.memberID] = nil
        } else {
            if let refusal = refusal(of: member) { return refusal }
            remove(member.memberID)
        }
        return nil
    }
}
