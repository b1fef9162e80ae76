// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How far a group is in a partition: the offset it wants next.
package struct CommittedOffset: Sendable, Hashable {
    /// The offset as the client sent it; Kafka does not judge it.
    package let offset: Int64
    /// The leader epoch of the last record; -1 when the client did not know it.
    package let leaderEpoch: Int32
    /// When it was committed.
    package let committed: WallTime
    /// Which of two commits in a group came later.
    let order: UInt64
    /// A text of the client's.
    package let metadata: String

    /// About how much memory it takes.
    var byteCount: Int { 96 + metadata.utf8.count }
}

/// An offset on its way to be committed.
package struct OffsetToCommit: Sendable, Hashable {
    package var partition: PartitionID
    package var offset: Int64
    package var leaderEpoch: Int32
    package var metadata: String

    /// Describes an offset; nil and an empty text are the same.
    package init(_ partition: PartitionID, _ offset: Int64, leaderEpoch: Int32 = -1, metadata: String? = nil) {
        self.partition = partition
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata ?? ""
    }
}

/// The answer to one partition of a fetch of offsets.
package enum FetchedOffset: Sendable, Hashable {
    case committed(CommittedOffset)
    /// Nothing was committed: -1 on the wire, and no error.
    case unknown
    /// A transaction is open that may commit another one.
    case unstable
}

/// A producer and its epoch.
package struct ProducerIdentity: Sendable, Hashable {
    package let id: Int64
    package let epoch: Int16

    /// Names a producer.
    package init(id: Int64, epoch: Int16) {
        self.id = id
        self.epoch = epoch
    }

    /// What stands for no producer.
    package static let none = ProducerIdentity(id: -1, epoch: -1)
}

/// One change of a group's offsets; one record holds it.
enum OffsetChange: Sendable, Hashable {
    case commit(PartitionID, CommittedOffset)
    case forget(PartitionID)
    /// An offset waits for a transaction to end.
    case pend(ProducerIdentity, PartitionID, CommittedOffset)
    case unpend(producer: Int64, PartitionID)
}
