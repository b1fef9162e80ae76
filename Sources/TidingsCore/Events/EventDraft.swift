// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The attributes that CloudEvents itself defines, `specversion` apart (only `1.0` comes in).
package enum EventAttribute: UInt8, Sendable, CaseIterable {
    case id, source, type, subject, time
    /// `datacontenttype`
    case contentType
    /// `dataschema`
    case dataSchema

    /// The attribute's name in CloudEvents.
    package var name: StaticString {
        switch self {
        case .id: "id"
        case .source: "source"
        case .type: "type"
        case .subject: "subject"
        case .time: "time"
        case .contentType: "datacontenttype"
        case .dataSchema: "dataschema"
        }
    }

    /// The attribute of that name.
    package static func named(_ name: UnsafeRawBufferPointer) -> EventAttribute? {
        switch name.count {
        case 2: name.isEqual(to: "id") ? .id : nil
        case 4: name.isEqual(to: "type") ? .type : name.isEqual(to: "time") ? .time : nil
        case 6: name.isEqual(to: "source") ? .source : nil
        case 7: name.isEqual(to: "subject") ? .subject : nil
        case 10: name.isEqual(to: "dataschema") ? .dataSchema : nil
        case 15: name.isEqual(to: "datacontenttype") ? .contentType : nil
        default: nil
        }
    }
}

/// What an event's data is.
package enum EventDataKind: UInt8, Sendable {
    /// The event has none.
    case none
    /// The bytes are one JSON value.
    case json
    /// The bytes are a text in UTF-8.
    case text
    /// Bytes of any kind.
    case binary
}

