// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What an ``EventLens`` makes of records that are not in binary mode: a body whose headers are the event's, in memory that
/// is kept. It is valid until the next one is made.
struct EventCarrier: ~Copyable {
    private var reader: EventReader
    private var draft = EventDraft()
    /// A record's body: the headers that an event has which its record has not.
    private var made = ByteBuffer(capacity: 512)
    /// One value on its way there.
    private var text = ByteBuffer(capacity: 320)

    init() {
        var limits = EventLimits()
        // What is stored is not refused for its size any more.
        limits.data = Int(Int32.max)
        reader = EventReader(limits: limits, time: SystemTime(), random: SeededRandom(seed: 0))
    }

    /// Makes an event of a record that lies in a partition.
    mutating func carry(_ event: EventView, _ topic: TopicName, _ partition: Int32) -> EventView {
        structured(event) ?? byDefault(event, topic, partition)
    }

    private mutating func structured(_ event: EventView) -> EventView? {
        guard let type = event.namedContentType, let value = event.record.value,
            MediaType.essence(type).isEqualIgnoringCase(to: "application/cloudevents+json"),
            (try? reader.readStructured(value, into: &draft)) != nil
        else { return nil }
        made.removeAll(keepingAtMost: 1 << 16)
        EventRecord.encodeAttributes(draft, into: &made)
        return view(event, data: draft.data, isTypedByData: false)
    }

    private mutating func byDefault(_ event: EventView, _ topic: TopicName, _ partition: Int32) -> EventView {
        let record = event.record
        let contentType = event.namedContentType.flatMap { MediaType.isValid($0) ? $0 : nil }
        let subject =
            event.subject.flatMap { $0.isEmpty ? nil : $0 } ?? record.key.flatMap { Self.maySubject($0) ? $0 : nil }
        var count: Int64 = 5
        if subject != nil { count += 1 }
        if contentType != nil { count += 1 }
        if event.dataSchema != nil { count += 1 }
        Self.forEachOther(record) { _, _ in count += 1 }
        made.removeAll(keepingAtMost: 1 << 16)
        EventRecord.field(nil, &made)
        EventRecord.field(nil, &made)
        made.append(varint: count)
        EventRecord.header("ce_specversion", ("1.0" as StaticString).bytes, &made)
        var name = topic.text
        name.withUTF8 { name in
            let name = UnsafeRawBufferPointer(name)
            header("ce_id", event.id) { text in
                text.append(name)
                text.append(UInt8(ascii: "-"))
                text.append(decimal: Int64(partition))
                text.append(UInt8(ascii: "-"))
                text.append(decimal: record.offset.value)
            }
            header("ce_source", event.source) { text in
                text.append("/topics/" as StaticString)
                text.append(name)
            }
            header("ce_type", event.type) { $0.append(name) }
        }
        header("ce_time", event.time) { RFC3339.format(record.timestamp, into: &$0) }
        if let subject { EventRecord.header("ce_subject", subject, &made) }
        if let contentType { EventRecord.header("content-type", contentType, &made) }
        if let dataSchema = event.dataSchema { EventRecord.header("ce_dataschema", dataSchema, &made) }
        Self.forEachOther(record) { name, value in
            EventRecord.field(name, &made)
            EventRecord.field(value, &made)
        }
        return view(event, data: record.value, isTypedByData: true)
    }

    /// Writes a header with what the record says, or with what `write` appends.
    private mutating func header(
        _ name: StaticString, _ given: UnsafeRawBufferPointer?, or write: (inout ByteBuffer) -> Void
    ) {
        if let given, !given.isEmpty { return EventRecord.header(name, given, &made) }
        text.removeAll()
        write(&text)
        EventRecord.header(name, text.bytes, &made)
    }

    private borrowing func view(_ event: EventView, data: UnsafeRawBufferPointer?, isTypedByData: Bool) -> EventView {
        guard
            let carrier = try? RecordView(
                body: made.bytes, offset: event.record.offset, timestamp: event.record.timestamp)
        else { preconditionFailure("a body of our own cannot be read") }
        return EventView(
            event.record, carriedBy: carrier, data: data, isTypedByData: isTypedByData, isCopy: event.isCopy)
    }

    /// The `ce_` headers that are no attribute of CloudEvents itself.
    private static func forEachOther(
        _ record: RecordView, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {
        record.forEachHeader { name, value in
            guard name.hasPrefix("ce_"), value != nil else { return }
            let attribute = name.part(3..<name.count)
            if EventAttribute.named(attribute) == nil, !attribute.isEqual(to: "specversion") { body(name, value) }
        }
    }

    /// Whether a key may be an event's subject.
    private static func maySubject(_ key: UnsafeRawBufferPointer) -> Bool {
        (1...EventLens.longestSubject).contains(key.count) && AttributeText.firstForbidden(key) == nil
    }
}
