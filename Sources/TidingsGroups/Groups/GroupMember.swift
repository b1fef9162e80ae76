// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One member of a group.
struct GroupMember {
    let id: String
    /// The name a static member keeps over its restarts.
    let instanceID: String?
    let clientID: String
    let clientHost: String
    /// Members are told of in the order they came.
    let order: UInt64
    /// When it joined; of one that is older than the process, when the group became what it is.
    let since: WallTime
    var sessionTimeout: Duration
    var rebalanceTimeout: Duration
    /// In the order it prefers them.
    var protocols: [GroupProtocol]
    var assignment: [UInt8] = []
    /// Its join that waits for the others.
    var joining: RequestToken?
    /// Its sync that waits for the leader.
    var syncing: RequestToken?
    /// Whether its first join was not answered yet.
    var isNew = false
    /// When it is taken for dead; nil while a request of it waits here.
    var deadline: MonotonicTime?

    /// About how much memory it takes.
    var byteCount: Int {
        256 + id.utf8.count + (instanceID?.utf8.count ?? 0) + clientID.utf8.count + clientHost.utf8.count
            + assignment.count + Self.byteCount(protocols)
    }

    /// About how much memory protocols take.
    static func byteCount(_ protocols: [GroupProtocol]) -> Int {
        protocols.reduce(0) { $0 + $1.name.utf8.count + $1.metadata.count + 64 }
    }

    /// Whether a request of it waits here, so that it cannot be heard of.
    var isHeld: Bool { !isNew && (joining != nil || syncing != nil) }

    /// What it tells of itself for a protocol; nil when it does not know that.
    func metadata(for name: String) -> [UInt8]? { protocols.first { $0.name == name }?.metadata }

    /// The first protocol it prefers among those that all know.
    func vote(among candidates: Set<String>) -> String? { protocols.first { candidates.contains($0.name) }?.name }

    /// The same member with another id, as after a restart of its process; nobody waits for it.
    func renamed(_ id: String) -> GroupMember {
        var member = GroupMember(
            id: id, instanceID: instanceID, clientID: clientID, clientHost: clientHost, order: order, since: since,
            sessionTimeout: sessionTimeout, rebalanceTimeout: rebalanceTimeout, protocols: protocols)
        member.assignment = assignment
        return member
    }
}
