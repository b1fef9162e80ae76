// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Where a subscription shall read on.
package struct SeekRequest: Sendable, Hashable {
    /// A place in every partition.
    package enum Target: Sendable, Hashable {
        /// The oldest record that is stored.
        case beginning
        /// Behind everything that is stored.
        case now
        /// The first record that was stored at that time or later.
        case time(WallTime)
        /// That offset; for one partition.
        case offset(Offset)
    }

    /// The place.
    package let target: Target
    /// The only topic it is sought in; nil for all that the subscription reads.
    package let topic: TopicID?
    /// The only partition of ``topic``; nil for all.
    package let partition: Int32?

    /// Asks for a place.
    package init(_ target: Target, topic: TopicID? = nil, partition: Int32? = nil) {
        self.target = target
        self.topic = topic
        self.partition = partition
    }
}

/// What a seek does in one partition. Counts are of records, wanted or not.
package struct SeekStep: Sendable, Hashable {
    /// Where.
    package let partition: PartitionID
    /// The first record that is not answered now.
    package let from: Offset
    /// Where it reads on.
    package let to: Offset
    /// Answered records that are looked at again.
    package let again: Int64
    /// Records that were not answered and are passed over.
    package let skipped: Int64
}
