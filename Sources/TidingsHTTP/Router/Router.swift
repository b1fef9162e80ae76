// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Chooses the handler of a request by its path and method.
///
/// A path is written as `/v1/topics/{name}/events`; a part in braces takes any one part of a request's path, and a
/// literal part is preferred to one. Nothing is normalised: `..` and empty parts match nothing but themselves.
/// An unknown path is answered 404, a known one with another method 405 with `Allow`; HEAD is served by GET's
/// handler, OPTIONS by the list of methods.
///
/// - Concurrency: filled before its server starts, then only read, on the server's loop.
package final class Router: HTTPHandler {
    /// Answers a request; what it throws is answered as `application/problem+json`.
    package typealias Handler = (borrowing HTTPRequest, HTTPResponder) throws(Problem) -> Void
    /// Looks at a request before its body is read; nil lets it pass.
    package typealias Guard = (borrowing HTTPRequest) -> Problem?

    /// One route: a path and a method.
    package struct Route {
        /// What is served.
        package let method: HTTPMethod
        /// The path as written, with its parts in braces; the label of its metrics.
        package let path: String
        let query: [String]?
        let body: HTTPBodyPlan
        let handler: Handler
    }

    private struct Node {
        var literals: [(name: [UInt8], node: Int)] = []
        var parameter = -1
        /// The route of each method, by its raw value; -1 for none.
        var routes: [Int]?
    }

    /// All routes, by the number that ``RouteMatch/route`` has.
    package private(set) var routes: [Route] = []
    private var nodes = [Node()]
    private var guards: [Guard] = []
    private let logger: Logger
    private let meter: HTTPMeter?

    /// Creates a router without routes.
    /// - Parameter logger: gets a line per request at `info`, when the server's settings ask for reports.
    /// - Parameter metrics: counts requests and their time per route, when the server's settings ask for reports.
    package init(logger: Logger, metrics: Metrics? = nil) {
        self.logger = logger
        meter = metrics.map(HTTPMeter.init)
    }

    /// The body of most routes: 2 MiB at most.
    package static let usualBody = 2 << 20

    /// Adds a route.
    /// - Parameter path: begins with `/`; at most ``RouteMatch/mostParameters`` parts in braces.
    /// - Parameter query: the query parameters it knows: others are refused by name. Nil lets all pass.
    /// - Parameter body: what becomes of the body; by default up to 2 MiB are collected.
    package func add(
        _ method: HTTPMethod, _ path: String, query: [String]? = [],
        body: HTTPBodyPlan = .collect(atMost: Router.usualBody), _ handler: @escaping Handler
    ) {
        precondition(path.hasPrefix("/"), "a route's path begins with / (got \(path))")
        var at = 0
        var parameters = 0
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if part.hasPrefix("{"), part.hasSuffix("}") {
                parameters += 1
                precondition(parameters <= RouteMatch.mostParameters, "too many parameters: \(path)")
                if nodes[at].parameter < 0 {
                    nodes[at].parameter = nodes.count
                    nodes.append(Node())
                }
                at = nodes[at].parameter
            } else {
                let name = Array(part.utf8)
                if let known = nodes[at].literals.first(where: { $0.name == name }) {
                    at = known.node
                } else {
                    nodes[at].literals.append((name, nodes.count))
                    at = nodes.count
                    nodes.append(Node())
                }
            }
        }
        var table = nodes[at].routes ?? [Int](repeating: -1, count: HTTPMethod.allCases.count)
        precondition(table[Int(method.rawValue)] < 0, "two handlers for \(method) \(path)")
        table[Int(method.rawValue)] = routes.count
        nodes[at].routes = table
        routes.append(Route(method: method, path: path, query: query, body: body, handler: handler))
        meter?.add(method, path)
    }

    /// Adds a check that every request must pass, in the order added, before its route is looked up.
    package func check(_ check: @escaping Guard) { guards.append(check) }

    // MARK: - Serving

    package func begin(
        _ head: borrowing HTTPRequest
    ) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) {
        for check in guards {
            if let problem = check(head) { throw problem }
        }
        var match = RouteMatch()
        guard let table = find(head.path, &match) else {
            if head.method == .options, head.path.isEqual(to: "*") {
                match.route = Self.optionsRoute
                return (match, .collect(atMost: 0))
            }
            throw Problem(.notFound, "There is nothing at \(Self.shown(head.path)).")
        }
        var route = table[Int(head.method.rawValue)]
        if route < 0, head.method == .head { route = table[Int(HTTPMethod.get.rawValue)] }
        if route < 0 {
            // Answered by ``handle``, which can add `Allow`.
            match.route = head.method == .options ? Self.optionsRoute : Self.wrongMethodRoute
            return (match, .collect(atMost: Self.usualBody))
        }
        match.route = route
        if let known = routes[route].query, head.query?.isEmpty == false { try head.parameters().check(known: known) }
        return (match, routes[route].body)
    }

    package func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) {
        let number = request.match.route
        guard number >= 0 else { return handleOther(request, responder) }
        do throws(Problem) {
            try routes[number].handler(request, responder)
        } catch {
            responder.refuse(error)
        }
    }

    package func finished(_ report: borrowing HTTPReport) {
        meter?.count(report)
        let method = report.method
        let path = report.path
        let status = report.status.code
        let count = report.bodyCount
        let nanos = report.nanos
        let wants = logger.wants(.info)
        guard wants else { return }
        let id = report.requestID
        logger.info(
            "\(method) \(path) \(status)",
            [
                ("method", method.description), ("path", path), ("status", String(status)),
                ("bytes", String(count)), ("ms", "\(Double(nanos / 1000) / 1000)"), ("request_id", id),
            ])
    }

    private static let optionsRoute = -2
    private static let wrongMethodRoute = -3

    private func handleOther(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) {
        var match = RouteMatch()
        let table = find(request.path, &match)
        var allowed: [String] = []
        for method in HTTPMethod.allCases where method != .other && method != .unserved {
            let has = table.map { $0[Int(method.rawValue)] >= 0 } ?? true
            let hasGet = method == .head && table.map { $0[Int(HTTPMethod.get.rawValue)] >= 0 } ?? true
            if has || hasGet || method == .options { allowed.append(method.description) }
        }
        let allow: HTTPFields = ["Allow": allowed.joined(separator: ", ")]
        if request.match.route == Self.optionsRoute { return responder.respond(.noContent, allow) }
        responder.refuse(
            Problem(
                .methodNotAllowed,
                "\(request.method) is not possible at \(Self.shown(request.path)), only \(allowed.joined(separator: ", "))."
            ), allow)
    }

    private static func shown(_ path: UnsafeRawBufferPointer) -> String {
        let text = path.text
        return text.count > 200 ? String(text.prefix(199)) + "…" : text
    }

    /// The routes at a path, and where its parameters lie.
    private func find(_ path: UnsafeRawBufferPointer, _ match: inout RouteMatch) -> [Int]? {
        guard path.first == UInt8(ascii: "/") else { return nil }
        return find(path, 1, 0, &match)
    }

    /// Literal parts first; where they lead nowhere, back to the part in braces. Bounded by the routes' depth.
    private func find(_ path: UnsafeRawBufferPointer, _ start: Int, _ node: Int, _ match: inout RouteMatch) -> [Int]? {
        var end = start
        var hasEscape = false
        while end < path.count, path[end] != UInt8(ascii: "/") {
            if path[end] == UInt8(ascii: "%") { hasEscape = true }
            end += 1
        }
        let part = path.part(start..<end)
        let isLast = end == path.count
        for place in nodes[node].literals.indices {
            let next = nodes[node].literals[place].node
            guard Self.same(part, nodes[node].literals[place].name, hasEscape) else { continue }
            if isLast {
                if let routes = nodes[next].routes { return routes }
            } else {
                let before = match
                if let routes = find(path, end + 1, next, &match) { return routes }
                match = before
            }
            break
        }
        let parameter = nodes[node].parameter
        guard parameter >= 0, !part.isEmpty else { return nil }
        let before = match
        match.add(start, end)
        if isLast {
            if let routes = nodes[parameter].routes { return routes }
        } else if let routes = find(path, end + 1, parameter, &match) {
            return routes
        }
        match = before
        return nil
    }

    private static func same(_ part: UnsafeRawBufferPointer, _ name: [UInt8], _ hasEscape: Bool) -> Bool {
        if hasEscape { return PercentText.decode(part).map { Array($0.utf8) == name } ?? false }
        return name.withUnsafeBytes { part.isEqual(to: $0) }
    }
}
