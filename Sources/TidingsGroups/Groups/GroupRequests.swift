// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Names a request that may be answered later; the caller's own number.
package struct RequestToken: Hashable, Sendable {
    /// The number.
    package let number: UInt64

    /// Names a request.
    package init(_ number: UInt64) { self.number = number }
}

/// When something happens, on both clocks.
package struct Moment: Sendable, Hashable {
    /// For time limits.
    package let now: MonotonicTime
    /// For what is stored.
    package let wall: WallTime

    /// Creates a moment from the readings of both clocks.
    package init(now: MonotonicTime, wall: WallTime) {
        self.now = now
        self.wall = wall
    }

    /// The moment it is.
    package init(_ time: any TimeSource) { self.init(now: time.now, wall: time.wall) }
}

/// A way to share partitions that a member knows, and what it tells the others of itself for it.
package struct GroupProtocol: Sendable, Hashable {
    /// Its name, for instance `range`.
    package let name: String
    /// The member's subscription, as the protocol's type writes it.
    package let metadata: [UInt8]

    /// Describes a protocol.
    package init(name: String, metadata: [UInt8]) {
        self.name = name
        self.metadata = metadata
    }
}

/// A member wants to join, or to join again.
package struct JoinRequest: Sendable {
    /// Empty for one that has none yet.
    package var memberID = ""
    /// The name a static member keeps over its restarts.
    package var instanceID: String?
    package var clientID = ""
    package var clientHost = ""
    package var sessionTimeout = Duration.seconds(45)
    package var rebalanceTimeout = Duration.seconds(300)
    /// What the group is for: `consumer`, `connect` …
    package var protocolType = "consumer"
    /// In the order the member prefers them.
    package var protocols: [GroupProtocol]
    /// Whether a member has to come back with the id it is given (JoinGroup 4 and later).
    package var requiresMemberID = true
    /// Whether a leader understands that it need not assign (JoinGroup 9 and later).
    package var skipsAssignment = true

    /// Describes a request.
    package init(protocols: [GroupProtocol]) { self.protocols = protocols }
}

/// A member, as its requests name it.
package struct MemberIdentity: Sendable, Hashable {
    /// Empty where a static member is meant whatever its id.
    package var memberID: String
    package var instanceID: String?

    /// Names a member.
    package init(_ memberID: String, instanceID: String? = nil) {
        self.memberID = memberID
        self.instanceID = instanceID
    }
}

/// A member waits for its assignment; the leader brings those of all.
package struct SyncRequest: Sendable {
    package var member: MemberIdentity
    package var generation: Int32
    /// Nil where the request does not say (SyncGroup 4 and earlier).
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [(memberID: String, assignment: [UInt8])]

    /// Describes a request.
    package init(
        _ member: MemberIdentity, generation: Int32, protocolType: String? = nil, protocolName: String? = nil,
        assignments: [(memberID: String, assignment: [UInt8])] = []
    ) {
        self.member = member
        self.generation = generation
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }
}

/// Offsets to commit, at once or with a transaction.
package struct CommitRequest: Sendable {
    package var member: MemberIdentity
    /// Negative for who is no member: a simple consumer, an administrator.
    package var generation: Int32
    package var offsets: [OffsetToCommit]
    /// The transaction they wait for; nil when they count at once.
    package var transaction: ProducerIdentity?
    /// Whether a group that is not there is called so (OffsetCommit 9 and later) or a wrong generation.
    package var namesMissingGroup = false

    /// Describes a request.
    package init(
        _ member: MemberIdentity = MemberIdentity(""), generation: Int32 = -1, offsets: [OffsetToCommit],
        transaction: ProducerIdentity? = nil
    ) {
        self.member = member
        self.generation = generation
        self.offsets = offsets
        self.transaction = transaction
    }
}
