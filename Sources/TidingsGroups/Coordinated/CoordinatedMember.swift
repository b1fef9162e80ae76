// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One member of a coordinated group.
struct CoordinatedMember: Sendable, Hashable {
    let id: String
    var instanceID: String?
    var rackID: String?
    var clientID: String
    var clientHost: String
    /// When it joined.
    var since: WallTime
    var rebalanceTimeout: Duration
    /// The topics it wants, in order, each once.
    var topics: [String]
    /// The regular expression of more that it wants; nil for none.
    var pattern: String?
    var assignor: Assignor?
    /// The epoch it was brought to, and the one before.
    var epoch: Int32 = 0
    var previousEpoch: Int32 = 0
    /// Whether it is static and gone for a while.
    var isAway = false
    /// What it may read.
    var assigned: Set<PartitionID> = []
    /// What it was told to give back, and may still read.
    var revoking: Set<PartitionID> = []
    /// What it is to read in the end.
    var target: Set<PartitionID> = []

    /// About how much memory it takes.
    var byteCount: Int {
        512 + id.utf8.count + (instanceID?.utf8.count ?? 0) + (rackID?.utf8.count ?? 0) + clientID.utf8.count
            + clientHost.utf8.count + topics.reduce(0) { $0 + $1.utf8.count + 32 }
            + (pattern?.utf8.count ?? 0) + (assigned.count + revoking.count + target.count) * 24
    }

    /// Whether it has what it is to have in an epoch.
    func isSettled(in epoch: Int32) -> Bool {
        self.epoch == epoch && revoking.isEmpty && assigned.count == target.count
    }
}
