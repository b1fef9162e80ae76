// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One header to be stored with a record beside those of its event.
package struct RecordHeader {
    /// Its name; UTF-8.
    package let name: UnsafeRawBufferPointer
    /// Its value; nil stores a null.
    package let value: UnsafeRawBufferPointer?

    /// Names a header; the bytes must live until it is stored.
    package init(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        self.name = name
        self.value = value
    }
}

/// Events as records, by CloudEvents' Kafka binding in binary mode: attributes as headers `ce_…`, the media type as
/// header `content-type`, the data as value. An event without data has a null value.
package enum EventRecord {
    /// Appends a record's body (what follows offsetDelta in the record format) for an event.
    /// - Parameters:
    ///   - key: the record's key; nil for none.
    ///   - headers: further headers, stored behind those of the event.
    package static func encodeBody(
        _ draft: borrowing EventDraft, key: UnsafeRawBufferPointer?, headers: [RecordHeader] = [],
        into body: inout ByteBuffer
    ) {
        body.reserve(draft.byteCount + (key?.count ?? 0) + 256)
        field(key, &body)
        field(draft.data, &body)
        encodeHeaders(draft, more: headers, into: &body)
    }

    /// Appends a body of the attributes of an event alone: without key and value.
    static func encodeAttributes(_ draft: borrowing EventDraft, into body: inout ByteBuffer) {
        field(nil, &body)
        field(nil, &body)
        encodeHeaders(draft, more: [], into: &body)
    }

    @inline(__always)
    private static func encodeHeaders(
        _ draft: borrowing EventDraft, more headers: [RecordHeader], into body: inout ByteBuffer
    ) {
        var count = 1 + draft.extensionCount + headers.count
        for attribute in EventAttribute.allCases where draft[attribute] != nil { count += 1 }
        body.append(varint: Int64(count))
        header("ce_specversion", ("1.0" as StaticString).bytes, &body)
        if let id = draft[.id] { header("ce_id", id, &body) }
        if let source = draft[.source] { header("ce_source", source, &body) }
        if let type = draft[.type] { header("ce_type", type, &body) }
        if let subject = draft[.subject] { header("ce_subject", subject, &body) }
        if let time = draft[.time] { header("ce_time", time, &body) }
        if let contentType = draft[.contentType] { header("content-type", contentType, &body) }
        if let dataSchema = draft[.dataSchema] { header("ce_dataschema", dataSchema, &body) }
        for index in 0..<draft.extensionCount {
            let name = draft.extensionName(index)
            body.append(varint: Int64(name.count + 3))
            body.append("ce_" as StaticString)
            body.append(name)
            field(draft.extensionValue(index), &body)
        }
        for extra in headers {
            field(extra.name, &body)
            field(extra.value, &body)
        }
    }

    /// The id, source and type of an event in a body that ``encodeBody(_:key:headers:into:)`` made of a complete draft:
    /// read from the place where that puts them, without a walk through the whole record.
    /// - Throws: when the body is not one of those.
    package static func identity(
        ofBody body: UnsafeRawBufferPointer
    ) throws(RecordError) -> (id: UnsafeRawBufferPointer, source: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer)
    {
        var reader = RecordReader(body)
        _ = try reader.field()
        _ = try reader.field()
        guard try reader.varint() >= 4 else { throw RecordReader.endsEarly }
        func next() throws(RecordError) -> UnsafeRawBufferPointer {
            _ = try reader.field()
            let value = try reader.field()
            return UnsafeRawBufferPointer(start: reader.base + value.start, count: max(0, value.count))
        }
        _ = try next()
        return (try next(), try next(), try next())
    }

    /// Appends a record's body of parts that are no event: records of Tidings's own topics, and tests.
    package static func encodeBody(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [RecordHeader] = [],
        into body: inout ByteBuffer
    ) {
        field(key, &body)
        field(value, &body)
        body.append(varint: Int64(headers.count))
        for extra in headers {
            field(extra.name, &body)
            field(extra.value, &body)
        }
    }

    /// Appends one header of a body.
    @inline(__always)
    static func header(_ name: StaticString, _ value: UnsafeRawBufferPointer, _ body: inout ByteBuffer) {
        body.append(varint: Int64(name.utf8CodeUnitCount))
        body.append(name)
        body.append(varint: Int64(value.count))
        body.append(value)
    }

    /// Appends a length and what it counts; nil is a null.
    @inline(__always)
    static func field(_ bytes: UnsafeRawBufferPointer?, _ body: inout ByteBuffer) {
        guard let bytes else {
            body.append(varint: -1)
            return
        }
        body.append(varint: Int64(bytes.count))
        body.append(bytes)
    }
}
