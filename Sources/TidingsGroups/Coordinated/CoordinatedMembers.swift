// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The members of a group whose partitions the server shares out: Kafka's next-generation protocol (KIP-848), as a value.
///
/// Each change of members, of what they want or of the topics is an epoch of the group, for which partitions are shared
/// out anew. A member is brought there by its own heartbeats: first it gives back what it is not to read any more, then it
/// gets what nobody else has. So no partition is read by two.
struct CoordinatedMembers {
    private let limits: GroupLimits
    /// Counts what changes who reads what.
    private(set) var epoch: Int32 = 0
    /// The epoch for which partitions were shared out.
    private(set) var targetEpoch: Int32 = 0
    private(set) var assignor = Assignor.uniform
    private(set) var members: [String: CoordinatedMember] = [:]
    private var instances: [String: String] = [:]
    /// Who may read a partition, or has not given it back.
    private var owners: [PartitionID: String] = [:]
    private var layout: [String: (topic: TopicID, partitions: Int32)] = [:]
    private var layoutVersion: UInt64?
    /// What the members' patterns come to.
    private var matched: [String: [String]] = [:]
    /// When members are taken for dead.
    private var sessions: [String: MonotonicTime] = [:]
    /// Until when members have to have given back what they were told to.
    private var revocations: [String: MonotonicTime] = [:]
    /// What is to be stored.
    private var changed: Set<String> = []
    private var gone: Set<String> = []
    private var storedEpoch: Int32 = -1
    private(set) var byteCount = 0

    init(limits: GroupLimits) { self.limits = limits }

    var isEmpty: Bool { members.isEmpty }

    /// Whether everybody has what they are to have.
    var isSettled: Bool { isEmpty || targetEpoch == epoch && members.values.allSatisfy { $0.isSettled(in: epoch) } }

    /// The topics that members want.
    var topics: Set<String> { Set(members.values.lazy.flatMap { wanted(by: $0) }) }

    private func wanted(by member: CoordinatedMember) -> [String] {
        guard let pattern = member.pattern, let more = matched[pattern] else { return member.topics }
        return Set(member.topics + more).sorted()
    }

    /// When time may change something next.
    var deadline: MonotonicTime? {
        let (session, revocation) = (sessions.values.min(), revocations.values.min())
        guard let session, let revocation else { return session ?? revocation }
        return min(session, revocation)
    }

    // MARK: - Heartbeats

    /// A heartbeat that changes nothing, the most frequent one.
    /// - Returns: nil when it may change something.
    mutating func beat(_ request: ConsumerHeartbeat, _ topics: TopicLayouts, at moment: Moment)
        -> ConsumerHeartbeatAnswer?
    {
        guard request.epoch > 0, let member = members[request.memberID], request.epoch == member.epoch,
            request.owned == nil, targetEpoch == epoch, layoutVersion == topics.version, !member.isAway,
            member.isSettled(in: epoch), member.instanceID == request.instanceID,
            request.topics.map({ $0 == member.topics }) ?? true, request.assignor == nil,
            request.pattern.map({ $0 == member.pattern ?? "" }) ?? true, request.rebalanceTimeout == nil
        else { return nil }
        sessions[member.id] = moment.now + limits.memberSession
        return ConsumerHeartbeatAnswer(memberID: member.id, epoch: member.epoch, assignment: nil)
    }

