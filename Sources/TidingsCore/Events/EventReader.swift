// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Reads events in all forms that come over HTTP into an ``EventDraft``, and checks every rule of CloudEvents 1.0.2 by
/// code; kept and reused. A refusal lists all rules that were broken, each by its place.
///
/// Decisions where CloudEvents leaves room: a member that is `null` is absent, but `"data": null` is data (the JSON value
/// null). Data in JSON without `datacontenttype` is stored as `application/json`, which is what its absence means. Data of
/// a type that is not JSON must be a string, or `data_base64`. Extensions take strings, booleans and 32-bit integers.
///
/// The plain form has `event_type`, `entity_id`, `data` (or `data_base64`), `event_id`, `source`, `time`,
/// `datacontenttype` and `dataschema`; any other member of a-z and 0-9 is an extension, except `id`, `type`, `subject`
/// and misspelt fields without their underscore (`eventtype`), which are refused with the name that was meant. An
/// object with `specversion` is read as a structured event wherever the plain form is taken.
///
/// - Concurrency: one owner at a time.
package struct EventReader: ~Copyable {
    /// What is refused as too large.
    package let limits: EventLimits
    let rules: EventRules
    private let time: any TimeSource
    private let random: any RandomSource
    private var scanner = JSONScanner()
    private var members: [(name: JSONToken, value: JSONToken)] = []
    var findings = EventFindings()
    var scratch = ByteBuffer()

    private enum JSONForm { case structured, plainOrStructured }

    /// Makes a reader; clock and randomness make the ids of plain events that bring none.
    package init(limits: EventLimits = EventLimits(), time: any TimeSource, random: any RandomSource) {
        self.limits = limits
        rules = EventRules(limits: limits)
        self.time = time
        self.random = random
        members.reserveCapacity(32)
    }

    // MARK: - Forms

    /// Reads `application/cloudevents+json`.
    /// - Throws: `.unreadableBody` for what is not JSON, `.invalidEvent` with every broken rule, `.tooLarge`.
    package mutating func readStructured(
        _ body: UnsafeRawBufferPointer, into draft: inout EventDraft
    ) throws(Problem) {
        try readOne(body, .structured, &draft)
    }

    /// Reads the plain form (or a structured event, known by its `specversion`) out of `application/json`. An id is
    /// made when none is given; a source may still be absent.
    /// - Throws: as ``readStructured(_:into:)``.
    package mutating func readPlain(_ body: UnsafeRawBufferPointer, into draft: inout EventDraft) throws(Problem) {
        try readOne(body, .plainOrStructured, &draft)
    }

    /// Reads `application/cloudevents-batch+json` and hands each event to `each`, in order, with the refusal if it is
    /// wrong (the draft is not to be used then).
    /// - Throws: `.unreadableBody`, `.invalidEvent` or `.tooLarge` for the body as a whole; events may have been handed
    ///   over before, and must not be stored then.
    package mutating func readBatch(
        _ body: UnsafeRawBufferPointer, into draft: inout EventDraft, each: (inout EventDraft, Problem?) -> Void
    ) throws(Problem) {
        scanner.begin(body)
        let refusal: Problem?
        do throws(JSONError) {
            refusal = try readElements(&draft, each)
        } catch {
            throw Self.unreadable(error)
        }
        if let refusal { throw refusal }
    }

    private mutating func readElements(
        _ draft: inout EventDraft, _ each: (inout EventDraft, Problem?) -> Void
    ) throws(JSONError) -> Problem? {
        guard try scanner.peek() == .array else {
            let found = try scanner.value().kind
            try scanner.end()
            return Problem(
                .invalidEvent, "a batch is a JSON array of events; found \(found)",
                [Problem.Violation("", "array", found: "\(found)")])
        }
        try scanner.enterArray()
        var count = 0
        while try scanner.nextElement() {
            count += 1
            if count > limits.batch { return tooMany() }
            try readObject(.structured, &draft)
            each(&draft, findings.isEmpty ? nil : findings.problem())
        }
        try scanner.end()
        return nil
    }

    /// Reads `application/x-ndjson`: one plain or structured event per line, blank lines left out. Each goes to `each`, in
    /// order, with the refusal if it is wrong; a line that is not JSON refuses itself only.
    /// - Throws: `.tooLarge` for too many lines; events may have been handed over before, and must not be stored then.
    package mutating func readLines(
        _ body: UnsafeRawBufferPointer, into draft: inout EventDraft, each: (inout EventDraft, Problem?) -> Void
    ) throws(Problem) {
        var at = 0
        var count = 0
        while at < body.count {
            var end = at
            while end < body.count, body[end] != 0x0A { end += 1 }
            let line = body.part(at..<end)
            at = end + 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            count += 1
            guard count <= limits.batch else { throw tooMany() }
            do throws(Problem) {
                try readOne(line, .plainOrStructured, &draft)
                each(&draft, nil)
            } catch {
                each(&draft, error)
            }
        }
    }

    /// Checks a draft that code of ours has filled.
    /// - Throws: `.invalidEvent` with every broken rule, `.tooLarge`.
    package mutating func check(_ draft: borrowing EventDraft) throws(Problem) {
        findings.removeAll()
        for index in 0..<draft.extensionCount { checkName(draft.extensionName(index), .structured) }
        rules.check(draft, .structured, needsSource: true, &findings)
        if !findings.isEmpty { throw findings.problem() }
    }

    // MARK: - JSON

    private mutating func readOne(
        _ body: UnsafeRawBufferPointer, _ form: JSONForm, _ draft: inout EventDraft
    ) throws(Problem) {
        scanner.begin(body)
        do throws(JSONError) {
            try readObject(form, &draft)
            try scanner.end()
        } catch {
            throw Self.unreadable(error)
        }
        if !findings.isEmpty { throw findings.problem() }
    }

    /// Reads the value that comes next as one event; broken rules go to `findings`.
    private mutating func readObject(_ form: JSONForm, _ draft: inout EventDraft) throws(JSONError) {
        findings.removeAll()
        draft.removeAll()
        members.removeAll(keepingCapacity: true)
        guard try scanner.peek() == .object else {
            let found = try scanner.value()
            findings.add("", "object", found: "\(found.kind)", says: "must be a JSON object; found \(found.kind)")
            return
        }
        try scanner.enterObject()
        var hasVersion = false
        var count = 0
        while let name = try scanner.nextName() {
            let value = try scanner.value()
            count += 1
            // Further ones are only counted: an object of a million members must not cost a list of them.
            guard members.count <= limits.extensions + 16 else { continue }
            if scanner.bytes(name.content).isEqual(to: "specversion") { hasVersion = true }
            members.append((name, value))
        }
        if count > limits.extensions + 16 {
            findings.add(
                "", "too-many", found: "\(count) members",
                says: "has \(count) members; at most \(limits.extensions) extensions are taken")
            return
        }
        if form == .structured || hasVersion {
            interpretStructured(hasVersion: hasVersion, &draft)
            rules.check(draft, .structured, needsSource: true, &findings)
        } else {
            interpretPlain(&draft)
            if draft[.id] == nil { makeID(&draft) }
            rules.check(draft, .plain, needsSource: false, &findings)
        }
    }

    private mutating func interpretStructured(hasVersion: Bool, _ draft: inout EventDraft) {
        if !hasVersion { findings.add("/specversion", "required", says: "is missing") }
        var data: JSONToken?
        var base64: JSONToken?
        for (nameToken, value) in members {
            let name = unescapedName(nameToken)
            if let attribute = EventAttribute.named(name) {
                readString(value, attribute, .structured, &draft)
            } else if name.isEqual(to: "specversion") {
                readVersion(value)
            } else if name.isEqual(to: "data") {
                data = value
            } else if name.isEqual(to: "data_base64") {
                base64 = value
            } else if checkName(name, .structured) {
                readExtension(name, value, .structured, &draft)
            }
        }
        readData(data, base64, .structured, &draft)
    }

    private mutating func interpretPlain(_ draft: inout EventDraft) {
        var data: JSONToken?
        var base64: JSONToken?
        for (nameToken, value) in members {
            let name = unescapedName(nameToken)
            if let attribute = PlainFields.attribute(name) {
                readString(value, attribute, .plain, &draft)
            } else if name.isEqual(to: "data") {
                data = value
            } else if name.isEqual(to: "data_base64") {
                base64 = value
            } else if let meant = PlainFields.meant(name) {
                findings.add(
                    "/\(EventFindings.escaped(name.text))", "unknown-field", found: name.text,
                    says: "is no field of the plain form\(meant)")
            } else if checkName(name, .plain) {
                readExtension(name, value, .plain, &draft)
            }
        }
        readData(data, base64, .plain, &draft)
    }

    private mutating func readVersion(_ value: JSONToken) {
        let text = scanner.bytes(value.range)
        if text.isEqual(to: "\"1.0\"") { return }
        let rule = value.kind == .null ? "required" : "specversion"
        findings.add(
            "/specversion", rule, found: text.text, says: value.kind == .null ? "is missing" : "must be \"1.0\"")
    }

    private mutating func readString(
        _ value: JSONToken, _ attribute: EventAttribute, _ form: EventFindings.Form, _ draft: inout EventDraft
    ) {
        switch value.kind {
        case .null: return
        case .string:
            let content = scanner.bytes(value.content)
            if value.hasEscapes {
                draft.set(attribute) { JSONText.unescape(content, into: &$0) }
            } else {
                draft.set(attribute, content)
            }
        default:
            findings.add(
                form.pointer(attribute), "string", found: scanner.bytes(value.range).text,
                says: "must be a string; found \(value.kind)")
            // What is there in the wrong kind is not also missing.
            draft.set(attribute, "-")
            if attribute == .time { draft.clear(.time) }
            if attribute == .contentType || attribute == .dataSchema { draft.clear(attribute) }
        }
    }

    private mutating func readExtension(
        _ name: UnsafeRawBufferPointer, _ value: JSONToken, _ form: EventFindings.Form, _ draft: inout EventDraft
    ) {
        let content = scanner.bytes(value.content)
        switch value.kind {
        case .null: return
        case .string:
            draft.addExtension(name) { text in
                if value.hasEscapes { JSONText.unescape(content, into: &text) } else { text.append(content) }
            }
        case .bool: draft.addExtension(name) { $0.append(content) }
        case .number:
            // A fraction of zeros makes no other number, and some languages write it.
            guard let whole = JSONNumber(checked: content.text).integer, let number = Int32(exactly: whole) else {
                fallthrough
            }
            draft.addExtension(name) { $0.append(decimal: Int64(number)) }
        case .array, .object:
            findings.add(
                form.pointer(extension: name.text), "extension-type", found: content.text,
                says: "is an extension, so it must be a string, a boolean or a 32-bit integer; found \(value.kind)")
        }
    }

    private mutating func readData(
        _ data: JSONToken?, _ base64: JSONToken?, _ form: EventFindings.Form, _ draft: inout EventDraft
    ) {
        if let data, base64 == nil || base64?.kind == .null {
            let type = draft[.contentType]
            guard let type, !MediaType.isJSON(type) else {
                draft.setData(.json, scanner.bytes(data.range))
                if type == nil { draft.set(.contentType, ("application/json" as StaticString).bytes) }
                return
            }
            guard data.kind == .string else {
                findings.add(
                    "/data", "text-data", found: scanner.bytes(data.range).text,
                    says: "must be a string, since datacontenttype is \(type.text) and not JSON; found \(data.kind)")
                return
            }
            let content = scanner.bytes(data.content)
            draft.setData(.text) { JSONText.unescape(content, into: &$0) }
        } else if let base64, base64.kind != .null {
            if data != nil {
                findings.add(
                    "/data_base64", "one-data", says: "stands beside data; an event has one of them")
                return
            }
            readBase64(base64, &draft)
        }
    }

    private mutating func readBase64(_ value: JSONToken, _ draft: inout EventDraft) {
        var isBase64 = value.kind == .string
        if isBase64 {
            let content = scanner.bytes(value.content)
            scratch.removeAll()
            if value.hasEscapes { JSONText.unescape(content, into: &scratch) }
            let text = value.hasEscapes ? scratch.bytes : content
            draft.setData(.binary) { isBase64 = Base64.decode(text, into: &$0) }
        }
        if !isBase64 {
            findings.add(
                "/data_base64", "base64", found: scanner.bytes(value.range).text,
                says: "must be base64 with padding (RFC 4648)")
        }
    }

    /// Gives a draft a new id (a UUID of version 7).
    package mutating func makeID(_ draft: inout EventDraft) {
        let id = UUID128.timeOrdered(at: time.wall, from: random)
        draft.set(.id) { text in
            text.append(room: 36) { room in
                var at = 0
                id.forEachCharacter { character in
                    room[at] = character
                    at += 1
                }
                return at
            }
        }
        draft.hasGeneratedID = true
    }

    // MARK: - Names and refusals

    /// Whether a name may be an extension's; notes it when not.
    @discardableResult
    mutating func checkName(_ name: UnsafeRawBufferPointer, _ form: EventFindings.Form) -> Bool {
        guard AttributeText.isName(name), !name.isEqual(to: "data") else {
            findings.add(
                form.pointer(extension: name.text), "extension-name", found: name.text,
                says: "is no attribute; an extension's name has a-z and 0-9 only"
                    + Spelling.hint(for: name.text, in: Self.structuredNames))
            return false
        }
        guard name.count <= limits.extensionName else {
            findings.add(
                form.pointer(extension: name.text), "too-long", found: "\(name.count) bytes",
                says: "is a name of \(name.count) bytes; at most \(limits.extensionName) are taken")
            return false
        }
        return true
    }

    private static let structuredNames =
        EventAttribute.allCases.map { "\($0.name)" } + ["specversion", "data", "data_base64"]

    private mutating func unescapedName(_ name: JSONToken) -> UnsafeRawBufferPointer {
        let content = scanner.bytes(name.content)
        guard name.hasEscapes else { return content }
        scratch.removeAll()
        JSONText.unescape(content, into: &scratch)
        return scratch.bytes
    }

    private func tooMany() -> Problem {
        Problem(
            .tooLarge, "a request has at most \(limits.batch) events",
            [Problem.Violation("", "too-many", found: "more than \(limits.batch) events")])
    }

    static func unreadable(_ error: JSONError) -> Problem {
        Problem(
            .unreadableBody, "the body is not JSON: \(error)",
            [Problem.Violation("", "json", found: "byte \(error.position)")])
    }
}

