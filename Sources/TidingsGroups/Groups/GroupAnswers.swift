// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is to be done for a group, in this order.
package enum GroupStep: Sendable, Hashable {
    /// A request is answered.
    case answer(RequestToken, GroupAnswer)
    /// Records are appended to the groups' topic, all in one round; what became of it is told by the ticket.
    case store([StoredRecord], as: GroupTicket)
}

/// Names an append of a group.
package struct GroupTicket: Sendable, Hashable {
    /// The group.
    package let group: String
    /// Which life of a group of that name.
    let birth: UInt64
    let number: UInt64
}

/// The answer to one request.
package enum GroupAnswer: Sendable, Hashable {
    case joined(JoinAnswer)
    /// A join was refused; the member's id as the answer repeats or hands it out.
    case notJoined(GroupRefusal, memberID: String)
    case synced(SyncAnswer)
    /// A heartbeat was taken, a group was deleted.
    case done
    /// A member of a coordinated group was heard.
    case beat(ConsumerHeartbeatAnswer)
    case left([MemberRefusal])
    /// For each offset of the request, in its order, why it was refused; nil when it is durable.
    case offsets([PartitionRefusal])
    case refused(GroupRefusal)
}

/// A member is in a generation.
package struct JoinAnswer: Sendable, Hashable {
    package let generation: Int32
    package let protocolType: String?
    package let protocolName: String?
    package let leader: String
    package let memberID: String
    /// The leader need not assign: nothing changed.
    package let skipsAssignment: Bool
    /// All members, for the leader; none for the others.
    package let members: [JoinedMember]
}

/// A member as its leader sees it.
package struct JoinedMember: Sendable, Hashable {
    package let memberID: String
    package let instanceID: String?
    package let metadata: [UInt8]
}

/// A member's assignment.
package struct SyncAnswer: Sendable, Hashable {
    package let protocolType: String?
    package let protocolName: String?
    package let assignment: [UInt8]
}

/// What became of one member of a leave request.
package struct MemberRefusal: Sendable, Hashable {
    package let member: MemberIdentity
    /// Nil when it left.
    package let refusal: GroupRefusal?
}

/// What became of one offset of a request.
package struct PartitionRefusal: Sendable, Hashable {
    package let partition: PartitionID
    /// Nil when it was done.
    package let refusal: GroupRefusal?
}

/// A group as administrators see it.
package struct GroupDescription: Sendable, Hashable {
    package let id: String
    package let phase: GroupPhase
    /// Since when it is in that phase.
    package let since: WallTime
    package let generation: Int32
    /// Empty for a group that only has offsets.
    package let protocolType: String
    package let protocolName: String
    /// The members, where the server shares out; nil in a group of the classic protocol.
    package let coordinated: CoordinatedDescription?
    package let members: [DescribedMember]

    /// Whether partitions are still to be shared out for the members there are: the first of their heartbeats does it.
    package var isAssigning: Bool {
        phase == .reconciling && coordinated.map { $0.assignmentEpoch < $0.epoch } ?? false
    }
}

/// A member as administrators see it.
package struct DescribedMember: Sendable, Hashable {
    package let memberID: String
    package let instanceID: String?
    package let clientID: String
    package let clientHost: String
    /// Since when it is a member, as far as that is known.
    package let since: WallTime
    /// Of the protocol in use; empty where none is.
    package let metadata: [UInt8]
    /// Empty unless the group is stable.
    package let assignment: [UInt8]
}
