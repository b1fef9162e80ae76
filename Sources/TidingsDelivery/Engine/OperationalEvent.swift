// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Something about deliveries that people may subscribe to: an event in topic `tidings`.
package struct OperationalEvent: Sendable {
    /// The kinds; the event's type is `tidings.delivery.` and the raw value.
    package enum Kind: String, Sendable, CaseIterable {
        /// An entity waits for somebody.
        case parked
        /// A delivery was given up on.
        case deadLettered = "dead_lettered"
        /// An endpoint takes nothing any more.
        case endpointDown = "endpoint_down"
        /// An endpoint takes events again.
        case endpointUp = "endpoint_up"
        /// Records that a subscription had not taken reached the end of their topic's retention.
        case expired
        /// A subscription is so far behind that records it has not taken will expire.
        case nearsRetention = "nears_retention"
    }

    /// What happened.
    package let kind: Kind
    /// To which subscription; the event's subject.
    package let subscription: Name
    /// The dead letter, where it is about one.
    package let deadLetter: DeadLetterID?
    /// The event given up on.
    package let event: EventReference?
    /// Its type.
    package let type: String?
    /// Its id.
    package let eventID: String?
    /// Its entity.
    package let entity: String?
    /// How many attempts were made.
    package let attempts: Int?
    /// Why.
    package let reason: String?
    /// Which records expired.
    package private(set) var range: (partition: PartitionID, offsets: Range<Offset>)?
    /// How near the end of its retention the oldest record is that was not taken.
    package private(set) var retention: RetentionUse?

    init(_ kind: Kind, subscription: Name, reason: String? = nil) {
        self.kind = kind
        self.subscription = subscription
        self.reason = reason
        deadLetter = nil
        event = nil
        type = nil
        eventID = nil
        entity = nil
        attempts = nil
    }

    init(subscription: Name, expired offsets: Range<Offset>, in partition: PartitionID) {
        self.init(.expired, subscription: subscription)
        range = (partition, offsets)
    }

    init(subscription: Name, nears retention: RetentionUse) {
        self.init(.nearsRetention, subscription: subscription)
        self.retention = retention
    }

    init(_ kind: Kind, subscription: Name, letter: SubscriptionState.DeadLetter, entity: String?) {
        self.kind = kind
        self.subscription = subscription
        self.entity = entity
        deadLetter = DeadLetterID(letter.id)
        event = letter.event
        type = letter.type
        eventID = letter.eventID
        attempts = letter.attempts
        reason = letter.reason
    }

    /// The CloudEvents type.
    package var eventType: String { "tidings.delivery.\(kind.rawValue)" }

    /// Appends the event's data: a JSON object.
    /// - Parameter topic: the name of a topic; nil when it is gone.
    package func writeData(topic: (TopicID) -> TopicName?, into text: inout ByteBuffer) {
        JSONWriter.write(into: &text) { json in
            json.object { json in
                json.member("subscription", subscription.text)
                json.member("dead_letter", deadLetter?.description)
                if let event {
                    json.key("event")
                    json.object { json in
                        json.member("topic", topic(event.partition.topic)?.text)
                        json.member("partition", event.partition.index)
                        json.member("offset", event.offset.value)
                        json.member("id", eventID)
                        json.member("type", type)
                        json.member("entity", entity)
                    }
                }
                if let (partition, offsets) = range {
                    json.member("topic", topic(partition.topic)?.text)
                    json.member("partition", partition.index)
                    json.member("from", offsets.lowerBound.value)
                    json.member("to", (offsets.lastOffset ?? offsets.lowerBound).value)
                    json.member("records", offsets.upperBound - offsets.lowerBound)
                }
                if let retention {
                    json.member("topic", topic(retention.partition.topic)?.text)
                    json.member("partition", retention.partition.index)
                    json.member("percent", retention.percent)
                    json.member("by", retention.by.rawValue)
                }
                json.member("attempts", attempts)
                json.member("reason", reason)
            }
        }
    }
}
