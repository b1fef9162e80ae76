// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What a history comes to: what was found wrong, and figures that are only told.
package struct HistoryReport: Sendable, CustomStringConvertible {
    /// What can be wrong with a log, as its clients see it.
    package enum Fault: String, CaseIterable, Sendable {
        /// Two values at one offset.
        case inconsistentOffset = "inconsistent offset"
        /// An acknowledged value that no reader saw although readers went past it.
        case lostWrite = "lost write"
        /// An acknowledged value that nobody read by the end.
        case unseen
        /// Values of one request of which some are there and some are not.
        case torn
        /// A value that nobody sent.
        case phantom
        /// A value whose send surely failed.
        case abortedRead = "aborted read"
        /// One value at several offsets, although its send was never repeated or in doubt.
        case duplicate
        /// A worker's value that lies before one the same worker was told of earlier.
        case nonmonotonicSend = "non-monotonic send"
        /// Values of one request in another order than sent.
        case internalSendOrder = "order inside a send"
        /// A reader that went back.
        case nonmonotonicPoll = "non-monotonic poll"
        /// A reader that left out values that are known.
        case skippedPoll = "skip between polls"
        /// One answer whose values do not follow one another.
        case internalPollOrder = "order inside a poll"
        /// A committed offset that lies before an earlier one.
        case nonmonotonicCommit = "non-monotonic commit"
        /// A committed offset that lies behind what its worker had read.
        case commitAhead = "commit ahead of reading"
    }

    /// Where lost values lie among those of their worker.
    package enum Shape: String, Sendable { case prefix, middle, suffix, all }

    /// How many of each.
    package private(set) var counts: [Fault: Int] = [:]
    /// A few of each, in a sentence.
    package private(set) var examples: [Fault: [String]] = [:]
    /// Values sent, acknowledged, and read at least once.
    package internal(set) var sent = 0
    package internal(set) var acknowledged = 0
    package internal(set) var read = 0
    /// Values at several offsets because their send was repeated or in doubt.
    package internal(set) var excusedDuplicates = 0
    /// Sends nobody knows of, and those that surely failed.
    package internal(set) var indeterminate = 0
    package internal(set) var failed = 0
    /// For each poll: nanoseconds since the next value was known to be there; sorted.
    package internal(set) var lags: [Int64] = []
    /// Workers that lost values, and where those lie.
    package internal(set) var shapes: [Int: Shape] = [:]

    init() {}

    mutating func found(_ fault: Fault, _ sentence: @autoclosure () -> String) {
        counts[fault, default: 0] += 1
        if examples[fault, default: []].count < 5 { examples[fault, default: []].append(sentence()) }
    }

    /// How often a fault was found.
    package subscript(fault: Fault) -> Int { counts[fault] ?? 0 }

    /// Whether nothing is wrong.
    package var isClean: Bool { counts.isEmpty }

    /// Acknowledged values that are gone or were never seen.
    package var lost: Int { self[.lostWrite] + self[.unseen] + self[.torn] }

    /// Everything out of its order.
    package var outOfOrder: Int {
        self[.nonmonotonicSend] + self[.internalSendOrder] + self[.nonmonotonicPoll] + self[.skippedPoll]
            + self[.internalPollOrder]
    }

    /// The report for people: figures first, then each fault with examples.
    package var description: String {
        var lines = [
            "sent \(sent), acknowledged \(acknowledged), in doubt \(indeterminate), failed \(failed), read \(read); "
                + "lost \(lost), phantom \(self[.phantom]), out of order \(outOfOrder), "
                + "duplicates \(self[.duplicate]) (and \(excusedDuplicates) after a repeat)"
        ]
        if let longest = lags.last {
            lines.append(
                "readers behind: p99 \(lags[(lags.count - 1) * 99 / 100] / 1_000_000) ms, "
                    + "longest \(longest / 1_000_000) ms")
        }
        for (worker, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "worker \(worker) lost \(shape == .all ? "everything" : "a \(shape.rawValue) of what it sent")")
        }
        for fault in Fault.allCases {
            guard let count = counts[fault] else { continue }
            lines.append("\(fault.rawValue): \(count)")
            for example in examples[fault] ?? [] { lines.append("    \(example)") }
        }
        return lines.joined(separator: "\n")
    }
}
