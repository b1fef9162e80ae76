// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// `GET /v1/events/stream`: the live tail.
///
/// - Concurrency: lives on its loop.
package final class StreamDoor {
    /// How many live tails one loop serves; more are answered with 503.
    package static let mostStreams = 1_000

    /// The longest time limit a live tail may ask for; without one it has no end.
    package static let longestTimeout: Duration = .seconds(600)

    private static let query = ["types", "entity", "from", "since", "until", "limit", "timeout"]

    private enum From: String, CaseIterable { case now, beginning }

    private let log: any EventLog
    private let session: any LogSession
    private let loop: any Loop
    private let lens = EventLens()
    private let open: Gauge
    private var tails: [ObjectIdentifier: EventStream] = [:]

    /// Makes the loop's door.
    package init(log: any EventLog, loop: any Loop, metrics: Metrics) {
        self.log = log
        self.loop = loop
        session = log.session(on: loop)
        open = metrics.gauge("tidings_live_tails", "Live tails that are open.")
    }

    /// Adds the route.
    package func register(on router: Router) {
        router.add(.get, "/v1/events/stream", query: Self.query) {
            [self] request, responder throws(Problem) in
            try begin(request, responder)
        }
    }

    private func begin(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let parameters = try request.parameters()
        let wish = try EventWish(parameters, typeParameter: "types")
        let limit = try parameters.integer("limit", in: 1...1_000_000)
        let timeout = try Self.timeout(parameters)
        let now = loop.time.wall
        let from = try parameters.choice("from", From.self)
        let since = try parameters.time("since", now: now)
        let until = try parameters.time("until", now: now)
        var start: LogMerge.Start
        switch (from, since) {
        case (nil, let since?): start = .time(since)
        case (let from?, _?):
            throw Problem(
                .invalidParameter, "Both 'from' and 'since' say where to begin: leave one of them out.",
                [
                    Problem.Violation("query:from", "not-with-since", found: from.rawValue),
                    Problem.Violation("query:since", "not-with-from", found: try parameters.text("since")),
                ])
        case (.beginning?, nil): start = .beginning
        // Nobody asks for nothing: what has passed by then is meant.
        case (nil, nil): start = until.map { $0 <= now } ?? false ? .beginning : .now
        case (.now?, nil): start = .now
        }
        if let last = request.header("last-event-id"), !last.isEmpty {
            guard let cursor = LogCursor(last.text) else {
                throw Problem(
                    .invalidParameter, "Last-Event-ID must be the id of an event of this stream, like 17.3.0.42.",
                    [Problem.Violation("header:last-event-id", "cursor", found: last.text)])
            }
            start = .after(cursor)
        }
        guard tails.count < Self.mostStreams else {
            throw Problem(
                .unavailable, "\(Self.mostStreams) live tails are open on this loop.", retryAfter: .seconds(10))
        }
        let fields: HTTPFields = ["Cache-Control": "no-store", "X-Accel-Buffering": "no"]
        if request.method == .head { return responder.respond(.ok, contentType: "text/event-stream", fields, text: "") }
        let stream = responder.stream(.ok, contentType: "text/event-stream", fields)
        let tail = EventStream(
            log: log, session: session, stream: stream, wish: wish, limit: limit.map { Int($0) }, timeout: timeout,
            until: until, lens: lens, loop: loop,
            onEnd: { [self] tail in
                if tails.removeValue(forKey: ObjectIdentifier(tail)) != nil { open.add(-1) }
            })
        tails[ObjectIdentifier(tail)] = tail
        open.add(1)
        tail.start(start)
    }

    /// Ends all live tails in good order; for a server that stops. Their readers know where to go on.
    package func stop() {
        for tail in tails.values { tail.stop() }
    }

    private static func timeout(_ parameters: borrowing QueryParameters) throws(Problem) -> Duration? {
        guard let text = try parameters.text("timeout") else { return nil }
        guard let timeout = DurationText.parse(text), timeout > .zero, timeout <= longestTimeout else {
            throw QueryParameters.refusal(
                "The query parameter 'timeout' must be \(DurationText.rule), at most 10m.", "timeout", "duration", text)
        }
        return timeout
    }
}