    /// A member says that it is there; ``takeRecords(of:)`` tells what is to be stored before it is answered.
    mutating func heartbeat(
        _ request: ConsumerHeartbeat, _ topics: TopicLayouts, at moment: Moment
    ) throws(GroupRefusal) -> ConsumerHeartbeatAnswer {
        if request.epoch < 0 { return try leave(request, at: moment) }
        let former = try find(request)
        var member =
            former
            ?? CoordinatedMember(
                id: request.memberID, instanceID: request.instanceID, clientID: "", clientHost: "",
                since: moment.wall, rebalanceTimeout: .seconds(300), topics: [])
        let hasJoined = request.epoch == ConsumerHeartbeat.Sign.joins
        if let names = request.topics { member.topics = Array(Set(names)).sorted() }
        if let pattern = request.pattern { member.pattern = pattern.isEmpty ? nil : pattern }
        if let name = request.assignor { member.assignor = Assignor(rawValue: name) }
        if let rack = request.rackID { member.rackID = rack }
        member.rebalanceTimeout = request.rebalanceTimeout ?? member.rebalanceTimeout
        member.clientID = String(decoding: request.clientID.utf8.prefix(limits.clientIDBytes), as: UTF8.self)
        member.clientHost = request.clientHost
        guard byteCount - (former?.byteCount ?? 0) + member.byteCount <= limits.groupBytes else {
            throw .groupMaxSizeReached
        }
        try check(member.pattern)
        if hasJoined {
            // It begins anew, and has nothing.
            free(member.revoking)
            member.revoking = []
            member.isAway = false
            revocations[member.id] = nil
        }
        put(member)
        sessions[member.id] = moment.now + limits.memberSession
        let wantsOthers = former?.topics != member.topics || former?.pattern != member.pattern
        let isOther = look(at: topics, isNew: wantsOthers)
        if wantsOthers || former?.assignor != member.assignor || isOther { bump() }
        // A group keeps no more offsets than that either.
        guard layout.values.reduce(0, { $0 + Int($1.partitions) }) <= limits.offsets else { throw .policyViolation }
        if targetEpoch != epoch { shareOut() }
        let before = members[member.id]!
        reconcile(member.id, hasJoined ? request.owned ?? [] : request.owned, at: moment)
        let after = members[member.id]!
        let isTold =
            hasJoined || request.epoch != after.epoch || after.assigned != before.assigned
            || request.owned != nil && request.topics != nil
        return ConsumerHeartbeatAnswer(
            memberID: member.id, epoch: after.epoch, assignment: isTold ? after.assigned.sorted() : nil)
    }

    /// Whether a pattern can be read, and is not one too many.
    private func check(_ pattern: String?) throws(GroupRefusal) {
        guard let pattern, matched[pattern] == nil else { return }
        guard TopicPattern(pattern) != nil else { throw .invalidRegularExpression }
        guard Set(members.values.compactMap(\.pattern)).count < limits.patterns else { throw .groupMaxSizeReached }
    }

    /// The member that speaks; nil for one that joins.
    private mutating func find(_ request: ConsumerHeartbeat) throws(GroupRefusal) -> CoordinatedMember? {
        if let instance = request.instanceID {
            let holder = instances[instance]
            if request.epoch > 0 {
                guard let holder else { throw .unknownMemberID }
                guard holder == request.memberID else { throw .fencedInstanceID }
            } else if let holder, holder != request.memberID {
                guard members[holder]?.isAway == true else { throw .unreleasedInstanceID }
                rename(holder, to: request.memberID)
            }
        }
        guard let member = members[request.memberID] else {
            guard request.epoch == ConsumerHeartbeat.Sign.joins else { throw .unknownMemberID }
            guard members.count < limits.members else { throw .groupMaxSizeReached }
            return nil
        }
        if request.epoch == member.epoch && !member.isAway || request.epoch == ConsumerHeartbeat.Sign.joins {
            return member
        }
        // Its last answer may have been lost: then it comes with the epoch before, and has nothing that is not its own.
        guard request.epoch == member.previousEpoch, !member.isAway, let owned = request.owned,
            owned.isSubset(of: member.assigned)
        else { throw .fencedMemberEpoch }
        return member
    }

    private mutating func leave(
        _ request: ConsumerHeartbeat, at moment: Moment
    ) throws(GroupRefusal) -> ConsumerHeartbeatAnswer {
        if let instance = request.instanceID {
            guard let holder = instances[instance] else { throw .unknownMemberID }
            guard holder == request.memberID else { throw .fencedInstanceID }
        }
        guard var member = members[request.memberID] else { throw .unknownMemberID }
        if request.epoch == ConsumerHeartbeat.Sign.pauses, member.instanceID != nil {
            // What it has waits for it, until its session is over.
            free(member.revoking)
            member.revoking = []
            member.isAway = true
            revocations[member.id] = nil
            put(member)
            sessions[member.id] = moment.now + limits.memberSession
        } else {
            remove(member.id)
        }
        return ConsumerHeartbeatAnswer(memberID: member.id, epoch: request.epoch, assignment: nil)
    }

