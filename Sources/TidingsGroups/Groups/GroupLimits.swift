// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What consumer groups hold at most, and how long they wait; each has its name in the settings.
package struct GroupLimits: Sendable, Hashable {
    /// Groups of one table.
    package var groups = 10_000
    /// Members of one group.
    package var members = 1_000
    /// Ids handed out to members that did not come back with them yet, of one group.
    package var pendingMembers = 1_000
    /// Bytes of a group's id, of a member's id, of an instance's id and of a protocol's name.
    package var nameBytes = 1_024
    /// Bytes of a client's id that are kept, and become part of a member's id.
    package var clientIDBytes = 255
    /// Assignment protocols that a member may offer.
    package var protocols = 32
    /// Bytes a member may tell of itself, in all its protocols.
    package var memberMetadataBytes = 1 << 20
    /// Bytes that all members of a group may tell of themselves, with their assignments.
    package var groupBytes = 16 << 20
    /// Bytes of all assignments of a group.
    package var assignmentBytes = 4 << 20
    /// Bytes of all members and offsets of a table; then members and offsets that are there go on, and no more are taken.
    package var tableBytes = 256 << 20
    /// Offsets of one group, and as many that wait for transactions.
    package var offsets = 100_000
    /// Producers that may have offsets pending in one group.
    package var pendingProducers = 1_000
    /// Bytes of the text beside an offset.
    package var offsetMetadataBytes = 4_096
    /// Offsets that are forgotten with one append.
    package var forgottenAtOnce = 1_000
    /// Appends of one group that are not answered yet.
    package var storesInFlight = 1_000
    /// The shortest time after which a silent member may be taken for dead.
    package var shortestSession = Duration.seconds(6)
    /// The longest time after which a silent member may be taken for dead.
    package var longestSession = Duration.seconds(1_800)
    /// How long a group that was empty waits for more members before its first generation.
    package var initialRebalanceDelay = Duration.zero
    /// How long a new member is kept whose join waits for the others.
    package var newMemberJoinTimeout = Duration.seconds(300)
    /// Different patterns of topics in one coordinated group.
    package var patterns = 8
    /// How often members of a coordinated group are asked to say that they are there.
    package var heartbeatInterval = Duration.seconds(5)
    /// After what time a silent member of a coordinated group is taken for dead.
    package var memberSession = Duration.seconds(45)
    /// How long the offsets of a group without members stay.
    package var offsetRetention = Duration.seconds(7 * 86_400)

    #if TIDINGS_MUTATIONS
        /// A fault that a test plants, to see whether it is found.
        package var mutation: GroupMutation?
    #endif

    /// The limits as they are when nothing is set.
    package init() {}
}

#if TIDINGS_MUTATIONS
    /// Faults of groups and transactions that tests plant.
    package enum GroupMutation: Sendable, Hashable {
        /// An assignment is handed out before it is stored.
        case answersBeforeStoring
        /// A static member's former id stays valid.
        case fencesNobody
        /// Offsets of a transaction are taken whether it is committed or not.
        case ignoresAborts
        /// Another epoch of the producer may end its transaction.
        case ignoresEpochs
        /// A transaction that was decided is not completed after a restart.
        case forgetsDecided
        /// A partition is given to its next reader before the former one has given it back.
        case takesFromOthers
    }
#endif
