// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The time by which records are judged to be old: the wall clock, as far as the monotonic one bears it out.
///
/// A wall clock that jumps ahead would make everything old at once. So it is believed as far as the monotonic clock runs
/// with it; what it is ahead of that counts only after it has stayed ahead for ``confirmation``. A clock that is behind
/// makes records younger, which loses nothing: it is followed at once.
struct RetentionClock: Sendable {
    /// How much the clocks may differ between two looks.
    static let slack: Int64 = 1_000
    /// How much a jump may change while it is being confirmed.
    static let steadiness: Int64 = 60_000

    private let confirmation: Duration
    /// What the time is by the monotonic clock, counted from a moment when the wall clock was believed.
    private var expected: Int64
    private var lookedAt: MonotonicTime
    private var jumped: Int64 = 0
    private var suspicion: (ahead: Int64, since: MonotonicTime)?

    /// - Parameter believed: what an earlier process believed last: a wall clock far ahead of it may have jumped, or the
    ///   process did not run; nobody can tell.
    init(wall: WallTime, now: MonotonicTime, believed: WallTime?, confirmation: Duration) {
        self.confirmation = confirmation
        expected = believed?.millis ?? wall.millis
        lookedAt = now
    }

    /// How far the wall clock is ahead of what is believed, in milliseconds, while it is not believed.
    var disbelief: Int64? { suspicion?.ahead }

    /// What a look at both clocks says.
    struct Reading: Sendable, Hashable {
        /// The time by which records are judged.
        let judging: WallTime
        /// What the time is when the wall clock is not listened to.
        let expected: WallTime
        /// Whether the wall clock says something else that is not confirmed.
        let isDoubtful: Bool
        /// By how many milliseconds `expected` has moved in this life because the wall clock was confirmed.
        let jumped: Int64
    }

    /// Looks at both clocks.
    mutating func look(wall: WallTime, now: MonotonicTime) -> Reading {
        expected += max(0, now - lookedAt < .zero ? 0 : (now - lookedAt).millis)
        lookedAt = now
        let ahead = wall.millis - expected
        if abs(ahead) <= Self.slack {
            suspicion = nil
            expected = wall.millis
        } else if let known = suspicion, abs(ahead - known.ahead) <= Self.steadiness {
            if now - known.since >= confirmation {
                suspicion = nil
                expected = wall.millis
                jumped = jumped.addingReportingOverflow(ahead).partialValue
            }
        } else {
            suspicion = (ahead, now)
        }
        return Reading(
            judging: WallTime(millis: min(wall.millis, expected)), expected: WallTime(millis: expected),
            isDoubtful: suspicion != nil, jumped: jumped)
    }
}
