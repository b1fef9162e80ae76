// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why a group refuses a request; each case is Kafka's error of that name.
package enum GroupRefusal: Error, Sendable, Hashable, CaseIterable {
    case coordinatorNotAvailable
    /// What was recorded is not read yet.
    case coordinatorLoadInProgress
    case notCoordinator
    case unknownServerError
    case invalidRequest
    case policyViolation
    case invalidGroupID
    case groupIDNotFound
    case nonEmptyGroup
    case groupSubscribedToTopic
    case groupMaxSizeReached
    case invalidSessionTimeout
    case inconsistentGroupProtocol
    case memberIDRequired
    case unknownMemberID
    case fencedInstanceID
    case illegalGeneration
    case rebalanceInProgress
    case offsetMetadataTooLarge
    case invalidCommitOffsetSize
    case unstableOffsetCommit
    case invalidProducerEpoch
    case fencedMemberEpoch
    case staleMemberEpoch
    case unreleasedInstanceID
    case unsupportedAssignor
    case invalidRegularExpression
}

/// Why records could not be stored; what was appended is not in the log, or the log is gone until it is opened again.
package enum StoreFailure: Error, Sendable, Hashable {
    /// There is no room just now; trying again helps.
    case unavailable
    /// The log is offline or stops.
    case offline
    /// A record is larger than the log takes.
    case tooLarge

    /// The failure as members of a group are told.
    var groupRefusal: GroupRefusal {
        switch self {
        case .unavailable: .coordinatorNotAvailable
        case .offline: .notCoordinator
        case .tooLarge: .unknownServerError
        }
    }
}
