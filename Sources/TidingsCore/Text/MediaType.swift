// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Media types as RFC 2046 writes them: `type/subtype; name=value`. Nothing is copied.
package enum MediaType {
    /// Whether the text is a media type, parameters included.
    package static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")), slash > 0,
            text.part(0..<slash).allSatisfy(isToken)
        else { return false }
        var at = slash + 1
        let subtype = at
        while at < text.count, isToken(text[at]) { at += 1 }
        guard at > subtype else { return false }
        while at < text.count {
            skipSpace(text, &at)
            guard at < text.count, text[at] == UInt8(ascii: ";") else { return false }
            at += 1
            skipSpace(text, &at)
            let name = at
            while at < text.count, isToken(text[at]) { at += 1 }
            guard at > name, at < text.count, text[at] == UInt8(ascii: "=") else { return false }
            at += 1
            guard let end = value(text, at) else { return false }
            at = end
        }
        return true
    }

    /// The type and subtype, without parameters and the space before them.
    package static func essence(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var end = text.firstIndex(of: UInt8(ascii: ";")) ?? text.count
        while end > 0, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        return text.part(0..<end)
    }

    /// Whether data of that type is JSON: `application/json`, `text/json`, or a subtype that ends in `+json`.
    package static func isJSON(_ text: UnsafeRawBufferPointer) -> Bool {
        if text.isEqual(to: "application/json") { return true }
        let essence = essence(text)
        if essence.isEqualIgnoringCase(to: "application/json") || essence.isEqualIgnoringCase(to: "text/json") {
            return true
        }
        return essence.count > 5 && essence.part(essence.count - 5..<essence.count).isEqualIgnoringCase(to: "+json")
    }

    /// Whether data of that type is text in itself: `text/…`.
    package static func isText(_ text: UnsafeRawBufferPointer) -> Bool { text.hasPrefixIgnoringCase("text/") }

    private static func skipSpace(_ text: UnsafeRawBufferPointer, _ at: inout Int) {
        while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
    }

    /// Where a parameter's value, a token or a quoted text, ends.
    private static func value(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var at = start
        guard at < text.count, text[at] == UInt8(ascii: "\"") else {
            while at < text.count, isToken(text[at]) { at += 1 }
            return at > start ? at : nil
        }
        at += 1
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""): return at + 1
            case UInt8(ascii: "\\"): at += 2
            case 0x09, 0x20...0x7E, 0x80...0xFF: at += 1
            default: return nil
            }
        }
        return nil
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
