// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Counts requests per route and status class, and how long they took.
final class HTTPMeter {
    private let metrics: Metrics
    private var counters: [[Counter]] = []
    private var times: [Histogram] = []
    private let otherCounters: [Counter]

    init(_ metrics: Metrics) {
        self.metrics = metrics
        otherCounters = Self.counters(metrics, "other", "none")
    }

    /// Adds the cells of the next route.
    func add(_ method: HTTPMethod, _ path: String) {
        counters.append(Self.counters(metrics, method.description, path))
        times.append(
            metrics.histogram(
                "tidings_http_request_seconds", "Time from a request's head to its answer.",
                [("method", method.description), ("route", path)]))
    }

    /// Counts a request.
    func count(_ report: borrowing HTTPReport) {
        let place = min(max(report.status.code / 100, 1), 5) - 1
        guard counters.indices.contains(report.route) else { return otherCounters[place].add() }
        counters[report.route][place].add()
        times[report.route].observe(nanos: report.nanos)
    }

    private static func counters(_ metrics: Metrics, _ method: String, _ path: String) -> [Counter] {
        (1...5).map { digit in
            metrics.counter(
                "tidings_http_requests_total", "Requests answered.",
                [("method", method), ("route", path), ("status", "\(digit)xx")])
        }
    }
}
