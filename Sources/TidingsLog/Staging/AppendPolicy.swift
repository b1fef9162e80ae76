// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a topic's settings mean to an append.
struct AppendPolicy: Sendable {
    /// Whether an append is acknowledged once it is written.
    let isRelaxed: Bool
    /// Whether relaxed rounds are synced in intervals.
    let isSyncedInIntervals: Bool
    /// The largest batch; nil: the log's own limit.
    let maxBatchBytes: Int?
    /// Whether records get the time of their append.
    let stampsAppendTime: Bool
    /// Which times clients may give their records; nil when any.
    let times: TimeWindow?

    init(_ settings: TopicSettings) {
        isRelaxed = settings.durability.isRelaxed
        isSyncedInIntervals = settings.durability == .interval
        maxBatchBytes = settings.maxBatchBytes
        stampsAppendTime = settings.timestampType == .appended
        times = stampsAppendTime ? nil : TimeWindow(settings)
    }
}