/// The names of the plain form.
enum PlainFields {
    private static let names = [
        "event_type", "entity_id", "event_id", "source", "time", "data", "data_base64", "datacontenttype", "dataschema",
    ]

    static func attribute(_ name: UnsafeRawBufferPointer) -> EventAttribute? {
        switch name.count {
        case 4: name.isEqual(to: "time") ? .time : nil
        case 6: name.isEqual(to: "source") ? .source : nil
        case 8: name.isEqual(to: "event_id") ? .id : nil
        case 9: name.isEqual(to: "entity_id") ? .subject : nil
        case 10: name.isEqual(to: "event_type") ? .type : name.isEqual(to: "dataschema") ? .dataSchema : nil
        case 15: name.isEqual(to: "datacontenttype") ? .contentType : nil
        default: nil
        }
    }

    /// The end of a refusal for a name that can be no extension here; nil when it can.
    static func meant(_ name: UnsafeRawBufferPointer) -> String? {
        switch name.count {
        case 2: return name.isEqual(to: "id") ? "; did you mean \"event_id\"?" : nil
        case 4: return name.isEqual(to: "type") ? "; did you mean \"event_type\"?" : nil
        case 7:
            if name.isEqual(to: "subject") { return "; did you mean \"entity_id\"?" }
            if name.isEqual(to: "eventid") { return "; did you mean \"event_id\"?" }
        case 8: if name.isEqual(to: "entityid") { return "; did you mean \"entity_id\"?" }
        case 9: if name.isEqual(to: "eventtype") { return "; did you mean \"event_type\"?" }
        default: break
        }
        if AttributeText.isName(name) { return nil }
        return Spelling.nearest(to: name.text, in: names).map { "; did you mean \"\($0)\"?" }
            ?? " and, with letters other than a-z and 0-9 in its name, no extension"
    }
}
