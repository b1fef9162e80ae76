// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Shows every record as the event it is, whoever wrote it:
///
/// 1. with `ce_specversion` and an id, a source and a type in its headers it is that event (binary mode);
/// 2. with `content-type: application/cloudevents+json` and an event in JSON as its value it is that one (structured mode);
/// 3. any other is an event by default: its `ce_` headers count, and of what they do not say the type is the topic's
///    name, the source `/topics/<topic>`, the id `<topic>-<partition>-<offset>`, the subject the key where it is a text
///    that an attribute may hold, the time the record's timestamp, and the content type told by the data.
///
/// Binary mode costs one walk through the headers. What the others lack is written into memory that is kept, so nothing
/// is allocated per record.
///
/// - Concurrency: one owner at a time. An event it showed is valid until it shows the next one.
package final class EventLens {
    /// How long a key may be that becomes a subject.
    package static let longestSubject = EventLimits().subject

    private var carrier = EventCarrier()

    /// Makes a lens.
    package init() {}

    /// Shows a record that lies in a partition.
    package func event(_ record: RecordView, in topic: TopicName, _ partition: Int32) -> EventView {
        let event = EventView(record)
        if event.isEvent { return event }
        return carrier.carry(event, topic, partition)
    }
}
