// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A static member that came back under another id while the group was stable.
struct StaticReplacement {
    let token: RequestToken
    let former: GroupMember
    let memberID: String
    let formerLeader: String?
    let generation: Int32
    let skipsAssignment: Bool
}

/// Joining.
extension ConsumerGroup {
    /// A member joins, or joins again.
    /// - Parameter fresh: makes the id of a new member unlike any other.
    mutating func join(_ request: JoinRequest, _ token: RequestToken, fresh: () -> UUID128, at moment: Moment) {
        guard stores.count < limits.storesInFlight else {
            return answer(token, .notJoined(.coordinatorNotAvailable, memberID: request.memberID))
        }
        if let coordinated {
            guard coordinated.isEmpty, phase != .dead else {
                return answer(token, .notJoined(.inconsistentGroupProtocol, memberID: request.memberID))
            }
            endCoordination()
        }
        guard accepts(request) else {
            answer(token, .notJoined(.groupMaxSizeReached, memberID: ""))
            remove(request.memberID)
            return completeJoinIfAllCame(at: moment)
        }
        let grown =
            GroupMember.byteCount(request.protocols) - GroupMember.byteCount(members[request.memberID]?.protocols ?? [])
        guard memberBytes + grown <= limits.groupBytes else {
            return answer(token, .notJoined(.groupMaxSizeReached, memberID: request.memberID))
        }
        if phase == .dead {
            answer(token, .notJoined(.coordinatorNotAvailable, memberID: request.memberID))
        } else if !supports(request.protocolType, request.protocols) {
            answer(token, .notJoined(.inconsistentGroupProtocol, memberID: request.memberID))
        } else if request.memberID.isEmpty {
            joinNew(request, token, fresh: fresh(), at: moment)
        } else if pendingMembers[request.memberID] != nil, request.instanceID == nil {
            addMember(request.memberID, request, token, at: moment)
        } else if let refusal = refusal(of: MemberIdentity(request.memberID, instanceID: request.instanceID)) {
            answer(token, .notJoined(refusal, memberID: request.memberID))
        } else {
            joinAgain(request, token, at: moment)
        }
    }

    /// Whether there is room for one that joins. While members come together, those that were there before count only once
    /// they have joined again.
    private func accepts(_ request: JoinRequest) -> Bool {
        let known = members[request.memberID]
        switch phase {
        case .empty, .dead, .reconciling: return true
        case .preparingRebalance: return known?.joining != nil || joiningCount < limits.members
        case .completingRebalance, .stable: return known != nil || members.count < limits.members
        }
    }

    private mutating func joinNew(_ request: JoinRequest, _ token: RequestToken, fresh: UUID128, at moment: Moment) {
        let prefix =
            request.instanceID ?? String(decoding: request.clientID.utf8.prefix(limits.clientIDBytes), as: UTF8.self)
        let id = "\(prefix)-\(fresh)"
        if let instance = request.instanceID {
            if let former = instances[instance] {
                replaceStatic(former, by: id, request, token, at: moment)
            } else {
                addMember(id, request, token, at: moment)
            }
        } else if request.requiresMemberID {
            guard pendingMembers.count < limits.pendingMembers else {
                return answer(token, .notJoined(.groupMaxSizeReached, memberID: ""))
            }
            pendingMembers[id] = moment.now + request.sessionTimeout
            answer(token, .notJoined(.memberIDRequired, memberID: id))
        } else {
            addMember(id, request, token, at: moment)
        }
    }

    private mutating func addMember(_ id: String, _ request: JoinRequest, _ token: RequestToken, at moment: Moment) {
        var member = GroupMember(
            id: id, instanceID: request.instanceID, clientID: request.clientID, clientHost: request.clientHost,
            order: nextOrder(), since: moment.wall, sessionTimeout: request.sessionTimeout,
            rebalanceTimeout: request.rebalanceTimeout, protocols: request.protocols)
        member.joining = token
        member.isNew = true
        // It cannot send heartbeats before it has its answer, and its connection is not watched: one that went away
        // must not stay for ever.
        member.deadline = moment.now + limits.newMemberJoinTimeout
        if phase == .preparingRebalance, previousPhase == .empty { gotNewMember = true }
        if members.isEmpty { protocolType = request.protocolType }
        add(member)
        rebalanceOrCompleteJoin(at: moment)
    }