/// One event on its way in: attributes and data in one arena, emptied and filled again for the next event.
///
/// ``EventReader`` fills it from outside bytes and checks it; code of ours that makes events sets what it needs and
/// calls ``EventReader/check(_:)``. The buffers it hands out are valid until the next change.
package struct EventDraft: ~Copyable {
    private struct Slice {
        var start: Int32 = 0
        /// -1: absent.
        var count: Int32 = -1
    }

    private struct Extension {
        var name: Slice
        var value: Slice
    }

    private var arena = ByteBuffer(capacity: 1024)
    private var id = Slice(), source = Slice(), type = Slice(), subject = Slice(), time = Slice()
    private var contentType = Slice(), dataSchema = Slice()
    private var extensions: [Extension] = []
    private var payload = Slice()
    /// What the data is; `.none` when the event has none.
    package private(set) var dataKind = EventDataKind.none
    /// Whether ``EventReader`` made up the id because none was given.
    package internal(set) var hasGeneratedID = false

    /// Makes an empty draft.
    package init() { extensions.reserveCapacity(16) }

    /// An attribute's text; nil when it is absent.
    package subscript(_ attribute: EventAttribute) -> UnsafeRawBufferPointer? {
        let slice =
            switch attribute {
            case .id: id
            case .source: source
            case .type: type
            case .subject: subject
            case .time: time
            case .contentType: contentType
            case .dataSchema: dataSchema
            }
        return bytes(slice)
    }

    /// The data; nil when the event has none (which is not the same as data of no bytes).
    package var data: UnsafeRawBufferPointer? { dataKind == .none ? nil : bytes(payload) }

    /// How many extensions it has.
    package var extensionCount: Int { extensions.count }
    /// The name of an extension, by its place.
    package func extensionName(_ index: Int) -> UnsafeRawBufferPointer { bytes(extensions[index].name)! }
    /// The value of an extension in CloudEvents' canonical text form, by its place.
    package func extensionValue(_ index: Int) -> UnsafeRawBufferPointer { bytes(extensions[index].value)! }

    /// Any attribute or extension by its CloudEvents name; nil when it is absent.
    package func attribute(named name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        if let known = EventAttribute.named(name) { return self[known] }
        for index in extensions.indices where extensionName(index).isEqual(to: name) { return extensionValue(index) }
        return nil
    }

    /// Any attribute or extension by its CloudEvents name; nil when it is absent.
    package func attribute(named name: StaticString) -> UnsafeRawBufferPointer? {
        attribute(named: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// How many bytes names, values and data have together.
    package var byteCount: Int { arena.count }

    // MARK: - Changes

    /// Forgets everything; keeps the memory.
    package mutating func removeAll() {
        arena.removeAll()
        id = Slice()
        source = Slice()
        type = Slice()
        subject = Slice()
        time = Slice()
        contentType = Slice()
        dataSchema = Slice()
        extensions.removeAll(keepingCapacity: true)
        payload = Slice()
        dataKind = .none
        hasGeneratedID = false
    }

    /// Sets an attribute; the bytes must not lie in this draft.
    package mutating func set(_ attribute: EventAttribute, _ text: UnsafeRawBufferPointer) {
        set(attribute, store(text))
    }

    /// Sets an attribute.
    package mutating func set(_ attribute: EventAttribute, _ text: String) {
        var text = text
        text.withUTF8 { set(attribute, UnsafeRawBufferPointer($0)) }
    }

    /// Sets an attribute to what `write` appends.
    package mutating func set(_ attribute: EventAttribute, writing write: (inout ByteBuffer) -> Void) {
        set(attribute, store(writing: write))
    }

    /// Makes an attribute absent.
    package mutating func clear(_ attribute: EventAttribute) { set(attribute, Slice()) }

    /// Sets an extension; one of that name is replaced. The bytes must not lie in this draft.
    package mutating func setExtension(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let value = store(value)
        for index in extensions.indices where extensionName(index).isEqual(to: name) {
            extensions[index].value = value
            return
        }
        extensions.append(Extension(name: store(name), value: value))
    }

    /// Sets an extension; one of that name is replaced.
    package mutating func setExtension(_ name: String, _ value: String) {
        var (name, value) = (name, value)
        name.withUTF8 { name in
            value.withUTF8 { setExtension(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer($0)) }
        }
    }

    /// Adds an extension whose name is known to be new.
    package mutating func addExtension(_ name: StaticString, writing write: (inout ByteBuffer) -> Void) {
        addExtension(name.bytes, writing: write)
    }

    /// Adds an extension whose name is known to be new.
    mutating func addExtension(_ name: UnsafeRawBufferPointer, writing write: (inout ByteBuffer) -> Void) {
        let name = store(name)
        extensions.append(Extension(name: name, value: store(writing: write)))
    }

    /// Sets the data; the bytes must not lie in this draft.
    package mutating func setData(_ kind: EventDataKind, _ bytes: UnsafeRawBufferPointer) {
        payload = store(bytes)
        dataKind = kind
    }

    /// Sets the data to what `write` appends.
    package mutating func setData(_ kind: EventDataKind, writing write: (inout ByteBuffer) -> Void) {
        payload = store(writing: write)
        dataKind = kind
    }

    private mutating func set(_ attribute: EventAttribute, _ slice: Slice) {
        switch attribute {
        case .id: id = slice
        case .source: source = slice
        case .type: type = slice
        case .subject: subject = slice
        case .time: time = slice
        case .contentType: contentType = slice
        case .dataSchema: dataSchema = slice
        }
    }

    private mutating func store(_ bytes: UnsafeRawBufferPointer) -> Slice {
        let start = arena.count
        arena.append(bytes)
        return slice(from: start)
    }

    private mutating func store(writing write: (inout ByteBuffer) -> Void) -> Slice {
        let start = arena.count
        write(&arena)
        return slice(from: start)
    }

    private func slice(from start: Int) -> Slice {
        // Bodies are limited far below this where they come in.
        precondition(arena.count <= Int(Int32.max), "an event of more than 2 GiB")
        return Slice(start: Int32(start), count: Int32(arena.count - start))
    }

    @inline(__always) private func bytes(_ slice: Slice) -> UnsafeRawBufferPointer? {
        guard slice.count >= 0 else { return nil }
        return UnsafeRawBufferPointer(start: arena.bytes.baseAddress! + Int(slice.start), count: Int(slice.count))
    }
}
