// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a group is doing.
package enum GroupPhase: UInt8, Sendable, Hashable, CaseIterable {
    /// It has no members; its offsets stay for a while.
    case empty
    /// Its members are asked to join again.
    case preparingRebalance
    /// All have joined; the leader shares out.
    case completingRebalance
    /// Everybody has an assignment.
    case stable
    /// It is being deleted.
    case dead
    /// Members give back and get partitions, in a group whose partitions the server shares out.
    case reconciling
}

/// A group of consumers that share the partitions of topics: Kafka's classic protocol, as a value.
///
/// It is told of requests, of time, and of what became of its records; it answers with steps. A request is answered once,
/// at once or later. What others may rely on, an assignment or an offset, is told when it is stored.
package struct ConsumerGroup {
    /// The wait for members to join.
    struct JoinWait {
        var deadline: MonotonicTime
        /// For the first generation: how long another round of waiting is, and how much time is left for more.
        var initial: (pause: Duration, left: Duration)?
    }

    /// Why something is being stored, and so what happens when it is.
    enum PendingStore {
        /// The leader's assignments of a generation.
        case assignments(generation: Int32, [String: [UInt8]])
        /// A static member came back under another id.
        case replacement(StaticReplacement)
        /// The group became empty; who left is answered.
        case emptied(RequestToken?, GroupAnswer)
        case offsets([OffsetChange], RequestToken?, [PartitionRefusal])
        /// The end of a transaction.
        case ending([OffsetChange], RequestToken)
        case deletion(RequestToken?)
        /// Coordinated members changed.
        case coordinated(Set<String>, RequestToken?, GroupAnswer)
    }

    /// The group's id.
    package let id: String
    let limits: GroupLimits
    let birth: UInt64

    /// What it is doing.
    package private(set) var phase = GroupPhase.empty
    private(set) var previousPhase = GroupPhase.empty
    /// Since when it does that.
    private(set) var since: WallTime
    /// What it is for, from its first member on; nil when it only ever had offsets.
    package internal(set) var protocolType: String?
    var protocolName: String?
    /// Counts how often members were brought together.
    package var generation: Int32 = 0
    var leader: String?
    private(set) var members: [String: GroupMember] = [:]
    /// The ids of static members, by instance.
    private(set) var instances: [String: String] = [:]
    /// Ids that were handed out and have not joined yet, and when they expire.
    var pendingMembers: [String: MonotonicTime] = [:]
    /// Members that have not asked for their assignment.
    var unsynced: Set<String> = []
    /// Topics the members want; nil when that is not known.
    var subscribed: Set<String>?
    var joinWait: JoinWait?
    var syncDeadline: MonotonicTime?
    /// Whether somebody joined during the first wait.
    var gotNewMember = false
    var offsets = GroupOffsets()
    /// The members, where the server shares out; nil in a group of the classic protocol.
    var coordinated: CoordinatedMembers?

    var stores: [UInt64: PendingStore] = [:]
    /// Ends of transactions that wait for a commit to be stored.
    var waitingEnds: [(ProducerIdentity, isCommit: Bool, RequestToken)] = []
    var steps: [GroupStep] = []
    /// Whether a record of it may be in the log.
    var isRecorded = false
    private var lastStore: UInt64 = 0
    private var lastOrder: UInt64 = 0
    /// About how much memory its members take.
    private(set) var memberBytes = 0
    /// How many joins wait here.
    private(set) var joiningCount = 0
    /// How many members know a protocol.
    private var support: [String: Int] = [:]

    init(_ id: String, limits: GroupLimits, birth: UInt64, at moment: Moment) {
        self.id = id
        self.limits = limits
        self.birth = birth
        since = moment.wall
    }

    /// About how much memory it takes.
    var byteCount: Int {
        512 + memberBytes + (coordinated?.byteCount ?? 0) + pendingMembers.count * 512 + offsets.byteCount
    }

    /// Whether nothing would be lost without it.
    var isBlank: Bool {
        phase == .empty && members.isEmpty && pendingMembers.isEmpty && offsets.isEmpty && stores.isEmpty
            && waitingEnds.isEmpty && !isRecorded && coordinated == nil
    }

    /// Whether its members are Kafka's consumers.
    var isOfConsumers: Bool { protocolType == "consumer" }

    /// Whether its members want the topic.
    func isSubscribed(to topic: String) -> Bool { subscribed?.contains(topic) ?? isOfConsumers }

    /// Takes the steps that came up.
    mutating func takeSteps() -> [GroupStep] {
        defer { steps.removeAll() }
        return steps
    }

    // MARK: - What the rules are made of

    mutating func enter(_ next: GroupPhase, at moment: Moment) {
        previousPhase = phase
        phase = next
        since = moment.wall
    }

    /// Nothing is taken any more: the group is being deleted.
    mutating func die() { phase = .dead }

    /// It could not be deleted.
    mutating func revive() { phase = .empty }

    /// Goes on where a former life ended.
    mutating func restore(_ phase: GroupPhase, since: WallTime) {
        self.phase = phase
        previousPhase = phase
        self.since = since
    }

    mutating func answer(_ token: RequestToken, _ answer: GroupAnswer) { steps.append(.answer(token, answer)) }

    mutating func store(_ records: [StoredRecord], _ pending: PendingStore) {
        lastStore += 1
        stores[lastStore] = pending
        isRecorded = true
        steps.append(.store(records, as: GroupTicket(group: id, birth: birth, number: lastStore)))
    }

    /// The last append that was asked for.
    var newestStore: UInt64 { lastStore }

    /// Members in the order they came.
    var membersInOrder: [GroupMember] { members.values.sorted { $0.order < $1.order } }

    mutating func nextOrder() -> UInt64 {
        lastOrder += 1
        return lastOrder
    }

    mutating func add(_ member: GroupMember) {
        if leader == nil { leader = member.id }
        for known in member.protocols { support[known.name, default: 0] += 1 }
        members[member.id] = member
        if let instance = member.instanceID { instances[instance] = member.id }
        if member.joining != nil { joiningCount += 1 }
        memberBytes += member.byteCount
        pendingMembers[member.id] = nil
    }

    /// Takes a member out; whoever waited for its answer is told that it is not known any more.
    mutating func remove(_ id: String, _ refusal: GroupRefusal = .unknownMemberID) {
        pendingMembers[id] = nil
        unsynced.remove(id)
        guard let member = take(id) else { return }
        if let token = member.joining { answer(token, .notJoined(refusal, memberID: "")) }
        if let token = member.syncing { answer(token, .refused(refusal)) }
        if leader == id { leader = membersInOrder.first?.id }
    }

    /// Takes a member out and says nothing.
    mutating func take(_ id: String) -> GroupMember? {
        guard let member = members.removeValue(forKey: id) else { return nil }
        for known in member.protocols {
            support[known.name, default: 0] -= 1
            if support[known.name] == 0 { support[known.name] = nil }
        }
        if let instance = member.instanceID, instances[instance] == id { instances[instance] = nil }
        if member.joining != nil { joiningCount -= 1 }
        memberBytes -= member.byteCount
        return member
    }

    mutating func change(_ id: String, _ body: (inout GroupMember) -> Void) {
        guard var member = members[id] else { return }
        let wasJoining = member.joining != nil
        let known = member.protocols
        memberBytes -= member.byteCount
        body(&member)
        memberBytes += member.byteCount
        members[id] = member
        joiningCount += (member.joining != nil ? 1 : 0) - (wasJoining ? 1 : 0)
        guard member.protocols != known else { return }
        for one in known {
            support[one.name, default: 0] -= 1
            if support[one.name] == 0 { support[one.name] = nil }
        }
        for one in member.protocols { support[one.name, default: 0] += 1 }
    }

    /// Whether a member that knows these could be among the others.
    func supports(_ type: String, _ protocols: [GroupProtocol]) -> Bool {
        if phase == .empty { return !type.isEmpty && !protocols.isEmpty }
        return type == protocolType && protocols.contains { support[$0.name] ?? 0 == members.count }
    }

    /// The protocol that all know and most prefer; of equals, the one that its first voter came first with.
    func selectedProtocol() -> String? {
        let candidates = Set(support.filter { $0.value == members.count }.keys)
        var votes: [(name: String, count: Int)] = []
        for member in membersInOrder {
            guard let vote = member.vote(among: candidates) else { continue }
            if let place = votes.firstIndex(where: { $0.name == vote }) {
                votes[place].count += 1
            } else {
                votes.append((vote, 1))
            }
        }
        // Later ones win only with more votes.
        return votes.reduce(nil) { best, vote -> (name: String, count: Int)? in
            best.map { $0.count >= vote.count ? $0 : vote } ?? vote
        }?.name
    }

    /// What the members want, when they are consumers and say it in the known form.
    func computedTopics() -> Set<String>? {
        guard isOfConsumers else { return nil }
        if members.isEmpty { return [] }
        guard let protocolName else { return nil }
        var topics: Set<String> = []
        for member in members.values {
            guard let own = SubscribedTopics.read(member.metadata(for: protocolName) ?? []) else { return nil }
            topics.formUnion(own)
        }
        return topics
    }

    /// Whether a request comes from a member; nil when it does.
    func refusal(of member: MemberIdentity) -> GroupRefusal? {
        if let instance = member.instanceID {
            guard let current = instances[instance] else { return .unknownMemberID }
            #if TIDINGS_MUTATIONS
                if limits.mutation == .fencesNobody { return nil }
            #endif
            if current != member.memberID { return .fencedInstanceID }
        }
        return members[member.memberID] == nil ? .unknownMemberID : nil
    }

    /// The longest time a member needs to join again.
    var rebalanceTimeout: Duration { members.values.map(\.rebalanceTimeout).max() ?? .zero }

    /// A member was heard of, or an answer left for it.
    mutating func renewSession(_ id: String, at moment: Moment) {
        guard let timeout = members[id]?.sessionTimeout else { return }
        members[id]?.deadline = moment.now + timeout
    }

    /// The record of the group as it is, with other assignments.
    func record(_ assignments: [String: [UInt8]]? = nil) -> StoredRecord {
        let members = membersInOrder.map { member in
            GroupRecord.Member(
                id: member.id, instanceID: member.instanceID, clientID: member.clientID,
                clientHost: member.clientHost, sessionTimeout: member.sessionTimeout,
                rebalanceTimeout: member.rebalanceTimeout,
                subscription: protocolName.flatMap { member.metadata(for: $0) } ?? [],
                assignment: assignments.map { $0[member.id] ?? [] } ?? member.assignment)
        }
        let record = GroupRecord(
            generation: generation, protocolType: protocolType, protocolName: protocolName, leader: leader,
            since: since, members: members)
        return StoredRecord(key: GroupKey.group(id).bytes, value: record.value)
    }
}
