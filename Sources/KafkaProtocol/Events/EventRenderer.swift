// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Writes stored events in the forms in which they leave; kept and reused.
///
/// In JSON forms the data is embedded as it lies when its type is JSON (or not named) and the bytes are JSON, as a string
/// when the type is `text/…` and the bytes are UTF-8, and else in base64.
///
/// - Concurrency: one owner at a time.
package struct EventRenderer: ~Copyable {
    private enum DataForm { case none, json, text, base64 }

    private var scanner = JSONScanner()
    private var scratch = ByteBuffer()

    /// Makes a renderer.
    package init() {}

    /// Appends an event as one structured CloudEvent in JSON, without line ends of our own.
    package mutating func structured(_ event: EventView, into text: inout ByteBuffer) {
        let (form, contentType) = form(event)
        text.reserve(event.record.byteCount + 256)
        JSONWriter.write(into: &text) { json in
            json.beginObject()
            json.key("specversion")
            json.string(("1.0" as StaticString).bytes)
            Self.member("id", event.id, &json)
            Self.member("source", event.source, &json)
            Self.member("type", event.type, &json)
            Self.member("subject", event.subject, &json)
            Self.member("time", event.time, &json)
            Self.member("datacontenttype", contentType, &json)
            Self.member("dataschema", event.dataSchema, &json)
            Self.extensions(event, &json)
            Self.data(event, form, &json)
            json.endObject()
        }
    }

    /// Appends an event in the plain form: `event_type`, `entity_id`, `data`, ….
    package mutating func plain(_ event: EventView, into text: inout ByteBuffer) {
        let (form, contentType) = form(event)
        text.reserve(event.record.byteCount + 256)
        JSONWriter.write(into: &text) { json in
            json.beginObject()
            Self.member("event_id", event.id, &json)
            Self.member("event_type", event.type, &json)
            Self.member("entity_id", event.subject, &json)
            Self.member("source", event.source, &json)
            Self.member("time", event.time, &json)
            // What is not said in the plain form is application/json.
            if form != .json || contentType?.isEqual(to: "application/json") == false {
                Self.member("datacontenttype", contentType, &json)
            }
            Self.member("dataschema", event.dataSchema, &json)
            Self.extensions(event, &json)
            Self.data(event, form, &json)
            json.endObject()
        }
    }

    /// Hands the headers of an event's binary form to `header`, names in lower case, values percent-encoded and safe to
    /// send; the body is ``EventView/data``, byte for byte. `content-type` is among them when the event names a valid one.
    package mutating func binaryHeaders(
        _ event: EventView, _ header: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        header(("ce-specversion" as StaticString).bytes, ("1.0" as StaticString).bytes)
        send("ce-id", event.id, header)
        send("ce-source", event.source, header)
        send("ce-type", event.type, header)
        if let subject = event.subject { send("ce-subject", subject, header) }
        if let time = event.time { send("ce-time", time, header) }
        if let dataSchema = event.dataSchema { send("ce-dataschema", dataSchema, header) }
        event.forEachExtension { name, value in
            scratch.removeAll()
            scratch.append("ce-" as StaticString)
            scratch.append(name)
            let nameCount = scratch.count
            PercentCoding.encodeHeader(value, into: &scratch)
            header(scratch.bytes.part(0..<nameCount), scratch.bytes.part(nameCount..<scratch.count))
        }
        if let contentType = contentType(event), MediaType.isValid(contentType) {
            header(("content-type" as StaticString).bytes, contentType)
        }
    }

    /// Writes a record as it lies into an object that is begun: offset, timestamp, key and value in base64, headers as text
    /// (in base64 where they are not UTF-8).
    package static func recordMembers(_ record: RecordView, _ json: inout JSONWriter) {
        json.key("offset")
        json.number(record.offset.value)
        json.key("timestamp")
        json.string(RFC3339.format(record.timestamp))
        json.key("key")
        if let key = record.key { json.base64(key) } else { json.null() }
        json.key("headers")
        json.beginArray()
        record.forEachHeader { name, value in
            json.beginObject()
            json.key("name")
            json.string(name)
            if let value, UTF8Check.firstBadByte(value) != nil {
                json.key("value_base64")
                json.base64(value)
            } else {
                json.key("value")
                if let value { json.string(value) } else { json.null() }
            }
            json.endObject()
        }
        json.endArray()
        json.key("value")
        if let value = record.value { json.base64(value) } else { json.null() }
    }

    private mutating func send(
        _ name: StaticString, _ value: UnsafeRawBufferPointer,
        _ header: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        scratch.removeAll()
        PercentCoding.encodeHeader(value, into: &scratch)
        header(name.bytes, scratch.bytes)
    }

    private mutating func form(_ event: EventView) -> (form: DataForm, contentType: UnsafeRawBufferPointer?) {
        guard let data = event.data else { return (.none, event.namedContentType) }
        if event.isTypedByData, event.namedContentType == nil {
            let kind = DataKind(data, &scanner)
            let form: DataForm =
                switch kind {
                case .json: .json
                case .text: .text
                case .bytes: .base64
                }
            return (form, kind.contentType)
        }
        let type = event.namedContentType
        if let type, !MediaType.isJSON(type) {
            return (MediaType.isText(type) && UTF8Check.firstBadByte(data) == nil ? .text : .base64, type)
        }
        return (DataKind.isJSON(data, &scanner) ? .json : .base64, type)
    }

    private mutating func contentType(_ event: EventView) -> UnsafeRawBufferPointer? {
        if event.namedContentType != nil || !event.isTypedByData { return event.namedContentType }
        return event.data.map { DataKind($0, &scanner).contentType }
    }

    private static func member(_ name: StaticString, _ value: UnsafeRawBufferPointer?, _ json: inout JSONWriter) {
        guard let value else { return }
        json.key(name)
        json.string(value)
    }

    private static func extensions(_ event: EventView, _ json: inout JSONWriter) {
        event.forEachExtension { name, value in
            json.key(name)
            json.string(value)
        }
    }

    private static func data(_ event: EventView, _ form: DataForm, _ json: inout JSONWriter) {
        guard let data = event.data else { return }
        switch form {
        case .none: break
        case .json:
            json.key("data")
            json.raw(data)
        case .text:
            json.key("data")
            json.string(data)
        case .base64:
            json.key("data_base64")
            json.base64(data)
        }
    }
}
