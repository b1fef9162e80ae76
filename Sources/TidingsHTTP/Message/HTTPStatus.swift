// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A status code with its reason phrase. Any code from 100 to 999 can be made; unknown ones have an empty phrase.
package struct HTTPStatus: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The three digits.
    package let code: Int

    /// Creates a status of this program's own making.
    package init(_ code: Int) {
        precondition((100...999).contains(code), "a status has three digits (got \(code))")
        self.code = code
    }

    package init(integerLiteral value: Int) { self.init(value) }

    package static let ok: HTTPStatus = 200
    package static let created: HTTPStatus = 201
    package static let accepted: HTTPStatus = 202
    package static let noContent: HTTPStatus = 204
    package static let notModified: HTTPStatus = 304

    /// Whether an answer of this status never has a body: 1xx, 204 and 304 (RFC 9112 §6.3).
    package var isBodiless: Bool { code < 200 || code == 204 || code == 304 }

    /// The words after the code in the status line.
    package var reason: StaticString {
        switch code {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }

    package var description: String { "\(code) \(reason)" }
}
