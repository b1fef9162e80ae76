// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Which route a request belongs to, and where in its path the parameters lie; a few numbers, no memory of its own.
package struct RouteMatch: Sendable {
    /// The most parameters a route's path has.
    package static let mostParameters = 4

    /// The route's number in its router; -1 for none.
    package internal(set) var route = -1
    private var starts: SIMD4<UInt32> = .zero
    private var ends: SIMD4<UInt32> = .zero
    private(set) var count = 0

    /// No route.
    package init() {}

    /// Notes where the next parameter lies.
    mutating func add(_ start: Int, _ end: Int) {
        guard count < Self.mostParameters else { return }
        starts[count] = UInt32(truncatingIfNeeded: start)
        ends[count] = UInt32(truncatingIfNeeded: end)
        count += 1
    }

    /// Where in the path a parameter lies.
    func parameter(_ place: Int) -> Range<Int> {
        precondition((0..<count).contains(place), "the route has \(count) parameters, not \(place + 1)")
        return Int(starts[place])..<Int(ends[place])
    }
}

/// What becomes of a request's body, decided when its head has come.
package enum HTTPBodyPlan: Sendable, Hashable {
    /// Collected and handed to the handler whole; more than so many bytes is refused with 413.
    case collect(atMost: Int)
    /// The handler is called at once and reads it through ``HTTPResponder/readBody(atMost:_:)``.
    case stream
}

/// What serves requests: a ``Router``, or a test's own.
///
/// - Concurrency: lives on its server's loop.
package protocol HTTPHandler: AnyObject {
    /// Called when a request's head has come: chooses the route and what becomes of the body. Must not answer.
    /// - Throws: the refusal to answer with; the body is then not read.
    func begin(_ head: borrowing HTTPRequest) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan)
    /// Called when the request is there as planned: answers through `responder`, now or later.
    func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder)
    /// Called when a request has been answered or broken off; for counting and the access log.
    func finished(_ report: borrowing HTTPReport)
}

extension HTTPHandler {
    package func finished(_ report: borrowing HTTPReport) {}
}
