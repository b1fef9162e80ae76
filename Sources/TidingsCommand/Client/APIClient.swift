// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One call of the server's HTTP API.
package struct APIRequest: Sendable {
    /// The method.
    package var method = "GET"
    /// The path, already percent-coded: made by ``path(_:)``.
    package var path: String
    /// Query parameters, not coded; those without a value are left out.
    package var query: [(name: String, value: String?)] = []
    /// Header fields beside those of the body.
    package var headers: [(name: String, value: String)] = []
    /// The body and its media type.
    package var body: (type: String, bytes: [UInt8])?

    /// A GET; parts of the path are percent-coded.
    package init(_ parts: [String], query: [(name: String, value: String?)] = []) {
        self.init("GET", parts, query: query)
    }

    /// A call; parts of the path are percent-coded.
    package init(_ method: String, _ parts: [String], query: [(name: String, value: String?)] = []) {
        self.method = method
        path = "/" + parts.map { URLText.encode($0) }.joined(separator: "/")
        self.query = query
    }

    /// A call with a JSON body.
    package init(_ method: String, _ parts: [String], json: JSONValue) {
        self.init(method, parts)
        body = ("application/json", Array(json.text.utf8))
    }

    /// Path and query as they stand in the request.
    package var target: String {
        let pairs = query.compactMap { pair in
            pair.value.map { "\(URLText.encode(pair.name))=\(URLText.encode($0))" }
        }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }
}

/// What the server answered.
package struct APIAnswer: Sendable {
    /// The status code.
    package let status: Int
    /// `Retry-After` in seconds, where there is one.
    package let retryAfter: Duration?
    /// The `ETag`, where there is one.
    package let etag: String?
    /// The body.
    package let body: [UInt8]

    /// Creates an answer; for implementations of ``APIClient``.
    package init(status: Int, retryAfter: Duration? = nil, etag: String? = nil, body: [UInt8]) {
        self.status = status
        self.retryAfter = retryAfter
        self.etag = etag
        self.body = body
    }

    /// Whether it is a success.
    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as JSON.
    /// - Throws: ``CommandFailure`` when it is none: then another program answers at that address.
    package func json() throws(CommandFailure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(body)
        } catch {
            throw CommandFailure(.failure, "the answer (status \(status)) is not JSON: is this a Tidings server?")
        }
    }

    /// The refusal that the answer is.
    package var failure: CommandFailure {
        let problem = try? JSONValue.parse(body)
        var message = problem?["detail"]?.string ?? "the server answered with status \(status)"
        for violation in problem?["errors"]?.array ?? [] {
            let pointer = violation["pointer"]?.string ?? ""
            let rule = violation["rule"]?.string ?? ""
            let found = violation["found"]?.string.map { ", found \"\(Table.printable($0))\"" } ?? ""
            message += "\n  \(pointer): \(rule)\(found)"
        }
        return CommandFailure(Self.exitCode(status), message)
    }

    private static func exitCode(_ status: Int) -> ExitCode {
        switch status {
        case 401, 403: .forbidden
        case 404, 410: .notFound
        case 409, 412: .conflict
        case 408, 502, 503, 504: .unreachable
        default: .failure
        }
    }
}

/// The way to a server.
///
/// - Concurrency: one call at a time, from one thread; calls block.
package protocol APIClient: AnyObject {
    /// The server's address, for sentences.
    var server: String { get }

    /// Makes one call and answers whatever the server answered.
    /// - Throws: ``CommandFailure`` with `.unreachable` when no whole answer came.
    func call(_ request: APIRequest) throws(CommandFailure) -> APIAnswer

    /// Opens a stream and hands on its events until `take` answers false or the stream ends.
    /// - Returns: how it ended, and the place after which a new stream would go on.
    /// - Throws: what `take` throws, or the server's refusal (an answer other than 200).
    func stream(
        _ request: APIRequest, _ take: (ServerSentEvent) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) -> (end: StreamEnd, lastID: String)
}

/// How a stream ended.
package enum StreamEnd: Sendable, Hashable {
    /// The one who read it had enough.
    case enough
    /// The server ended it: a limit was reached, or it stops.
    case complete
    /// The connection was lost after the stream had begun; why.
    case lost(String)
    /// The stream did not begin; why.
    case unreached(String)
}

extension APIClient {
    /// Makes one call and takes only a success.
    package func expect(_ request: APIRequest) throws(CommandFailure) -> APIAnswer {
        let answer = try call(request)
        if answer.isSuccess { return answer }
        throw answer.failure
    }

    /// All items of a list, over all its pages, at most `limit`.
    package func items(_ request: APIRequest, limit: Int = .max) throws(CommandFailure) -> [JSONValue] {
        var items: [JSONValue] = []
        var request = request
        while true {
            let page = try expect(request).json()
            items += page["items"]?.array ?? []
            guard items.count < limit, let next = page["next"]?.string else { break }
            request.query.removeAll { $0.name == "cursor" }
            request.query.append(("cursor", next))
        }
        return Array(items.prefix(limit))
    }
}