    /// Why a member may not commit or read offsets; nil when it may.
    func refusal(of memberID: String, epoch: Int32) -> GroupRefusal? {
        guard let member = members[memberID] else { return .unknownMemberID }
        return member.epoch == epoch ? nil : .staleMemberEpoch
    }

    // MARK: - Time

    /// Time passed: who was silent for too long, or did not give back, is out.
    mutating func pass(_ moment: Moment) {
        for deadlines in [sessions, revocations] {
            for (id, deadline) in deadlines.sorted(by: { $0.key < $1.key }) where deadline <= moment.now { remove(id) }
        }
    }

    // MARK: - Who reads what

    /// Sees whether the topics that members want are other ones than before.
    private mutating func look(at topics: TopicLayouts, isNew: Bool) -> Bool {
        guard isNew || layoutVersion != topics.version else { return false }
        // After a restart it is what was shared out that tells whether anything changed.
        let isFirst = layoutVersion == nil
        layoutVersion = topics.version
        let (before, matchedBefore) = (layout, matched)
        layout = [:]
        matched = [:]
        let patterns = Set(members.values.compactMap(\.pattern))
        let names = patterns.isEmpty ? [] : topics.names()
        for text in patterns {
            guard let pattern = TopicPattern(text) else { continue }
            matched[text] = names.filter { pattern.matches($0) }.sorted()
        }
        for name in self.topics { layout[name] = topics.layout(name) }
        if isFirst {
            let there = layout.values.flatMap { topic in
                (0..<topic.partitions).map { PartitionID(topic.topic, $0) }
            }
            return members.values.reduce(into: Set()) { $0.formUnion($1.target) } != Set(there)
        }
        return matched != matchedBefore || before.count != layout.count
            || !layout.allSatisfy { name, now in before[name].map { $0 == now } ?? false }
    }

    /// The assignor that most want.
    private var voted: Assignor {
        var votes: [Assignor: Int] = [:]
        for member in members.values { if let assignor = member.assignor { votes[assignor, default: 0] += 1 } }
        let most = Assignor.allCases.max { votes[$0] ?? 0 < votes[$1] ?? 0 } ?? .uniform
        return votes[most] ?? 0 == votes[.uniform] ?? 0 ? .uniform : most
    }

    private mutating func shareOut() {
        assignor = voted
        let inOrder = members.values.sorted { ($0.instanceID ?? $0.id, $0.id) < ($1.instanceID ?? $1.id, $1.id) }
        let shares = assignor.share(
            layout,
            among: inOrder.map {
                Assignor.Member(id: $0.id, topics: wanted(by: $0), former: $0.target.union($0.assigned))
            })
        for (member, share) in zip(inOrder, shares) where member.target != share {
            var member = member
            member.target = share
            put(member)
        }
        targetEpoch = epoch
    }

    /// Brings a member nearer to its target.
    private mutating func reconcile(_ id: String, _ owned: Set<PartitionID>?, at moment: Moment) {
        guard var member = members[id] else { return }
        defer { put(member) }
        if !member.revoking.isEmpty {
            guard let owned, owned.isDisjoint(with: member.revoking) else { return }
            free(member.revoking)
            member.revoking = []
            revocations[id] = nil
        }
        let surplus = member.assigned.subtracting(member.target)
        member.assigned.subtract(surplus)
        if !surplus.isEmpty {
            guard let owned, owned.isDisjoint(with: surplus) else {
                member.revoking = surplus
                revocations[id] = moment.now + member.rebalanceTimeout
                return
            }
            free(surplus)
        }
        for partition in member.target where owners[partition] == nil || takesFromOthers {
            owners[partition] = id
            member.assigned.insert(partition)
        }
        guard member.epoch != targetEpoch else { return }
        member.previousEpoch = member.epoch
        member.epoch = targetEpoch
    }

    private var takesFromOthers: Bool {
        #if TIDINGS_MUTATIONS
            limits.mutation == .takesFromOthers
        #else
            false
        #endif
    }

    // MARK: - Keeping them

    private mutating func bump() { epoch = epoch == .max ? 1 : epoch + 1 }

