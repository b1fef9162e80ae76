// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The groups of one loop: finds them, makes them, wakes them, forgets them.
///
/// Every verb answers with steps, to be done in their order. What is stored is told by stored(_:_:at:), in the order in
/// which it was asked for. Time passes by pass(_:), at the latest at deadline.
package struct GroupTable {
    /// What the groups hold at most.
    package let limits: GroupLimits
    private let random: any RandomSource
    private var groups: [String: ConsumerGroup] = [:]
    private var alarms = Alarms()
    private var births: UInt64 = 0
    /// About how much memory the groups take.
    package private(set) var byteCount = 0

    /// Makes a table of the groups whose records were folded; their members get fresh sessions.
    package init(_ state: GroupState = GroupState(), limits: GroupLimits, random: any RandomSource, at moment: Moment) {
        self.limits = limits
        self.random = random
        for (id, image) in state.groups.sorted(by: { $0.key < $1.key }) {
            births += 1
            let group = ConsumerGroup(id, image, limits: limits, birth: births, at: moment)
            alarms.set(id, at: group.deadline)
            byteCount += group.byteCount
            groups[id] = group
        }
    }

    /// When time may change something next.
    package var deadline: MonotonicTime? { alarms.first }

    /// All groups, by id.
    package var ids: [String] { groups.keys.sorted() }

    /// A group; nil when there is none of that id.
    package func group(_ id: String) -> ConsumerGroup? { groups[id] }

    // MARK: - Members

    /// A member joins; answered with `joined` or `notJoined`.
    package mutating func join(_ id: String, _ request: JoinRequest, _ token: RequestToken, at moment: Moment)
        -> [GroupStep]
    {
        if let refusal = refusal(of: request, to: id) {
            return [.answer(token, .notJoined(refusal, memberID: request.memberID))]
        }
        var request = request
        var names: Set<String> = []
        request.protocols.removeAll { !names.insert($0.name).inserted }
        request.rebalanceTimeout = max(request.rebalanceTimeout, .zero)
        make(id, at: moment)
        let random = random
        return change(id, at: moment) { $0.join(request, token, fresh: { .random(from: random) }, at: moment) }
    }

    private func refusal(of request: JoinRequest, to id: String) -> GroupRefusal? {
        if !isValid(id) { return .invalidGroupID }
        guard request.sessionTimeout >= limits.shortestSession, request.sessionTimeout <= limits.longestSession else {
            return .invalidSessionTimeout
        }
        let names = [request.memberID, request.instanceID ?? "", request.protocolType] + request.protocols.map(\.name)
        let bytes = request.protocols.reduce(0) { $0 + $1.metadata.count }
        guard request.protocols.count <= limits.protocols, bytes <= limits.memberMetadataBytes,
            names.allSatisfy({ $0.utf8.count <= limits.nameBytes })
        else { return .invalidRequest }
        guard let group = groups[id] else {
            if !request.memberID.isEmpty { return .unknownMemberID }
            return groups.count < limits.groups && byteCount < limits.tableBytes ? nil : .policyViolation
        }
        return group.members[request.memberID] != nil || byteCount < limits.tableBytes ? nil : .policyViolation
    }

    /// A member asks for its assignment; answered with `synced` or `refused`.
    package mutating func sync(_ id: String, _ request: SyncRequest, _ token: RequestToken, at moment: Moment)
        -> [GroupStep]
    {
        if let refusal = refusal(ofMemberOf: id) { return [.answer(token, .refused(refusal))] }
        return change(id, at: moment) { $0.sync(request, token, at: moment) }
    }

    /// A member says that it is there.
    /// - Returns: why it is not; nil when all is as it was. Nothing else is to be done.
    package mutating func heartbeat(_ id: String, _ member: MemberIdentity, generation: Int32, at moment: Moment)
        -> GroupRefusal?
    {
        if let refusal = refusal(ofMemberOf: id) { return refusal }
        // A session only gets longer by it: the alarm that is set comes early and is set again.
        return groups[id]!.heartbeat(member, generation: generation, at: moment)
    }

    /// Members leave; answered with `left`.
    package mutating func leave(_ id: String, _ members: [MemberIdentity], _ token: RequestToken, at moment: Moment)
        -> [GroupStep]
    {
        if !isValid(id) { return [.answer(token, .refused(.invalidGroupID))] }
        guard groups[id] != nil else {
            return [.answer(token, .left(members.map { MemberRefusal(member: $0, refusal: .unknownMemberID) }))]
        }
        return change(id, at: moment) { $0.leave(members, token, at: moment) }
    }

    /// A member of a coordinated group says that it is there, joins or leaves; answered with `beat`.
    package mutating func heartbeat(
        _ id: String, _ request: ConsumerHeartbeat, _ topics: TopicLayouts, _ token: RequestToken, at moment: Moment
    ) -> [GroupStep] {
        var request = request
        if request.memberID.isEmpty, request.wantsID, request.epoch == ConsumerHeartbeat.Sign.joins {
            request.memberID = UUID128.random(from: random).description
        }
        if let refusal = refusal(of: request, to: id) { return [.answer(token, .refused(refusal))] }
        // A session only gets longer by it: the alarm that is set comes early and is set again.
        if let told = groups[id]?.coordinated?.beat(request, topics, at: moment) {
            return [.answer(token, .beat(told))]
        }
        if groups[id] == nil {
            guard request.epoch == ConsumerHeartbeat.Sign.joins else {
                return [.answer(token, .refused(.groupIDNotFound))]
            }
            make(id, at: moment)
        }
        let asked = request
        return change(id, at: moment) { $0.heartbeat(asked, topics, token, at: moment) }
    }

    private func refusal(of request: ConsumerHeartbeat, to id: String) -> GroupRefusal? {
        if !isValid(id) { return .invalidGroupID }
        let names = [request.memberID, request.instanceID ?? "-", request.rackID ?? "-"] + (request.topics ?? [])
        guard !request.memberID.isEmpty, names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= limits.nameBytes }),
            names.reduce(0, { $0 + $1.utf8.count }) <= limits.memberMetadataBytes, request.epoch >= -2
        else { return .invalidRequest }
        if let assignor = request.assignor, Assignor(rawValue: assignor) == nil { return .unsupportedAssignor }
        if request.epoch == ConsumerHeartbeat.Sign.joins {
            guard request.topics != nil || request.pattern != nil, request.rebalanceTimeout != nil,
                request.owned?.isEmpty ?? true
            else {
                return .invalidRequest
            }
            if groups[id]?.coordinated?.members[request.memberID] == nil {
                guard byteCount < limits.tableBytes, groups[id] != nil || groups.count < limits.groups else {
                    return .policyViolation
                }
            }
        }
        return request.epoch == ConsumerHeartbeat.Sign.pauses && request.instanceID == nil ? .invalidRequest : nil
    }

    // MARK: - Offsets

    /// Commits offsets, for a transaction or at once; answered with `offsets`, or `refused` for all.
    package mutating func commit(_ id: String, _ request: CommitRequest, _ token: RequestToken, at moment: Moment)
        -> [GroupStep]
    {
        if id.utf8.count > limits.nameBytes { return [.answer(token, .refused(.invalidGroupID))] }
        if groups[id] == nil {
            guard request.generation < 0 else {
                let isNamed = request.namesMissingGroup && request.transaction == nil
                return [.answer(token, .refused(isNamed ? .groupIDNotFound : .illegalGeneration))]
            }
            guard groups.count < limits.groups, byteCount < limits.tableBytes else {
                return [.answer(token, .refused(.policyViolation))]
            }
            make(id, at: moment)
        }
        let mayGrow = byteCount < limits.tableBytes
        return change(id, at: moment) { $0.commit(request, token, mayGrow: mayGrow, at: moment) }
    }

    /// An administrator sets offsets of a group that has no members; answered as a commit.
    package mutating func reset(_ id: String, to offsets: [OffsetToCommit], _ token: RequestToken, at moment: Moment)
        -> [GroupStep]
    {
        switch groups[id]?.phase {
        case nil, .empty, .dead: break
        case .preparingRebalance, .completingRebalance, .stable, .reconciling:
            return [.answer(token, .refused(.nonEmptyGroup))]
        }
        return commit(id, CommitRequest(offsets: offsets), token, at: moment)
    }

    /// What is committed; of all partitions there are when none are named. A group that is not there has committed nothing.
    /// - Parameter stable: whether an offset that an open transaction may change is called unstable.
    package func fetch(_ id: String, _ partitions: [PartitionID]? = nil, stable: Bool)
        -> [(partition: PartitionID, offset: FetchedOffset)]
    {
        guard let group = groups[id], group.phase != .dead else { return (partitions ?? []).map { ($0, .unknown) } }
        return (partitions ?? group.offsets.committed.keys.sorted()).map {
            ($0, group.offsets.fetch($0, stable: stable))
        }
    }

    /// Why a member may not read offsets of its group; nil when it may, and for who is no member.
    package func refusal(ofFetch id: String, by memberID: String?, epoch: Int32) -> GroupRefusal? {
        guard memberID != nil || epoch >= 0, let members = groups[id]?.coordinated, !members.isEmpty else { return nil }
        return members.refusal(of: memberID ?? "", epoch: epoch)
    }

    /// A producer's transaction ended. Answered with `done` when the group's part of it is stored, or `refused`: then it
    /// is to be told again.
    package mutating func endTransaction(
        of producer: ProducerIdentity, in id: String, isCommit: Bool, _ token: RequestToken, at moment: Moment
    ) -> [GroupStep] {
        guard groups[id] != nil else { return [.answer(token, .done)] }
        return change(id, at: moment) { $0.end(producer, isCommit: isCommit, token, at: moment) }
    }

    /// Forgets offsets of topics that no member wants; answered with `offsets`.
    /// - Parameter name: the name of a partition's topic; nil when it is gone.
    package mutating func deleteOffsets(
        _ id: String, _ partitions: [PartitionID], _ token: RequestToken, at moment: Moment,
        named name: (PartitionID) -> String?
    ) -> [GroupStep] {
        guard groups[id] != nil else { return [.answer(token, .refused(.groupIDNotFound))] }
        return change(id, at: moment) { $0.delete(partitions, token, named: name) }
    }

    // MARK: - Groups

    /// Deletes a group without members; answered with `done`.
    package mutating func delete(_ id: String, _ token: RequestToken, at moment: Moment) -> [GroupStep] {
        guard groups[id] != nil else { return [.answer(token, .refused(.groupIDNotFound))] }
        return change(id, at: moment) { $0.delete(token) }
    }

    /// A topic is gone, and all offsets in it.
    package mutating func forget(_ topic: TopicID, at moment: Moment) -> [GroupStep] {
        ids.flatMap { id in change(id, at: moment) { $0.forget(topic) } }
    }

    /// Forgets offsets that are too old, and groups of which nothing is left; to be called every few minutes.
    package mutating func expire(at moment: Moment, named name: (PartitionID) -> String?) -> [GroupStep] {
        ids.flatMap { id in change(id, at: moment) { $0.expire(at: moment, named: name) } }
    }

    /// Records are durable, or were not stored.
    package mutating func stored(_ ticket: GroupTicket, _ failure: StoreFailure? = nil, at moment: Moment)
        -> [GroupStep]
    {
        let id = ticket.group
        guard groups[id]?.birth == ticket.birth else { return [] }
        var isGone = false
        let steps = change(id, at: moment) { isGone = $0.settle(ticket.number, failure, at: moment) }
        if isGone { drop(id) }
        return steps
    }

    /// Time passed.
    package mutating func pass(_ moment: Moment) -> [GroupStep] {
        var steps: [GroupStep] = []
        while let id = alarms.next(at: moment.now) {
            guard groups[id] != nil else { continue }
            steps += change(id, at: moment) { $0.pass(moment) }
        }
        return steps
    }

    // MARK: - Keeping them

    private func isValid(_ id: String) -> Bool { !id.isEmpty && id.utf8.count <= limits.nameBytes }

    private func refusal(ofMemberOf id: String) -> GroupRefusal? {
        if !isValid(id) { return .invalidGroupID }
        return groups[id] == nil ? .unknownMemberID : nil
    }

    private mutating func make(_ id: String, at moment: Moment) {
        guard groups[id] == nil else { return }
        births += 1
        let group = ConsumerGroup(id, limits: limits, birth: births, at: moment)
        byteCount += group.byteCount
        groups[id] = group
    }

    private mutating func change(_ id: String, at moment: Moment, _ body: (inout ConsumerGroup) -> Void) -> [GroupStep]
    {
        let before = groups[id]!.byteCount
        body(&groups[id]!)
        byteCount += groups[id]!.byteCount - before
        let steps = groups[id]!.takeSteps()
        if groups[id]!.isBlank {
            drop(id)
        } else {
            alarms.set(id, at: groups[id]!.deadline)
        }
        return steps
    }

    private mutating func drop(_ id: String) {
        byteCount -= groups.removeValue(forKey: id)?.byteCount ?? 0
        alarms.remove(id)
    }
}
