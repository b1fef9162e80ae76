// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// Settings of the calls the server makes itself: deliveries by webhook.
package enum WebhookOptions {
    /// All limits, by the fields of ``HTTPClientSettings``.
    package static let client = SettingTable(
        HTTPClientSettings(),
        [
            .count(
                "webhooks.max_connections_per_origin", \.perOrigin, 1...10_000,
                "connections to one endpoint's host and port, per loop", effect: "further attempts wait for a free one"),
            .count(
                "webhooks.max_waiting", \.waiting, 1...1_000_000, "attempts that wait for a connection to one origin",
                effect: "the attempt fails and is retried"),
            .bytes(
                "webhooks.max_kept_body_bytes", \.keptBody, "0", "1MiB",
                "what is kept of an answer's body, for dead letters", effect: "the rest is dropped"),
            .bytes(
                "webhooks.max_read_body_bytes", \.readBody, "0", "64MiB", "what is read of an answer's body at all",
                effect: "the connection is closed; the status counts"),
            .bytes(
                "webhooks.max_head_bytes", \.limits.head, "1KiB", "8MiB", "an answer's status line and headers",
                effect: "the attempt fails and is retried"),
            .bytes(
                "webhooks.max_header_bytes", \.limits.field, "256", "1MiB", "one header of an answer",
                effect: "the attempt fails and is retried"),
            .count(
                "webhooks.max_headers", \.limits.fields, 8...10_000, "headers of an answer",
                effect: "the attempt fails and is retried"),
            .count(
                "webhooks.max_interim_answers", \.interim, 0...1000, "interim answers (1xx) that are skipped",
                effect: "the attempt fails and is retried"),
            .duration(
                "webhooks.idle_time", \.idleTime, "100ms", "1h", "how long a connection is kept between attempts",
                effect: "it is closed"),
        ])
}
