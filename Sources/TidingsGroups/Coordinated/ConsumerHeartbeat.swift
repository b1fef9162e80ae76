// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a member of a coordinated group says: that it is there, what it wants, and what it has.
package struct ConsumerHeartbeat: Sendable {
    /// What stands in the place of an epoch.
    package enum Sign {
        package static let joins: Int32 = 0
        package static let leaves: Int32 = -1
        /// A static member goes, and comes back under the same instance.
        package static let pauses: Int32 = -2
    }

    package var memberID: String
    /// Whether one that joins without an id gets one (ConsumerGroupHeartbeat 0); else it chooses its own.
    package var wantsID = false
    /// The epoch the member knows, or a ``Sign``.
    package var epoch: Int32
    package var instanceID: String?
    package var rackID: String?
    package var clientID = ""
    package var clientHost = ""
    /// How long it needs to give partitions back; nil where nothing changed.
    package var rebalanceTimeout: Duration?
    /// The topics it wants; nil where nothing changed.
    package var topics: [String]?
    /// A regular expression of topics it wants beside those; empty for none, nil where nothing changed.
    package var pattern: String?
    /// How it wants partitions to be shared out; nil where it leaves that to the server, or nothing changed.
    package var assignor: String?
    /// The partitions it has; nil where nothing changed.
    package var owned: Set<PartitionID>?

    /// Describes a heartbeat.
    package init(_ memberID: String, epoch: Int32) {
        self.memberID = memberID
        self.epoch = epoch
    }
}

/// The topics there are, as members name them.
package struct TopicLayouts {
    /// Another one whenever a topic came, went or got partitions.
    package let version: UInt64
    let layout: (String) -> (topic: TopicID, partitions: Int32)?
    let names: () -> [String]

    /// Describes topics by a look-up, and the names there are.
    package init(
        version: UInt64, names: @escaping () -> [String],
        _ layout: @escaping (String) -> (topic: TopicID, partitions: Int32)?
    ) {
        self.version = version
        self.names = names
        self.layout = layout
    }
}

/// What a member hears.
package struct ConsumerHeartbeatAnswer: Sendable, Hashable {
    package let memberID: String
    package let epoch: Int32
    /// What the member may read from now on; nil where that did not change.
    package let assignment: [PartitionID]?
}

/// A coordinated group as administrators see it.
package struct CoordinatedDescription: Sendable, Hashable {
    package let epoch: Int32
    /// The epoch for which partitions were shared out last.
    package let assignmentEpoch: Int32
    package let assignor: String
    package let members: [Member]

    /// A member of it.
    package struct Member: Sendable, Hashable {
        package let memberID: String
        package let instanceID: String?
        package let rackID: String?
        package let epoch: Int32
        package let clientID: String
        package let clientHost: String
        /// Since when it is a member.
        package let since: WallTime
        package let topics: [String]
        package let pattern: String?
        package let assigned: [PartitionID]
        package let target: [PartitionID]
    }
}
