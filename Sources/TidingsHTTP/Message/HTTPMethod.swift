// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a request asks to be done. Names are case-sensitive (RFC 9110 §9.1).
package enum HTTPMethod: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case get, head, post, put, delete, patch, options
    /// Known, and served nowhere (TRACE, QUERY): answered 405.
    case unserved
    /// A method with a well-formed name that this program does not know: answered 501.
    case other

    /// The method of that name; ``other`` for a name that is not known.
    package init(_ name: UnsafeRawBufferPointer) {
        self = HTTPMethod.other
        switch name.count {
        case 3:
            if name.isEqual(to: "GET") { self = .get } else if name.isEqual(to: "PUT") { self = .put }
        case 4:
            if name.isEqual(to: "POST") { self = .post } else if name.isEqual(to: "HEAD") { self = .head }
        case 5:
            if name.isEqual(to: "PATCH") {
                self = .patch
            } else if name.isEqual(to: "TRACE") || name.isEqual(to: "QUERY") {
                self = .unserved
            }
        case 6: if name.isEqual(to: "DELETE") { self = .delete }
        case 7: if name.isEqual(to: "OPTIONS") { self = .options }
        default: break
        }
    }

    /// The name as the request line has it; `OTHER` for ``unserved`` and ``other``.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .unserved, .other: "OTHER"
        }
    }

    package var description: String { "\(name)" }
}
