// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

extension EventReader {
    /// Reads CloudEvents' binary form: attributes in headers `ce-…`, data in the body, which is taken byte for byte; an
    /// empty body is no data. Names of headers may be in any case.
    ///
    /// `ce-datacontenttype`, which some senders write, is taken where there is no `Content-Type`.
    /// - Parameter headers: calls what it is given for each header with name and value.
    /// - Throws: `.invalidEvent` with every broken rule, `.tooLarge`.
    package mutating func readBinary(
        _ headers: ((UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) -> Void, body: UnsafeRawBufferPointer,
        into draft: inout EventDraft
    ) throws(Problem) {
        findings.removeAll()
        draft.removeAll()
        var hasVersion = false
        headers { name, value in
            if name.isEqualIgnoringCase(to: "content-type") {
                if draft[.contentType] == nil || value.isEqual(to: draft[.contentType]!) {
                    draft.set(.contentType, value)
                } else {
                    findings.add(
                        "header:content-type", "one-content-type", found: value.text,
                        says: "is not what was said before")
                }
                return
            }
            guard name.hasPrefixIgnoringCase("ce-") else { return }
            scratch.removeAll()
            for byte in name.part(3..<name.count) {
                scratch.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
            }
            let nameCount = scratch.count
            guard PercentCoding.decodeHeader(value, into: &scratch) else {
                findings.add(
                    "header:ce-\(scratch.text())", "utf-8", found: value.text,
                    says: "is not UTF-8 once its percent signs are undone")
                return
            }
            let lowered = scratch.bytes.part(0..<nameCount)
            let text = scratch.bytes.part(nameCount..<scratch.count)
            readHeader(lowered, text, &hasVersion, &draft)
        }
        if !hasVersion { findings.add("header:ce-specversion", "required", says: "is missing") }
        if !body.isEmpty { draft.setData(.binary, body) }
        rules.check(draft, .binary, needsSource: true, &findings)
        if !findings.isEmpty { throw findings.problem() }
    }

    private mutating func readHeader(
        _ name: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, _ hasVersion: inout Bool,
        _ draft: inout EventDraft
    ) {
        func twice() {
            findings.add("header:ce-\(name.text)", "duplicate", found: text.text, says: "comes twice")
        }
        if name.isEqual(to: "specversion") {
            if hasVersion { twice() }
            hasVersion = true
            if !text.isEqual(to: "1.0") {
                findings.add("header:ce-specversion", "specversion", found: text.text, says: "must be 1.0")
            }
        } else if let attribute = EventAttribute.named(name) {
            if attribute == .contentType {
                if let known = draft[.contentType], !known.isEqual(to: text) {
                    findings.add(
                        "header:ce-datacontenttype", "one-content-type", found: text.text,
                        says: "is not what Content-Type says")
                } else {
                    draft.set(.contentType, text)
                }
            } else if draft[attribute] != nil {
                twice()
            } else {
                draft.set(attribute, text)
            }
        } else if checkName(name, .binary) {
            if draft.attribute(named: name) != nil { twice() } else { draft.setExtension(name, text) }
        }
    }
}
