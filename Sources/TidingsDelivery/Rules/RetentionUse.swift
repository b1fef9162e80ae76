// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How near a subscription is to losing records to the retention of a topic it reads.
package struct RetentionUse: Sendable, Hashable {
    /// Which rule of the topic is the nearer one.
    package enum Rule: String, Sendable { case time, bytes }

    /// Where it is nearest.
    package let partition: PartitionID
    /// How much of the retention the oldest record has used up that was not taken; 100: it may go any moment.
    package let percent: Int
    /// By which rule.
    package let by: Rule

    /// Describes how near it is.
    package init(partition: PartitionID, percent: Int, by: Rule) {
        self.partition = partition
        self.percent = percent
        self.by = by
    }
}

/// Decides when people are told that a subscription nears the end of retention: once when a threshold is crossed, and
/// again only after it had been well below.
struct RetentionWarning: Hashable {
    /// In percent.
    static let thresholds = [50, 80, 95]
    /// How far below a threshold it must fall before that is told again.
    static let hysteresis = 10

    private var told = 0

    /// Takes in how near it is now.
    /// - Returns: the threshold that was just crossed; nil when there is nothing to tell.
    mutating func take(_ percent: Int) -> Int? {
        while told > 0, percent < told - Self.hysteresis {
            told = Self.thresholds.last { $0 < told } ?? 0
        }
        guard let crossed = Self.thresholds.last(where: { $0 <= percent }), crossed > told else { return nil }
        told = crossed
        return crossed
    }
}
