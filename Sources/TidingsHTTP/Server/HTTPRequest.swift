// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One request as a handler sees it: everything lies in the connection's own memory and is gone when the handler
/// returns. It cannot be copied or kept; what is needed later is copied out (`text`, `[UInt8](…)`).
///
/// - Concurrency: on the connection's loop, during the call it was handed to.
package struct HTTPRequest: ~Copyable {
    /// What is asked.
    package let method: HTTPMethod
    /// The path as sent, escapes and all, without the query; `/` at least.
    package let path: UnsafeRawBufferPointer
    /// What stands behind the `?`, as sent; nil when there is none.
    package let query: UnsafeRawBufferPointer?
    /// The whole body; empty for a route that reads it as a stream, and before it has come.
    package let body: UnsafeRawBufferPointer
    /// Which route and which parts of the path its parameters are; set by the ``Router``.
    package let match: RouteMatch
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package let minorVersion: Int
    /// The declared length of the body; nil when it is chunked or there is none.
    package let contentLength: Int?
    /// Whether the server listens on a loopback address only, which makes ``LoopbackGuard`` apply.
    package let isOnLoopback: Bool

    private let base: UnsafeRawPointer
    private let fields: UnsafeMutablePointer<HTTPParser.Field>
    private let fieldCount: Int

    /// Shows the head that `parser` just read, which lies at `base`.
    init(
        _ parser: borrowing HTTPParser, at base: UnsafeRawPointer, body: UnsafeRawBufferPointer,
        match: RouteMatch, isOnLoopback: Bool
    ) {
        method = parser.method
        path = parser.path.isEmpty ? HTTPRequest.slash : base.bytes(parser.path)
        query = parser.hasQuery ? base.bytes(parser.query) : nil
        self.body = body
        self.match = match
        minorVersion = parser.minorVersion
        contentLength = parser.contentLength
        self.isOnLoopback = isOnLoopback
        self.base = base
        fields = parser.fields
        fieldCount = parser.fieldCount
    }

    private static let slashText: StaticString = "/"
    private static var slash: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: slashText.utf8Start, count: 1)
    }

    /// How many header fields there are.
    package var headerCount: Int { fieldCount }

    /// A header field by its place: name as sent, and value without white space around it.
    package func header(at place: Int) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        precondition((0..<fieldCount).contains(place), "field \(place) of \(fieldCount)")
        return (base.bytes(fields[place].name), base.bytes(fields[place].value))
    }

    /// The first value of a header; nil when it is absent.
    /// - Parameter name: in lower case.
    package func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
        for place in 0..<fieldCount where base.bytes(fields[place].name).isEqualIgnoringCase(to: name) {
            return base.bytes(fields[place].value)
        }
        return nil
    }

    /// The first value of a header whose name is only known at run time; nil when it is absent.
    package func header(named name: String) -> UnsafeRawBufferPointer? {
        var name = name
        return name.withUTF8 { wanted in
            let wanted = UnsafeRawBufferPointer(wanted)
            for place in 0..<fieldCount where base.bytes(fields[place].name).equalsIgnoringCase(wanted) {
                return base.bytes(fields[place].value)
            }
            return nil
        }
    }

    /// How often a header stands in the request.
    /// - Parameter name: in lower case.
    package func count(of name: StaticString) -> Int {
        var count = 0
        for place in 0..<fieldCount where base.bytes(fields[place].name).isEqualIgnoringCase(to: name) { count += 1 }
        return count
    }

    /// The first value of a header as text; nil when it is absent.
    /// - Parameter name: in lower case.
    package func text(_ name: StaticString) -> String? { header(name)?.text }

    /// A parameter of the path, with its escapes resolved.
    /// - Parameter place: 0 for the first `{…}` of the route's path.
    /// - Throws: `not-found` when the escapes do not make UTF-8 text: nothing can have such a name.
    package func parameter(_ place: Int) throws(Problem) -> String {
        let raw = rawParameter(place)
        guard let text = PercentText.decode(raw) else {
            throw Problem(.notFound, "The path has a part that is not UTF-8 text: \(raw.text).")
        }
        return text
    }

    /// A parameter of the path as sent, escapes and all.
    package func rawParameter(_ place: Int) -> UnsafeRawBufferPointer {
        let range = match.parameter(place)
        return UnsafeRawBufferPointer(rebasing: path[range])
    }

    /// The query's parameters, with their escapes resolved.
    /// - Throws: `invalid-parameter` when an escape does not make UTF-8 text.
    package func parameters() throws(Problem) -> QueryParameters { try QueryParameters(query) }
}
