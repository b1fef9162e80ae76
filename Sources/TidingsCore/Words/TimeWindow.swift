// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which times a topic takes from Kafka's clients, seen from the server's clock.
public struct TimeWindow: Sendable, Hashable {
    private let past: Int64
    private let future: Int64

    /// The window of a topic; nil when it takes any time.
    public init?(_ settings: TopicSettings) {
        if settings.timestampPast == nil, settings.timestampFuture == nil { return nil }
        past = settings.timestampPast?.millis ?? .max
        future = settings.timestampFuture?.millis ?? .max
    }

    /// Whether a record may have that time. A record without one (-1) may.
    public func takes(_ time: WallTime, at now: WallTime) -> Bool {
        if time.millis == -1 { return true }
        let (ahead, isAbsurd) = time.millis.subtractingReportingOverflow(now.millis)
        return !isAbsurd && ahead <= future && ahead >= -past
    }
}
