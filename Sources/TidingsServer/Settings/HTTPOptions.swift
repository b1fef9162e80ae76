// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// Settings of the HTTP server.
package enum HTTPOptions {
    package static let listen = Setting.address(
        "http.listen", "127.0.0.1:7400", flag: "http", "where to listen; port 0 picks a free one and prints it")
    package static let accessLog = Setting.flag("http.access_log", "writes a line for every request")

    private static let closed = "the connection is closed"

    /// All limits, by the fields of ``HTTPServerSettings``.
    package static let server = SettingTable(
        HTTPServerSettings(),
        [
            .count(
                "http.max_connections", \.connections, 1...1_000_000, "connections open at once",
                effect: "a further connection is closed at once"),
            .bytes(
                "http.max_start_line_bytes", \.limits.startLine, "256", "1MiB", "a request's first line",
                effect: "414 uri-too-long"),
            .bytes(
                "http.max_head_bytes", \.limits.head, "1KiB", "8MiB", "a request's first line and headers",
                effect: "431 headers-too-large"),
            .bytes(
                "http.max_header_bytes", \.limits.field, "256", "1MiB", "one header", effect: "431 headers-too-large"),
            .count(
                "http.max_headers", \.limits.fields, 8...10_000, "headers of a request, and of its trailers",
                effect: "431 headers-too-large"),
            .bytes(
                "http.max_chunk_line_bytes", \.limits.chunkLine, "18", "64KiB", "the line before a chunk",
                effect: "400 bad-request"),
            .bytes(
                "http.max_chunk_extension_bytes", \.limits.chunkExtensions, "0", "1MiB",
                "all chunk extensions of one body", effect: "400 bad-request"),
            .count(
                "http.max_in_flight", \.inFlight, 1...10_000, "unanswered requests of one connection",
                effect: "no more are read until one is answered"),
            .bytes(
                "http.stream_buffer_bytes", \.parkedStream, "16KiB", "1GiB",
                "a stream that waits for earlier answers of its connection", effect: "the stream is paused"),
            .bytes(
                "http.max_stream_unsent_bytes", \.mostUnsent, "64KiB", "1GiB",
                "what one connection may hold back at all", effect: closed),
            .bytes(
                "http.max_dropped_body_bytes", \.droppedBody, "0", "1GiB",
                "an unwanted body that is read to keep the connection", effect: closed),
            .bytes(
                "http.max_collected_body_bytes", \.collectedBodies, "1MiB", "64GiB",
                "all bodies that are being received on one event loop", effect: "429 `too-many-requests`"),
            .duration(
                "http.head_time", \.headTime, "100ms", "10m", "the time to the end of a request's headers",
                effect: "408 request-timeout, and the connection is closed"),
            .duration(
                "http.body_time", \.bodyTime, "1s", "1d", "the time to the end of a request's body",
                effect: "408 request-timeout, and the connection is closed"),
            .duration(
                "http.body_grace", \.bodyGrace, "100ms", "1h", "how long a body may be slower than http.min_body_rate",
                effect: "408 request-timeout, and the connection is closed"),
            .count(
                "http.min_body_rate", \.bodyRate, 0...1_000_000_000, "bytes per second of a body, at least",
                effect: "408 request-timeout after http.body_grace"),
            .duration(
                "http.idle_time", \.idleTime, "100ms", "1d", "how long a connection may rest between requests",
                effect: closed),
            .duration(
                "http.stall_time", \.stallTime, "100ms", "1d", "how long a peer may take nothing of an answer",
                effect: closed),
        ])

    static var all: [SettingDescription] { [listen.description, accessLog.description] + server.descriptions }
}
