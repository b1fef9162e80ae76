// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The one way of an event into the log, whichever door it came through: checked, routed, stored.
///
/// - Concurrency: lives on one loop; called there, and calls back there.
package protocol EventPublisher: AnyObject {
    /// Checks one event by all rules (CloudEvents, the source's right to its type), routes it and stores it with the
    /// other copies its route asks for. An absent id is made.
    /// - Parameter draft: may be changed by this, and reused by its owner as soon as this returns.
    /// - Parameter trace: the trace the event came in; nil begins none.
    /// - Parameter then: runs once, now or later: with where the event lies once it is durable, or why it is refused.
    func publish(
        _ draft: inout EventDraft, trace: TraceContext?, then: @escaping (Result<PublishedEvent, Problem>) -> Void)
}

/// Where a published event lies.
package struct PublishedEvent: Sendable, Hashable {
    /// The event's id, as given or made.
    package let id: String
    /// Its source.
    package let source: String
    /// Its type.
    package let type: String
    /// The topic its route chose.
    package let topic: TopicName
    /// The partition its key chose.
    package let partition: Int32
    /// Its offset there.
    package let offset: Offset

    /// Describes a stored event.
    package init(id: String, source: String, type: String, topic: TopicName, partition: Int32, offset: Offset) {
        self.id = id
        self.source = source
        self.type = type
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}
