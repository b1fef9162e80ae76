// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// When a refused delivery is tried again, and when it is given up on. The default tries 16 times in about 38 hours.
public struct RetryPolicy: Hashable, Sendable {
    /// How many attempts are made in all; 16 by default.
    public var attempts: Int
    /// The pause after the first failure; 1 s by default.
    public var first: Duration
    /// What each pause is multiplied with to give the next; 3 by default.
    public var factor: Double
    /// The longest pause; 6 h by default.
    public var longest: Duration
    /// By which part of itself a pause is shortened or lengthened at random; 0.2 by default.
    public var jitter: Double

    /// What each may be. A ``first`` above ``longest`` is shortened to it.
    public static let allowedAttempts = 1...1000
    /// What ``first`` and ``longest`` may be.
    public static let allowedPauses: ClosedRange<Duration> = .milliseconds(1)...(.seconds(7 * 86_400))
    /// What ``factor`` may be.
    public static let allowedFactors = 1.0...100.0
    /// What ``jitter`` may be.
    public static let allowedJitter = 0.0...0.9

    /// Sets a policy.
    public init(
        attempts: Int = 16, first: Duration = .seconds(1), factor: Double = 3, longest: Duration = .seconds(6 * 3600),
        jitter: Double = 0.2
    ) {
        self.attempts = attempts
        self.first = first
        self.factor = factor
        self.longest = longest
        self.jitter = jitter
    }

    /// The pause after the `failures`-th failure (from 1) before jitter.
    public func pause(afterFailure failures: Int) -> Duration {
        var nanos = Double(first.nanos)
        let limit = Double(longest.nanos)
        for _ in 1..<max(failures, 1) where nanos < limit && factor > 1 { nanos *= factor }
        return .nanoseconds(Int64(min(nanos, limit)))
    }
}
