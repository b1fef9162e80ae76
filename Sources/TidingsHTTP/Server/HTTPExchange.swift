// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What an answer must know of its request when the request is gone.
struct HTTPExchange {
    /// The request's number on its connection, counted from 0.
    var sequence: UInt64
    /// The route, or -1.
    var route: Int
    var method = HTTPMethod.get
    var minorVersion = 1
    /// Whether the connection ends after the answer.
    var closesAfter = false
    /// When it came, in nanoseconds; 0 when nobody asked.
    var startedAt: Int64 = 0
    /// The path, when it is to be remembered.
    var path = ""
    /// The id it came with; nil when it got ``idNumber``.
    var givenID: [UInt8]?
    var idNumber: UInt64 = 0

    init(sequence: UInt64, route: Int) {
        self.sequence = sequence
        self.route = route
    }
}

/// How a request went, told to ``HTTPHandler/finished(_:)``.
package struct HTTPReport: ~Copyable {
    private let exchange: HTTPExchange
    private let server: HTTPServer
    /// The status answered.
    package let status: HTTPStatus
    /// Bytes of the answer's body.
    package let bodyCount: Int
    /// From the request's head to the end of its answer's writing, in nanoseconds.
    package let nanos: Int64

    init(_ exchange: HTTPExchange, _ server: HTTPServer, status: HTTPStatus, bodyCount: Int, nanos: Int64) {
        self.exchange = exchange
        self.server = server
        self.status = status
        self.bodyCount = bodyCount
        self.nanos = nanos
    }

    /// The route, or -1.
    package var route: Int { exchange.route }
    /// What was asked.
    package var method: HTTPMethod { exchange.method }
    /// The path, when ``HTTPServerSettings/remembersPaths`` is on.
    package var path: String { exchange.path }
    /// The request's id.
    package var requestID: String {
        exchange.givenID.map { String(decoding: $0, as: UTF8.self) } ?? server.id(exchange.idNumber)
    }
}

extension HTTPRequest {
    /// The `x-request-id` header, when it is one that may be repeated in answers and logs: 1 to 128 letters, digits
    /// and `-._~:/+=@`.
    var saneID: [UInt8]? {
        guard let value = header("x-request-id"), (1...128).contains(value.count) else { return nil }
        for byte in value {
            switch byte {
            case 48...57, 64...90, 97...122, 45, 46, 95, 126, 58, 47, 43, 61: continue
            default: return nil
            }
        }
        return [UInt8](value)
    }
}
