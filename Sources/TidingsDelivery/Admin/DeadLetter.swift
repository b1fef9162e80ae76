// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Names a dead letter within its subscription: counts up, never reused.
package struct DeadLetterID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Which.
    package let number: UInt64

    /// Names the dead letter of that number.
    package init(_ number: UInt64) { self.number = number }

    /// Reads the form the API shows; nil for anything else.
    package init?(_ text: String) {
        let digits = text.utf8.dropFirst(3)
        guard text.hasPrefix("dl-"), (1...18).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
            let number = UInt64(text.dropFirst(3))
        else { return nil }
        self.number = number
    }

    package var description: String { "dl-\(number)" }

    package static func < (left: DeadLetterID, right: DeadLetterID) -> Bool { left.number < right.number }
}

/// What lists show of a dead letter.
package struct DeadLetterSummary: Sendable, Hashable {
    /// Its name.
    package let id: DeadLetterID
    /// The event given up on.
    package let event: EventReference
    /// The key the event is stored under, as text; nil for none.
    package let key: String?
    /// The event's type.
    package let type: String
    /// The event's id.
    package let eventID: String
    /// When it was given up on.
    package let time: WallTime
    /// The last attempt's reason.
    package let reason: String
    /// How many attempts were made, redrives included.
    package let attempts: Int
    /// Whether its entity waits for it.
    package let isBlocking: Bool
    /// Whether it is being tried again.
    package let isRedriven: Bool

    /// Describes a dead letter.
    package init(
        id: DeadLetterID, event: EventReference, key: String?, type: String, eventID: String, time: WallTime,
        reason: String, attempts: Int, isBlocking: Bool, isRedriven: Bool
    ) {
        self.id = id
        self.event = event
        self.key = key
        self.type = type
        self.eventID = eventID
        self.time = time
        self.reason = reason
        self.attempts = attempts
        self.isBlocking = isBlocking
        self.isRedriven = isRedriven
    }
}

/// A dead letter with everything that was tried.
package struct DeadLetterDetails: Sendable {
    /// What lists show.
    package let summary: DeadLetterSummary
    /// Every attempt, the first first.
    package let attempts: [AttemptRecord]
    /// The data that replaces the event's in redrives; nil when nobody edited it.
    package let editedData: [UInt8]?

    /// Describes a dead letter.
    package init(summary: DeadLetterSummary, attempts: [AttemptRecord], editedData: [UInt8]?) {
        self.summary = summary
        self.attempts = attempts
        self.editedData = editedData
    }
}

/// What is kept of one attempt.
package struct AttemptRecord: Sendable, Hashable {
    /// When it began.
    package let time: WallTime
    /// How long it took.
    package let duration: Duration
    /// The response's status; nil when there was none.
    package let status: Int?
    /// The fault's code when there was no response.
    package let fault: AttemptResult.Fault?
    /// A sentence for people; empty when it succeeded.
    package let reason: String
    /// The response's head, at most ``AttemptResult/headLimit`` bytes.
    package let responseHead: [UInt8]
    /// The beginning of the response's body, at most ``AttemptResult/bodyLimit`` bytes.
    package let responseBody: [UInt8]

    /// Describes an attempt.
    package init(
        time: WallTime, duration: Duration, status: Int?, fault: AttemptResult.Fault?, reason: String,
        responseHead: [UInt8], responseBody: [UInt8]
    ) {
        self.time = time
        self.duration = duration
        self.status = status
        self.fault = fault
        self.reason = reason
        self.responseHead = responseHead
        self.responseBody = responseBody
    }

    /// Notes how an attempt went.
    package init(_ result: AttemptResult, began time: WallTime, took duration: Duration) {
        var status: Int?
        var fault: AttemptResult.Fault?
        switch result.outcome {
        case .answered(let found): status = found
        case .failed(let found): fault = found
        }
        let reason =
            result.reason.isEmpty && !result.isSuccess
            ? status.map { "the endpoint answered \($0)" } ?? fault?.rawValue ?? "" : result.reason
        self.init(
            time: time, duration: duration, status: status, fault: fault, reason: reason,
            responseHead: result.responseHead, responseBody: result.responseBody)
    }
}

/// Which dead letters are meant: all conditions that are set must hold.
package struct DeadLetterFilter: Sendable, Hashable {
    /// The key of the event.
    package var key: String?
    /// Whether its entity waits for it.
    package var isBlocking: Bool?
    /// Part of the reason.
    package var reason: String?
    /// The event's type.
    package var type: TypePattern?

    /// Means all.
    package init() {}

    /// Whether a dead letter is meant.
    package func matches(_ letter: DeadLetterSummary) -> Bool {
        if let key, letter.key != key { return false }
        if let isBlocking, letter.isBlocking != isBlocking { return false }
        if let reason, !letter.reason.contains(reason) { return false }
        if let type {
            var text = letter.type
            guard text.withUTF8({ type.matches(UnsafeRawBufferPointer($0)) }) else { return false }
        }
        return true
    }
}

/// What to redrive.
package enum DeadLetterSelection: Sendable {
    /// These; unknown ones are counted as missing.
    case ids([DeadLetterID])
    /// All that the filter means.
    case filter(DeadLetterFilter)
}

/// How many a redrive of many found.
package struct RedriveCount: Sendable, Hashable {
    /// Those that are (or would be) tried again.
    package var redriven = 0
    /// Those that are being tried already.
    package var underWay = 0
    /// Named ones that do not exist.
    package var missing = 0

    /// Counts nothing yet.
    package init() {}
}