    private mutating func joinAgain(_ request: JoinRequest, _ token: RequestToken, at moment: Moment) {
        let id = request.memberID
        let isSame = members[id]?.protocols == request.protocols
        switch phase {
        case .completingRebalance where isSame:
            // It did not get its answer.
            answer(token, joined(id, isLeader: leader == id))
        case .stable where isSame && leader != id:
            answer(token, joined(id, isLeader: false))
        case .preparingRebalance, .completingRebalance, .stable, .reconciling:
            // A leader that joins again wants a new assignment, for instance because a topic grew.
            update(id, request, token)
            rebalanceOrCompleteJoin(at: moment)
        case .empty, .dead:
            answer(token, .notJoined(.unknownMemberID, memberID: id))
        }
    }

    /// A member joins with what it says now; a join of it that waits already is given up.
    private mutating func update(_ id: String, _ request: JoinRequest, _ token: RequestToken) {
        if let former = members[id]?.joining { answer(former, .notJoined(.rebalanceInProgress, memberID: id)) }
        change(id) { member in
            member.protocols = request.protocols
            member.sessionTimeout = request.sessionTimeout
            member.rebalanceTimeout = request.rebalanceTimeout
            member.joining = token
        }
    }

    /// The answer to a member that is in the generation at hand.
    func joined(_ id: String, isLeader: Bool, leader: String? = nil, skips: Bool = false) -> GroupAnswer {
        let all = isLeader ? membersInOrder : []
        return .joined(
            JoinAnswer(
                generation: generation, protocolType: protocolType, protocolName: protocolName,
                leader: leader ?? self.leader ?? "", memberID: id, skipsAssignment: skips,
                members: all.map { member in
                    JoinedMember(
                        memberID: member.id, instanceID: member.instanceID,
                        metadata: protocolName.flatMap { member.metadata(for: $0) } ?? [])
                }))
    }

    // MARK: - Static members

    /// A static member that was restarted takes the place of its former self, which is fenced. A stable group goes on as it
    /// is when nothing changes by that.
    private mutating func replaceStatic(
        _ formerID: String, by id: String, _ request: JoinRequest, _ token: RequestToken, at moment: Moment
    ) {
        let formerLeader = leader
        guard let former = take(formerID) else { return }
        if let waiting = former.joining { answer(waiting, .notJoined(.fencedInstanceID, memberID: formerID)) }
        if let waiting = former.syncing { answer(waiting, .refused(.fencedInstanceID)) }
        unsynced.remove(formerID)
        add(former.renamed(id))
        if leader == formerID { leader = id }
        update(id, request, token)
        renewSession(id, at: moment)

        switch phase {
        case .stable where selectedProtocol() == protocolName && !wantsOthers(former, members[id]):
            store(
                [record()],
                .replacement(
                    StaticReplacement(
                        token: token, former: former, memberID: id, formerLeader: formerLeader, generation: generation,
                        skipsAssignment: request.skipsAssignment)))
        case .stable: rebalanceOrCompleteJoin(at: moment)
        // The leader may be assigning to the former id.
        case .completingRebalance: prepareRebalance(at: moment)
        case .preparingRebalance, .empty, .dead, .reconciling: completeJoinIfAllCame(at: moment)
        }
    }

    /// Whether a consumer subscribes to other topics than its former self.
    private func wantsOthers(_ former: GroupMember, _ member: GroupMember?) -> Bool {
        guard isOfConsumers, let protocolName, let old = former.metadata(for: protocolName),
            let new = member?.metadata(for: protocolName), let wanted = SubscribedTopics.read(old),
            let wants = SubscribedTopics.read(new)
        else { return false }
        return wanted != wants
    }

    /// A replaced static member is in the log, or is not.
    mutating func finish(_ replacement: StaticReplacement, _ failure: StoreFailure?, at moment: Moment) {
        let id = replacement.memberID
        // If a rebalance began meanwhile, that answers it.
        guard let member = members[id], member.joining == replacement.token, phase == .stable,
            generation == replacement.generation
        else { return }
        change(id) { $0.joining = nil }
        if let failure {
            let leads = leader == id
            _ = take(id)
            var former = replacement.former
            former.joining = nil
            former.syncing = nil
            add(former)
            if leads { leader = former.id }
            renewSession(former.id, at: moment)
            answer(replacement.token, .notJoined(failure.groupRefusal, memberID: ""))
        } else {
            renewSession(id, at: moment)
            let leads = leader == id && replacement.skipsAssignment
            // A leader that does not know how to skip must not assign: it is told of its former self as the leader.
            answer(
                replacement.token,
                joined(
                    id, isLeader: leads, leader: replacement.skipsAssignment ? nil : replacement.formerLeader,
                    skips: leads))
        }
    }
}
