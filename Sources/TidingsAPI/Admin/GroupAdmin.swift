// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Groups of Kafka's clients, as people look after them; the server fills it in from its Kafka listener.
///
/// Any thread; `then` runs on `loop`, once, now or later. What a call changes is durable before it answers. A group that is
/// not there answers `not-found`, one that must not have members and has some `conflict`.
package protocol GroupAdmin: AnyObject, Sendable {
    /// Groups in the order of their names.
    /// - Parameters:
    ///   - topic: only groups that read this one; nil for all.
    ///   - after: only names behind this one; nil for all.
    func groups(
        of topic: String?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<[ClientGroup], Problem>) -> Void)

    /// One group.
    func group(_ name: String, on loop: any Loop, then: @escaping (Result<ClientGroup, Problem>) -> Void)

    /// Deletes a group that has no members, with its offsets.
    func delete(_ name: String, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void)

    /// Forgets a group's offsets of partitions that no member reads.
    func forgetOffsets(
        of name: String, in partitions: [PartitionID], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void)

    /// Sets offsets of a group that has no members, all of them or none; makes it where it is not there.
    func setOffsets(
        of name: String, _ offsets: [(partition: PartitionID, offset: Offset)], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void)
}

/// A group of Kafka's clients at one moment.
package struct ClientGroup: Sendable, Hashable {
    /// What it is doing.
    package enum State: String, Sendable, CaseIterable {
        case empty
        case preparingRebalance = "preparing_rebalance"
        case completingRebalance = "completing_rebalance"
        /// Partitions are to be shared out by the server; members give back and get what was.
        case assigning, reconciling
        case stable, dead
    }

    /// A partition by its topic's name, which clients choose.
    package struct Place: Sendable, Hashable {
        /// The topic.
        package let topic: String
        /// The partition.
        package let partition: Int32

        /// Names a partition.
        package init(topic: String, partition: Int32) {
            self.topic = topic
            self.partition = partition
        }
    }

    /// One member.
    package struct Member: Sendable, Hashable {
        /// Its id, given by the server.
        package let id: String
        /// The name it keeps over restarts; nil for one that has none.
        package let instance: String?
        /// What the client calls itself.
        package let client: String
        /// Where it connects from.
        package let host: String
        /// Since when it is a member, as far as that is known.
        package let since: WallTime
        /// What it reads; empty while members come together, and where the protocol is not that of consumers.
        package let assigned: [Place]
        /// Where the server shares out: the group's epoch it has come to, negative while a static one is away; nil in a group of
        /// the classic protocol.
        package var epoch: Int32?
        /// Where the server shares out: what it is to read.
        package var target: [Place] = []

        /// Describes a member.
        package init(
            id: String, instance: String?, client: String, host: String, since: WallTime, assigned: [Place]
        ) {
            self.id = id
            self.instance = instance
            self.client = client
            self.host = host
            self.since = since
            self.assigned = assigned
        }
    }

    /// How far it is in one partition.
    package struct Position: Sendable, Hashable {
        /// The partition.
        package let partition: PartitionID
        /// The offset it wants next, as it was committed: a client may commit any number.
        package let offset: Int64
        /// When it was committed.
        package let committed: WallTime
        /// A text of the client's.
        package let metadata: String

        /// Describes a position.
        package init(partition: PartitionID, offset: Int64, committed: WallTime, metadata: String = "") {
            self.partition = partition
            self.offset = offset
            self.committed = committed
            self.metadata = metadata
        }
    }

    /// Its id, chosen by clients.
    package let name: String
    /// What it is doing.
    package var state = State.empty
    /// Since when it does that.
    package var since: WallTime
    /// What it is for: `consumer`, `connect` …; empty for one that only has offsets.
    package var protocolType = ""
    /// How its members share partitions; empty when it has none.
    package var protocolName = ""
    /// How often members were brought together.
    package var generation: Int32 = 0
    /// The generation for which the server shared out last; nil in a group of the classic protocol.
    package var assignmentEpoch: Int32?
    /// Its members, in the order they came.
    package var members: [Member] = []
    /// What it committed, by partition.
    package var positions: [Position] = []

    /// Describes a group without members and offsets.
    package init(name: String, since: WallTime) {
        self.name = name
        self.since = since
    }

    /// Whether members are there, or come together.
    package var hasMembers: Bool { state != .empty && state != .dead }
}
