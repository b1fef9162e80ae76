// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The rules of CloudEvents 1.0.2 for an event's parts once they are text, and our limits.
struct EventRules {
    let limits: EventLimits

    /// Adds every rule that the draft breaks to `findings`, named as `form` names things.
    /// - Parameter needsSource: false where the owner of the type may still give one.
    func check(
        _ draft: borrowing EventDraft, _ form: EventFindings.Form, needsSource: Bool, _ findings: inout EventFindings
    ) {
        var total = 0
        required(draft, .id, form, &total, &findings)
        if needsSource || draft[.source] != nil { required(draft, .source, form, &total, &findings) }
        required(draft, .type, form, &total, &findings)
        if let source = draft[.source], !source.isEmpty, !URIText.isReference(source) {
            findings.add(
                form.pointer(.source), "uri-reference", found: source.text, says: "must be a URI reference (RFC 3986)")
        }
        optional(draft, .subject, form, &total, &findings)
        if optional(draft, .time, form, &total, &findings), let time = draft[.time], RFC3339.parse(time) == nil {
            findings.add(
                form.pointer(.time), "rfc3339", found: time.text,
                says: "must be a time with seconds and zone as RFC 3339 has it, like 2026-11-24T15:06:21Z")
        }
        if optional(draft, .contentType, form, &total, &findings), let type = draft[.contentType],
            !type.isEqual(to: "application/json"), !MediaType.isValid(type)
        {
            findings.add(
                form.pointer(.contentType), "media-type", found: type.text,
                says: "must be a media type (RFC 2046), like application/json")
        }
        if optional(draft, .dataSchema, form, &total, &findings), let schema = draft[.dataSchema],
            !URIText.isURI(schema)
        {
            findings.add(
                form.pointer(.dataSchema), "uri", found: schema.text, says: "must be an absolute URI (RFC 3986)")
        }
        for index in 0..<draft.extensionCount {
            let (name, value) = (draft.extensionName(index), draft.extensionValue(index))
            total += name.count + value.count
            text(value, limits.extensionValue, { form.pointer(extension: name.text) }, &findings)
        }
        if draft.extensionCount > limits.extensions {
            findings.add(
                "", "too-many", found: "\(draft.extensionCount) extensions",
                says: "has \(draft.extensionCount) extensions; at most \(limits.extensions) are taken")
        }
        if total > limits.attributes {
            findings.add(
                "", "too-long", found: "\(total) bytes",
                says: "has \(total) bytes of attributes; at most \(limits.attributes) are taken")
        }
        if let data = draft.data, data.count > limits.data {
            findings.addTooLarge(form == .binary ? "" : "/data", count: data.count, limit: limits.data)
        }
    }

    private func required(
        _ draft: borrowing EventDraft, _ attribute: EventAttribute, _ form: EventFindings.Form, _ total: inout Int,
        _ findings: inout EventFindings
    ) {
        guard draft[attribute] != nil else {
            findings.add(form.pointer(attribute), "required", says: "is missing")
            return
        }
        optional(draft, attribute, form, &total, &findings)
    }

    /// Checks what holds for every attribute: whether it is there and worth a closer look.
    @discardableResult
    private func optional(
        _ draft: borrowing EventDraft, _ attribute: EventAttribute, _ form: EventFindings.Form, _ total: inout Int,
        _ findings: inout EventFindings
    ) -> Bool {
        guard let value = draft[attribute] else { return false }
        total += value.count
        guard !value.isEmpty else {
            findings.add(form.pointer(attribute), "non-empty", found: "", says: "must not be empty")
            return false
        }
        return text(value, limit(attribute), { form.pointer(attribute) }, &findings)
    }

    @discardableResult
    private func text(
        _ value: UnsafeRawBufferPointer, _ limit: Int, _ pointer: () -> String, _ findings: inout EventFindings
    ) -> Bool {
        guard value.count <= limit else {
            findings.add(
                pointer(), "too-long", found: "\(value.count) bytes",
                says: "has \(value.count) bytes; at most \(limit) are taken")
            return false
        }
        if let at = AttributeText.firstForbidden(value) {
            findings.add(
                pointer(), "characters", found: value.text,
                says: "has a control character, a noncharacter or bad UTF-8 at its byte \(at)")
            return false
        }
        return true
    }

    private func limit(_ attribute: EventAttribute) -> Int {
        switch attribute {
        case .id: limits.id
        case .source: limits.source
        case .type: limits.type
        case .subject: limits.subject
        case .time: limits.time
        case .contentType: limits.contentType
        case .dataSchema: limits.dataSchema
        }
    }
}
