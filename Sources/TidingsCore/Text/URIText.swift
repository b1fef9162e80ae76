// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The syntax of URIs and of references to them (RFC 3986); nothing is resolved.
package enum URIText {
    /// Whether the text is a URI: it has a scheme. A fragment may be there.
    package static func isURI(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let colon = scheme(text) else { return false }
        return isRest(text, from: colon + 1)
    }

    /// Whether the text is a URI or a relative reference, which may even be empty.
    package static func isReference(_ text: UnsafeRawBufferPointer) -> Bool {
        if let colon = scheme(text) { return isRest(text, from: colon + 1) }
        // Without a scheme the first segment must have no colon: it would be taken for one.
        for byte in text {
            if byte == UInt8(ascii: ":") { return false }
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { break }
        }
        return isRest(text, from: 0)
    }

    /// Where the colon after the scheme is.
    private static func scheme(_ text: UnsafeRawBufferPointer) -> Int? {
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if index == 0 { return nil }
            case UInt8(ascii: ":"): return index > 0 ? index : nil
            default: return nil
            }
        }
        return nil
    }

    /// Authority, path, query and fragment.
    private static func isRest(_ text: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var at = start
        if at + 1 < text.count, text[at] == UInt8(ascii: "/"), text[at + 1] == UInt8(ascii: "/") {
            let from = at + 2
            at = from
            while at < text.count, text[at] != UInt8(ascii: "/"), text[at] != UInt8(ascii: "?"),
                text[at] != UInt8(ascii: "#")
            {
                at += 1
            }
            guard isAuthority(text.part(from..<at)) else { return false }
        }
        var hasFragment = false
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "#") {
                if hasFragment { return false }
                hasFragment = true
                at += 1
            } else if byte == UInt8(ascii: "?") {
                at += 1
            } else {
                guard let next = character(text, at, allowing: pathOrQuery) else { return false }
                at = next
            }
        }
        return true
    }

    private static func isAuthority(_ text: UnsafeRawBufferPointer) -> Bool {
        var host = 0
        if let sign = text.lastIndex(of: UInt8(ascii: "@")) {
            guard isMade(text.part(0..<sign), of: userInfo) else { return false }
            host = sign + 1
        }
        var port = text.count
        if host < text.count, text[host] == UInt8(ascii: "[") {
            guard let close = text.lastIndex(of: UInt8(ascii: "]")), close > host,
                isAddress(text.part(host + 1..<close))
            else { return false }
            port = close + 1
            guard port == text.count || text[port] == UInt8(ascii: ":") else { return false }
        } else {
            if let colon = text.part(host..<text.count).firstIndex(of: UInt8(ascii: ":")) { port = host + colon }
            guard isMade(text.part(host..<port), of: registeredName) else { return false }
        }
        guard port < text.count else { return true }
        return text.part(port + 1..<text.count).allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    /// What stands between brackets: an IPv6 address, roughly, or a future one.
    private static func isAddress(_ text: UnsafeRawBufferPointer) -> Bool {
        if let first = text.first, first | 0x20 == UInt8(ascii: "v") {
            guard let dot = text.firstIndex(of: UInt8(ascii: ".")), dot > 1, dot + 1 < text.count else { return false }
            return text.part(1..<dot).allSatisfy { Hex.value($0) != nil }
                && text.part(dot + 1..<text.count).allSatisfy { userInfo.contains($0) }
        }
        var colons = 0
        for byte in text {
            if byte == UInt8(ascii: ":") { colons += 1 }
            guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") || Hex.value(byte) != nil else { return false }
        }
        return (2...7).contains(colons)
    }

    private static func isMade(_ text: UnsafeRawBufferPointer, of allowed: Characters) -> Bool {
        var at = 0
        while at < text.count {
            guard let next = character(text, at, allowing: allowed) else { return false }
            at = next
        }
        return true
    }

    /// Where the character at `at` ends, if it is allowed; `%XX` is always.
    @inline(__always)
    private static func character(_ text: UnsafeRawBufferPointer, _ at: Int, allowing allowed: Characters) -> Int? {
        if allowed.contains(text[at]) { return at + 1 }
        guard text[at] == UInt8(ascii: "%"), at + 2 < text.count, Hex.value(text[at + 1]) != nil,
            Hex.value(text[at + 2]) != nil
        else { return nil }
        return at + 3
    }

    /// A set of ASCII characters, one bit for each: no table to be looked up and set up first.
    private struct Characters {
        let low: UInt64
        let high: UInt64

        @inline(__always) func contains(_ byte: UInt8) -> Bool {
            byte < 128 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
        }
    }

    // Letters, digits and -._~!$&'()*+,;= everywhere; beside them ':' in user information, ':', '@' and '/' in paths.
    @inline(__always) private static var registeredName: Characters {
        Characters(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }
    @inline(__always) private static var userInfo: Characters {
        Characters(low: 0x2FFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }
    @inline(__always) private static var pathOrQuery: Characters {
        Characters(low: 0x2FFF_FFD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    }
}
