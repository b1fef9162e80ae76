// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The address of an endpoint: an absolute `http` or `https` URL without user, password and fragment.
public struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL as written.
    public let text: String
    /// Whether it is `https`.
    public let isSecure: Bool
    /// The host, in lower case: a DNS name or an IPv4 address, or an IPv6 address without its brackets.
    public let host: String
    /// Whether ``host`` is an IPv6 address.
    public let isIPv6: Bool
    /// The port; the scheme's own when none is written.
    public let port: UInt16
    /// Path and query, as the request line has them; never empty.
    public let target: String

    /// The most bytes of a URL.
    public static let longest = 2048
    /// The rule a URL keeps, for refusals.
    public static let rule =
        "http:// or https://, a host, an optional port, path and query; at most 2048 bytes of ASCII"

    /// Takes a URL from outside: nil when it breaks ``rule``.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ Self.mayStandInURL($0) }) else { return nil }
        var rest = text[...]
        let scheme = text.prefix(8).lowercased()
        if scheme == "https://" {
            isSecure = true
            rest = rest.dropFirst(8)
        } else if scheme.hasPrefix("http://") {
            isSecure = false
            rest = rest.dropFirst(7)
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(authority.count)
        guard let place = Self.split(authority), Self.escapesAreWhole(tail.utf8) else { return nil }
        guard !tail.contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
        host = place.host
        isIPv6 = place.isIPv6
        if let digits = place.port {
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = UInt16(digits), number > 0
            else { return nil }
            port = number
        } else {
            port = isSecure ? 443 : 80
        }
        target = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : String(tail)
        self.text = text
    }

    /// The `Host` header: the port is left out when it is the scheme's own.
    public var authority: String {
        let name = isIPv6 ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    public var description: String { text }

    private static func split(_ authority: Substring) -> (host: String, isIPv6: Bool, port: Substring?)? {
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let inside = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            guard inside.utf8.count >= 2, inside.utf8.allSatisfy({ isHexDigit($0) || $0 == 58 || $0 == 46 }),
                inside.utf8.contains(58), after.isEmpty || after.hasPrefix(":")
            else { return nil }
            if !after.isEmpty { port = after.dropFirst() }
            return (inside.lowercased(), true, port)
        }
        let name: Substring
        if let colon = authority.firstIndex(of: ":") {
            name = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        } else {
            name = authority
        }
        guard isHostName(name) else { return nil }
        return (name.lowercased(), false, port)
    }

    /// Labels of letters, digits, `-` and `_`, parted by dots, 253 in all; a last dot is allowed.
    private static func isHostName(_ name: Substring) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        var labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 45 || $0 == 95 }
        }
    }

    private static func escapesAreWhole(_ bytes: Substring.UTF8View) -> Bool {
        var open = 0
        for byte in bytes {
            if open > 0 {
                guard isHexDigit(byte) else { return false }
                open -= 1
            } else if byte == UInt8(ascii: "%") {
                open = 2
            }
        }
        return open == 0
    }

    /// What RFC 3986 lets stand somewhere in a URL, `#` apart.
    private static func mayStandInURL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "#"):
            false
        default: (0x21...0x7E).contains(byte)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte | 0x20)
    }
}
