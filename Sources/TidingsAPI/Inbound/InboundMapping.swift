// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Makes an event of a partner's call: attributes from its headers and body, its body byte for byte as data.
///
/// - Concurrency: one owner at a time; kept and reused.
struct InboundMapping {
    /// What of a call an event is made of, apart from its body.
    struct Call {
        /// `Content-Type`.
        let contentType: String?
        /// `X-GitHub-Event`: the event's name.
        let event: String?
        /// `X-GitHub-Delivery`: the delivery's id.
        let delivery: String?
        /// The raw body.
        let body: UnsafeRawBufferPointer
    }

    private enum Kind {
        case gitHub
        case generic(GenericInbound, source: String)
    }
    private let kind: Kind
    private var fields: InboundFields

    /// Sets up the mapping of an inbound webhook.
    init(_ webhook: InboundWebhook) {
        switch webhook.kind {
        case .github:
            kind = .gitHub
            let places = [["action"], ["repository", "full_name"], ["organization", "login"], ["sender", "login"]]
            fields = InboundFields(places.map { JSONPointer(tokens: $0) })
        case .generic(let generic):
            kind = .generic(generic, source: "/in/\(webhook.name)")
            fields = InboundFields([generic.type, generic.entity ?? generic.type, generic.id ?? generic.type])
        }
    }

    /// Fills `draft`, which is emptied first, with the event; the caller checks it.
    /// - Throws: a problem that names the header or the place in the body that is missing or of the wrong kind.
    mutating func fill(_ draft: inout EventDraft, from call: Call) throws(Problem) {
        draft.removeAll()
        let contentType = call.contentType
        try Self.checkIsJSON(contentType)
        let found: [InboundField]
        do throws(JSONError) {
            found = try fields.read(call.body)
        } catch {
            throw Problem(.unreadableBody, "the body is not JSON: \(error)", [.init("", "json", found: error.reason)])
        }
        switch kind {
        case .gitHub: try Self.gitHub(call, found, &draft)
        case .generic(let generic, let source): try Self.generic(generic, source, found, &draft)
        }
        draft.set(.contentType, contentType ?? "application/json")
        draft.setData(.json, call.body)
    }

    private static func gitHub(
        _ call: Call, _ found: [InboundField], _ draft: inout EventDraft
    ) throws(Problem) {
        guard let event = call.event, !event.isEmpty else { throw missing("x-github-event") }
        guard let delivery = call.delivery, !delivery.isEmpty else {
            throw missing("x-github-delivery")
        }
        let action = found[0].text.flatMap { $0.isEmpty ? nil : $0 }
        draft.set(.id, delivery)
        draft.set(.type, action.map { "com.github.\(event).\($0)" } ?? "com.github.\(event)")
        let owner = found[1...].lazy.compactMap { $0.text.flatMap { $0.isEmpty ? nil : $0 } }.first
        draft.set(.source, owner.map { "https://github.com/\(pathText($0))" } ?? "https://github.com")
        if let repository = found[1].text, !repository.isEmpty { draft.set(.subject, repository) }
    }

    private static func generic(
        _ generic: GenericInbound, _ source: String, _ found: [InboundField], _ draft: inout EventDraft
    ) throws(Problem) {
        guard let type = try text(found[0], at: generic.type, "the type") else {
            throw Problem(
                .invalidEvent, "the body has no type at \(generic.type)",
                [.init(generic.type.description, "required")])
        }
        draft.set(.type, type)
        draft.set(.source, source)
        if let place = generic.entity, let entity = try text(found[1], at: place, "the entity") {
            draft.set(.subject, entity)
        }
        if let place = generic.id, let id = try text(found[2], at: place, "the id") { draft.set(.id, id) }
    }

    /// A field's text; nil when it is absent or empty.
    private static func text(
        _ field: InboundField, at place: JSONPointer, _ what: String
    ) throws(Problem) -> String? {
        switch field {
        case .absent: return nil
        case .text(let text): return text.isEmpty ? nil : text
        case .other(let kind):
            throw Problem(
                .invalidEvent, "\(what) at \(place) must be a string or a number; found \(kind)",
                [.init(place.description, "string-or-number", found: kind)])
        }
    }

    private static func checkIsJSON(_ contentType: String?) throws(Problem) {
        guard var contentType else { return }
        let isJSON = contentType.withUTF8 { MediaType.isJSON(UnsafeRawBufferPointer($0)) }
        if isJSON { return }
        throw Problem(
            .unsupportedMediaType, "an inbound webhook takes JSON (application/json); found \(contentType)",
            [.init("header:content-type", "json", found: contentType)])
    }

    private static func missing(_ header: String) -> Problem {
        Problem(.badRequest, "the call has no header \(header)", [.init("header:\(header)", "required")])
    }

    /// A name as part of a URL's path.
    private static func pathText(_ name: String) -> String {
        var text = ByteBuffer(capacity: name.utf8.count)
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.append(byte)
            default:
                text.append(UInt8(ascii: "%"))
                text.append(Hex.encode([byte]).uppercased())
            }
        }
        return text.text()
    }
}
