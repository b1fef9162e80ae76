// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What delivery holds at most, and how long it waits; each has its name in the settings.
package struct DeliveryLimits: Sendable, Hashable {
    /// Events of one subscription that are in flight or queued in memory; it reads on when there is room.
    package var window = 1_024
    /// Events of one subscription that wait out of the way; when it is full the subscription rests.
    package var waiting = 100_000
    /// Dead letters of one subscription; when it is full the subscription rests.
    package var deadLetters = 50_000
    /// An entity whose next attempt is further away leaves the way.
    package var longestRestOnTheWay = Duration.seconds(1)
    /// After how long a change of position is recorded.
    package var recordAfter = Duration.milliseconds(10)
    /// After how long positions are recorded that moved only over events nobody wanted.
    package var recordIdleAfter = Duration.seconds(60)
    /// The longest pause between two probes of an endpoint that is down.
    package var longestProbePause = Duration.seconds(30)
    /// The longest `Retry-After` that is obeyed.
    package var longestRetryAfter = Duration.seconds(86_400)
    /// How long the attempts in flight of a deleted subscription may still take.
    package var deletionGrace = Duration.seconds(5)
    /// Bytes asked of the log at once by a reader that catches up.
    package var readBytes = 256 * 1_024
    /// A snapshot of the state is written after that many bytes of changes, or as many as the last one had.
    package var snapshotAfterBytes = 1 << 20

    #if TIDINGS_MUTATIONS
        /// A fault that a test plants, to see whether it is found: positions are recorded before their events are answered.
        package var recordsBeforeAnswers = false
    #endif

    /// The limits as they are when nothing is set.
    package init() {}
}