    private mutating func free(_ partitions: Set<PartitionID>) {
        for partition in partitions { owners[partition] = nil }
    }

    private mutating func put(_ member: CoordinatedMember) {
        let former = members[member.id]
        if former == member { return }
        byteCount += member.byteCount - (former?.byteCount ?? 0)
        members[member.id] = member
        if let instance = member.instanceID { instances[instance] = member.id }
        changed.insert(member.id)
        gone.remove(member.id)
    }

    private mutating func take(_ id: String) -> CoordinatedMember? {
        guard let member = members.removeValue(forKey: id) else { return nil }
        byteCount -= member.byteCount
        if let instance = member.instanceID, instances[instance] == id { instances[instance] = nil }
        sessions[id] = nil
        revocations[id] = nil
        changed.remove(id)
        gone.insert(id)
        return member
    }

    private mutating func remove(_ id: String) {
        guard let member = take(id) else { return }
        free(member.assigned)
        free(member.revoking)
        bump()
    }

    /// A static member came back under another id: it has what it had.
    private mutating func rename(_ former: String, to id: String) {
        guard let member = take(former) else { return }
        for partition in member.assigned { owners[partition] = id }
        var renamed = CoordinatedMember(
            id: id, instanceID: member.instanceID, clientID: member.clientID, clientHost: member.clientHost,
            since: member.since, rebalanceTimeout: member.rebalanceTimeout, topics: member.topics)
        renamed.assignor = member.assignor
        renamed.pattern = member.pattern
        renamed.rackID = member.rackID
        renamed.epoch = member.epoch
        renamed.previousEpoch = member.previousEpoch
        renamed.assigned = member.assigned
        renamed.target = member.target
        put(renamed)
    }

    // MARK: - Records

    /// What has to be stored since this was asked last: of the group, and of its members.
    mutating func takeRecords(of group: String) -> (records: [StoredRecord], members: Set<String>) {
        let members = changed.union(gone)
        guard !members.isEmpty || storedEpoch != epoch else { return ([], []) }
        var records = [CoordinatedRecord(epoch: epoch).record(of: group)]
        records += changed.sorted().compactMap { id in self.members[id].map { CoordinatedRecord.record($0, of: group) }
        }
        records += gone.sorted().map { StoredRecord(key: GroupKey.member(group, $0).bytes, value: nil) }
        changed = []
        gone = []
        storedEpoch = epoch
        return (records, members)
    }

    /// Records of these members could not be stored: they are stored with the next ones.
    mutating func storeAgain(_ members: Set<String>) {
        for id in members { if self.members[id] == nil { gone.insert(id) } else { changed.insert(id) } }
        storedEpoch = -1
    }

    /// The members as their records say they were, with fresh sessions.
    init(_ image: GroupState.Coordinated, limits: GroupLimits, at moment: Moment) {
        self.init(limits: limits)
        epoch = image.epoch
        storedEpoch = epoch
        // What is not shared out for this epoch is with the next heartbeat.
        for member in image.members.values.sorted(by: { $0.id < $1.id }) {
            put(member)
            sessions[member.id] = moment.now + limits.memberSession
            if !member.revoking.isEmpty { revocations[member.id] = moment.now + member.rebalanceTimeout }
            for partition in member.assigned.union(member.revoking) { owners[partition] = member.id }
        }
        targetEpoch = members.values.contains { $0.epoch == epoch } ? epoch : 0
        assignor = voted
        changed = []
    }

    /// The members as administrators see them.
    var description: CoordinatedDescription {
        CoordinatedDescription(
            epoch: epoch, assignmentEpoch: targetEpoch, assignor: assignor.rawValue,
            members: members.values.sorted { $0.id < $1.id }.map { member in
                .init(
                    memberID: member.id, instanceID: member.instanceID, rackID: member.rackID,
                    epoch: member.isAway ? ConsumerHeartbeat.Sign.pauses : member.epoch, clientID: member.clientID,
                    clientHost: member.clientHost, since: member.since, topics: member.topics, pattern: member.pattern,
                    assigned: member.assigned.sorted(),
                    target: member.target.sorted())
            })
    }
}
