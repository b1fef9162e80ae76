// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is counted of one subscription; read by whoever scrapes, on any thread.
final class SubscriptionMetrics: Sendable {
    private let succeeded: Counter
    private let refused: Counter
    private let failed: Counter
    private let duration: Histogram
    let deadLettered: Counter
    let inFlight: Gauge
    let lag: Gauge
    let waiting: Gauge
    let parked: Gauge
    let deadLetters: Gauge
    let isDown: Gauge
    /// Records that were gone before they were taken.
    let expired: Counter
    let retention: Gauge
    /// When the oldest undelivered event was stored, in milliseconds since 1970; 0 when there is none.
    let oldest = OldestUndelivered()

    init(_ subscription: Subscription, _ metrics: Metrics, _ time: any TimeSource) {
        let label = [(name: "subscription", value: subscription.name.text)]
        func attempts(_ outcome: String) -> Counter {
            metrics.counter(
                "tidings_delivery_attempts_total", "Attempts to deliver an event, by how they ended.",
                label + [(name: "outcome", value: outcome)])
        }
        succeeded = attempts("delivered")
        refused = attempts("refused")
        failed = attempts("failed")
        duration = metrics.histogram(
            "tidings_delivery_attempt_duration_seconds", "How long attempts took.", label)
        deadLettered = metrics.counter(
            "tidings_delivery_dead_lettered_total", "Deliveries given up on.", label)
        inFlight = metrics.gauge("tidings_delivery_in_flight", "Attempts on their way.", label)
        lag = metrics.gauge(
            "tidings_delivery_lag_records", "Records between what is answered and the end of the topics.", label)
        waiting = metrics.gauge("tidings_delivery_waiting_events", "Events waiting out of the way.", label)
        parked = metrics.gauge("tidings_delivery_parked_entities", "Entities that wait for somebody.", label)
        deadLetters = metrics.gauge("tidings_delivery_dead_letters", "Dead letters kept.", label)
        isDown = metrics.gauge("tidings_delivery_endpoint_down", "1 while the endpoint takes nothing.", label)
        expired = metrics.counter(
            "tidings_delivery_expired_records_total", "Records that expired before they were taken.", label)
        retention = metrics.gauge(
            "tidings_delivery_retention_percent",
            "How much of its topic's retention the oldest record has used up that was not taken.", label)
        let oldest = oldest
        metrics.reading(
            "tidings_delivery_oldest_undelivered_age_seconds",
            "How long the oldest undelivered event has been stored; 0 when there is none.", label
        ) {
            guard let stored = oldest.millis else { return 0 }
            return Double(time.wall.millisPassed(since: WallTime(millis: stored))) / 1_000
        }
    }

    /// Counts an attempt.
    func count(_ result: AttemptResult, _ took: Duration) {
        switch result.outcome {
        case .answered(let status): ((200..<300).contains(status) ? succeeded : refused).add()
        case .failed: failed.add()
        }
        duration.observe(took)
    }

    /// Forgets what was exposed of a subscription that is gone.
    static func remove(_ name: Name, from metrics: Metrics) {
        metrics.removeSeries(where: "subscription", is: name.text)
    }
}
