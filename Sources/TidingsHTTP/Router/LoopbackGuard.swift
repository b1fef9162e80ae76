// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Keeps web pages out of a server that listens on loopback without asking who calls.
///
/// A page in a browser can reach `127.0.0.1`, also by a name of its own that it lets point there (DNS rebinding). So
/// on loopback the `Host` must be a loopback name or address, and an `Origin` must be the very same place.
package enum LoopbackGuard {
    /// The check for ``Router/check(_:)``: nil lets the request pass.
    package static func check(_ request: borrowing HTTPRequest) -> Problem? {
        guard request.isOnLoopback else { return nil }
        guard let host = request.header("host") else {
            // HTTP/1.0 without Host: no browser sends that.
            return request.header("origin") == nil
                ? nil : Problem(.forbiddenHost, "A request with an Origin must have a Host.")
        }
        guard isLoopback(host) else {
            return Problem(
                .forbiddenHost,
                "This server listens on loopback and answers only there; the Host was '\(host.text)'.",
                [Problem.Violation("header:host", "loopback", found: host.text)])
        }
        guard let origin = request.header("origin") else { return nil }
        guard request.count(of: "origin") == 1, origin.hasPrefixIgnoringCase("http://"),
            origin.part(7..<origin.count).equalsIgnoringCase(host)
        else {
            return Problem(
                .forbiddenHost, "Web pages from elsewhere may not use this server; the Origin was '\(origin.text)'.",
                [Problem.Violation("header:origin", "same-origin", found: origin.text)])
        }
        return nil
    }

    /// Whether a host, with or without a port, is `localhost`, something below it, 127.0.0.0/8 or `[::1]`.
    package static func isLoopback(_ host: UnsafeRawBufferPointer) -> Bool {
        var name = host
        if host.first == UInt8(ascii: "[") {
            guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            return host.part(0..<(close + 1)).isEqual(to: "[::1]")
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) { name = host.part(0..<colon) }
        if name.isEqualIgnoringCase(to: "localhost") || name.isEqualIgnoringCase(to: "localhost.") { return true }
        if name.count > 10, name.part((name.count - 10)..<name.count).isEqualIgnoringCase(to: ".localhost") {
            return true
        }
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return false }
        for (place, part) in parts.enumerated() {
            guard (1...3).contains(part.count), part.allSatisfy({ (48...57).contains($0) }),
                part.count == 1 || part.first != 48, let number = UInt8(String(decoding: part, as: UTF8.self)),
                place > 0 || number == 127
            else { return false }
        }
        return true
    }
}
