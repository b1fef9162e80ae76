// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What transactions hold at most, and how long they wait; each has its name in the settings.
package struct TransactionLimits: Sendable, Hashable {
    /// Transactional ids of one coordinator.
    package var ids = 100_000
    /// Bytes of a transactional id.
    package var idBytes = 1_024
    /// Partitions of one transaction.
    package var partitions = 10_000
    /// Groups whose offsets one transaction commits.
    package var groups = 1_000
    /// Partitions and groups of all open transactions of a coordinator.
    package var participants = 1_000_000
    /// Appends of one transaction that are under way.
    package var work = 10_000
    /// Additions to one transaction that are not stored yet.
    package var additions = 100
    /// The longest a transaction may ask to stay open.
    package var longestTimeout = Duration.seconds(900)
    /// How long a transactional id is kept that nobody uses.
    package var idRetention = Duration.seconds(7 * 86_400)
    /// How long it takes until something that could not be done is tried again.
    package var retryPause = Duration.milliseconds(200)

    #if TIDINGS_MUTATIONS
        /// A fault that a test plants, to see whether it is found.
        package var mutation: GroupMutation?
    #endif

    /// The limits as they are when nothing is set.
    package init() {}
}
