// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A stored record looked at as an event (CloudEvents' Kafka binding, binary mode); nothing is copied, so it must not
/// outlive its ``RecordView``. ``EventLens`` makes one of every record, whoever wrote it.
package struct EventView {
    /// The record it is, as it lies.
    package let record: RecordView
    /// The record whose headers say what the event is: ``record`` itself, or what an ``EventLens`` made of it.
    package let carrier: RecordView
    /// Whether ``carrier`` is an event: `ce_specversion`, and an id, a source and a type that are not empty. Always so in
    /// what an ``EventLens`` shows.
    package let isEvent: Bool
    /// The event's id; empty when the record is none.
    package let id: UnsafeRawBufferPointer
    /// The event's source; empty when the record is none.
    package let source: UnsafeRawBufferPointer
    /// The event's type; empty when the record is none.
    package let type: UnsafeRawBufferPointer
    /// The entity.
    package let subject: UnsafeRawBufferPointer?
    /// When it happened, as its producer wrote it.
    package let time: UnsafeRawBufferPointer?
    /// The media type that the record names: the header `content-type`, or `ce_datacontenttype`, which some producers
    /// write.
    let namedContentType: UnsafeRawBufferPointer?
    /// Whether ``contentType`` is told by the data where the record names none.
    let isTypedByData: Bool
    /// The URI of the data's schema.
    package let dataSchema: UnsafeRawBufferPointer?
    /// Whether it is a copy that a route made beside the event itself.
    package let isCopy: Bool

    /// The data, byte for byte; nil when there is none.
    package let data: UnsafeRawBufferPointer?

    /// The data's media type. Where it is told by the data, this looks at all of it.
    package var contentType: UnsafeRawBufferPointer? {
        if namedContentType != nil || !isTypedByData { return namedContentType }
        var scanner = JSONScanner()
        return data.flatMap { DataKind($0, &scanner).contentType }
    }

    /// Looks at a record: one walk through its headers.
    package init(_ record: RecordView) {
        self.init(record, carriedBy: record, data: record.value)
    }

    /// Looks at a record whose attributes the headers of another one hold.
    /// - Parameters:
    ///   - isCopy: whether ``record`` is a copy, where `carrier` does not say so.
    ///   - unnamedType: the data's media type where `carrier` names none.
    @inline(__always)
    init(
        _ record: RecordView, carriedBy carrier: RecordView, data: UnsafeRawBufferPointer?, isTypedByData: Bool = false,
        isCopy isKnownCopy: Bool = false, unnamedType: UnsafeRawBufferPointer? = nil
    ) {
        self.record = record
        self.carrier = carrier
        self.data = data
        self.isTypedByData = isTypedByData
        var hasVersion = false
        var isCopy = isKnownCopy
        var id: UnsafeRawBufferPointer?, source: UnsafeRawBufferPointer?, type: UnsafeRawBufferPointer?
        var subject: UnsafeRawBufferPointer?, time: UnsafeRawBufferPointer?, dataSchema: UnsafeRawBufferPointer?
        var contentType: UnsafeRawBufferPointer?, misplacedContentType: UnsafeRawBufferPointer?
        carrier.forEachHeader { name, value in
            guard let value else { return }
            guard name.count >= 3, name[0] == UInt8(ascii: "c"), name[1] == UInt8(ascii: "e"),
                name[2] == UInt8(ascii: "_")
            else {
                if name.isEqualIgnoringCase(to: "content-type") {
                    contentType = value
                } else if name.isEqual(to: RouteTarget.copyHeader) {
                    isCopy = true
                }
                return
            }
            let name = name.part(3..<name.count)
            switch EventAttribute.named(name) {
            case .id: id = value
            case .source: source = value
            case .type: type = value
            case .subject: subject = value
            case .time: time = value
            case .dataSchema: dataSchema = value
            case .contentType: misplacedContentType = value
            case nil: if name.isEqual(to: "specversion") { hasVersion = true }
            }
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        isEvent = hasVersion && id?.isEmpty == false && source?.isEmpty == false && type?.isEmpty == false
        self.id = id ?? nothing
        self.source = source ?? nothing
        self.type = type ?? nothing
        self.subject = subject
        self.time = time
        self.dataSchema = dataSchema
        self.isCopy = isCopy
        namedContentType = contentType ?? misplacedContentType ?? unnamedType
    }

    /// Any attribute or extension by its CloudEvents name (`specversion` too); nil when it is absent.
    package func attribute(named name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        switch EventAttribute.named(name) {
        case .id: return id.isEmpty ? nil : id
        case .source: return source.isEmpty ? nil : source
        case .type: return type.isEmpty ? nil : type
        case .subject: return subject
        case .time: return time
        case .contentType: return contentType
        case .dataSchema: return dataSchema
        case nil: break
        }
        var found: UnsafeRawBufferPointer?
        carrier.forEachHeader { header, value in
            if header.count == name.count + 3, header.hasPrefix("ce_"),
                header.part(3..<header.count).isEqual(to: name)
            {
                found = value
            }
        }
        return found
    }

    /// Any attribute or extension by its CloudEvents name; nil when it is absent.
    package func attribute(named name: StaticString) -> UnsafeRawBufferPointer? { attribute(named: name.bytes) }

    /// Hands every extension to `body`, in order: its name without `ce_`, and its value. Headers whose name can be no
    /// extension's, as only other Kafka clients write them, are left out.
    package func forEachExtension(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
        carrier.forEachHeader { header, value in
            guard let value, header.hasPrefix("ce_") else { return }
            let name = header.part(3..<header.count)
            if EventAttribute.named(name) == nil, !name.isEqual(to: "specversion"), AttributeText.isName(name) {
                body(name, value)
            }
        }
    }

    /// The same event with other data, as a record with the headers of ``carrier`` holds it.
    package func replaced(by record: RecordView) -> EventView {
        // A type that the stored data told stays, whatever the new data is.
        EventView(
            record, carriedBy: record, data: record.value, isCopy: isCopy,
            unnamedType: isTypedByData ? contentType : nil)
    }

    /// The trace it belongs to: its extension `traceparent`, or Kafka's header of that name, which instrumented clients
    /// write.
    package var traceParent: UnsafeRawBufferPointer? {
        carrier.header("ce_traceparent") ?? record.header("traceparent")
    }

    /// What goes with ``traceParent``.
    package var traceState: UnsafeRawBufferPointer? {
        if let own = carrier.header("ce_tracestate") { return own }
        return carrier.header("ce_traceparent") == nil ? record.header("tracestate") : nil
    }
}
