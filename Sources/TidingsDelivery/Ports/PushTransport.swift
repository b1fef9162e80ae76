// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Carries attempts to endpoints: over HTTP in the server, by a script in tests. One per loop.
///
/// - Concurrency: lives on the loop whose deliveries it carries; `then` runs there.
package protocol PushTransport: AnyObject {
    /// Sends one event to its subscription's endpoint.
    /// - Parameter then: runs once, after this returned, whatever happens: an answer, a fault, a time limit. Not
    ///   after ``AttemptHandle/cancel()``.
    func send(_ attempt: DeliveryAttempt, then: @escaping (AttemptResult) -> Void) -> any AttemptHandle
}

/// An attempt on its way.
///
/// - Concurrency: lives on its transport's loop.
package protocol AttemptHandle: AnyObject {
    /// Breaks the attempt off: its answer is not waited for and not reported. Nothing when it was answered.
    func cancel()
}

/// Where the deliveries of a subscription go; another object whenever the subscription changes, so that a transport
/// may keep by identity what it derives (keys, headers).
package final class DeliveryTarget: Sendable {
    /// The subscription as it stands.
    package let subscription: Subscription

    /// Holds a subscription.
    package init(_ subscription: Subscription) { self.subscription = subscription }
}

/// One try to deliver one event.
package struct DeliveryAttempt {
    /// Where to.
    package let target: DeliveryTarget
    /// The batch the event lies in, which it keeps alive.
    package let records: BatchRecords
    /// Which of the records it is.
    package let index: Int
    /// The topic that the batch lies in.
    package let topic: TopicName
    /// Data that replaces the stored event's, by a redrive; nil for the event as it is.
    package let editedData: [UInt8]?
    /// `webhook-id`: the same in all attempts and redrives of this event to this subscription.
    package let messageID: String
    /// Which attempt it is, from 1.
    package let number: Int
    /// The span of this attempt, in the trace of its event.
    package let trace: TraceContext

    /// The event; borrows from ``records`` and the lens.
    package func event(through lens: EventLens) -> EventView {
        lens.event(records[index], in: topic, records.batch.partition.index)
    }

    /// Describes an attempt.
    package init(
        target: DeliveryTarget, records: BatchRecords, index: Int, topic: TopicName,
        editedData: [UInt8]? = nil, messageID: String, number: Int = 1, trace: TraceContext
    ) {
        self.target = target
        self.records = records
        self.index = index
        self.topic = topic
        self.editedData = editedData
        self.messageID = messageID
        self.number = number
        self.trace = trace
    }
}
