// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Counts requests per route and status class, and how long they took. A cell is made when it first counts: most routes
/// of most servers are never asked for.
///
/// - Concurrency: lives on its router's loop.
final class HTTPMeter {
    private struct Route {
        let method: String
        let path: String
        /// By the first digit of the status, from 1.
        var counters: [Counter?] = [nil, nil, nil, nil, nil]
        var times: Histogram?
    }

    private let metrics: Metrics
    private var routes: [Route] = []
    private var other = Route(method: "other", path: "none")

    init(_ metrics: Metrics) { self.metrics = metrics }

    /// Adds the next route.
    func add(_ method: HTTPMethod, _ path: String) { routes.append(Route(method: method.description, path: path)) }

    /// Counts a request.
    func count(_ report: borrowing HTTPReport) {
        let place = min(max(report.status.code / 100, 1), 5) - 1
        guard routes.indices.contains(report.route) else { return count(place, &other) }
        count(place, &routes[report.route])
        observe(report.nanos, &routes[report.route])
    }

    private func count(_ place: Int, _ route: inout Route) {
        if let counter = route.counters[place] { return counter.add() }
        let counter = metrics.counter(
            "tidings_http_requests_total", "Requests answered.",
            [("method", route.method), ("route", route.path), ("status", "\(place + 1)xx")])
        route.counters[place] = counter
        counter.add()
    }

    private func observe(_ nanos: Int64, _ route: inout Route) {
        if let times = route.times { return times.observe(nanos: nanos) }
        let times = metrics.histogram(
            "tidings_http_request_seconds", "Time from a request's head to its answer.",
            [("method", route.method), ("route", route.path)])
        route.times = times
        times.observe(nanos: nanos)
    }
}
