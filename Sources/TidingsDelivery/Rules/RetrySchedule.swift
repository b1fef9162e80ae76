// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What follows a failed attempt that counts: a pause, or giving up.
struct RetrySchedule {
    enum Step: Hashable {
        case retry(after: Duration)
        case exhausted
    }

    let policy: RetryPolicy
    let longestRetryAfter: Duration

    /// - Parameters:
    ///   - failures: how many attempts have failed in all, this one included.
    ///   - retryAfter: what the endpoint asked for; the pause is at least that, up to the limit.
    ///   - chance: a number from 0 up to 1, for the jitter.
    func step(afterFailure failures: Int, retryAfter: Duration?, chance: Double) -> Step {
        if failures >= policy.attempts { return .exhausted }
        let pause = Double(policy.pause(afterFailure: failures).nanos)
        let jittered = pause * (1 + policy.jitter * (2 * chance - 1))
        let asked = retryAfter.map { min(max($0, .zero), longestRetryAfter) } ?? .zero
        return .retry(after: max(.nanoseconds(Int64(min(jittered, 9e18))), asked))
    }
}
