// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery

extension EventReference {
    /// Appends where an event lies, as an object.
    fileprivate func write(_ topic: TopicName?, type: String?, id: String?, _ json: inout JSONWriter) {
        json.object { json in
            json.member("topic", topic?.text)
            json.member("partition", partition.index)
            json.member("offset", offset.value)
            json.member("type", type)
            json.member("id", id)
        }
    }
}

extension WaitingEntity {
    /// Appends the members of an entity that waits.
    /// - Parameter topic: the name of its topic; nil when it is gone.
    func write(_ topic: TopicName?, _ json: inout JSONWriter) {
        json.key("entity")
        if let key { json.string(key) } else { json.null() }
        json.member("state", state.rawValue)
        json.member("since", RFC3339.format(since))
        json.key("until")
        if let until { json.string(RFC3339.format(until)) } else { json.null() }
        json.member("waiting", behind)
        json.key("event")
        event.write(topic, type: type, id: eventID, &json)
        json.member("failures", failures)
        json.key("dead_letter")
        if let deadLetter { json.string(deadLetter.description) } else { json.null() }
    }
}

extension DeadLetterSummary {
    /// Appends the members of a dead letter.
    /// - Parameters:
    ///   - topic: the name of its event's topic; nil when it is gone.
    ///   - attemptRecords: every attempt; nil writes their number instead.
    func write(
        _ topic: TopicName?, isRedriven: Bool? = nil, attemptRecords: [AttemptRecord]? = nil,
        _ json: inout JSONWriter
    ) {
        json.member("id", id.description)
        json.key("event")
        event.write(topic, type: type, id: eventID, &json)
        json.key("entity")
        if let key { json.string(key) } else { json.null() }
        json.member("type", type)
        json.member("time", RFC3339.format(time))
        json.member("reason", reason)
        json.key("attempts")
        if let attemptRecords {
            json.array { json in for attempt in attemptRecords { json.object { attempt.write(&$0) } } }
        } else {
            json.number(attempts)
        }
        json.member("blocking", isBlocking)
        json.member("redriving", isRedriven ?? self.isRedriven)
    }
}

extension DeadLetterDetails {
    /// Appends the members of a dead letter with all attempts.
    /// - Parameter topic: the name of its event's topic; nil when it is gone.
    func write(_ topic: TopicName?, _ json: inout JSONWriter) {
        summary.write(topic, attemptRecords: attempts, &json)
        guard let editedData else { return }
        json.key("data")
        editedData.withUnsafeBytes { json.raw($0) }
    }
}
