// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Follows the live stream through lost connections and restarts of the server: after an event was taken, the stream goes
/// on with the next one. All it remembers is the place of the last event, so nothing of it stays on the server.
struct EventFollower {
    /// Which events.
    struct Wish: Sendable {
        /// Types, exact or a prefix and `*`; empty: all.
        var types: [String] = []
        /// Only events about this entity.
        var entity: String?
        /// Whether to begin with the first stored event; else with what comes from now on.
        var fromBeginning = false
        /// Only events stored at that time or later: RFC 3339, or back from now.
        var since: String?
        /// Only events stored before that time; the stream ends there.
        var until: String?
        /// How many events at most.
        var limit: Int?
    }

    private let client: any APIClient
    private let terminal: Terminal
    private let wish: Wish
    private let wait: (Duration) -> Void

    /// Creates a follower; `wait` waits before a new connection.
    init(
        _ client: any APIClient, _ terminal: Terminal, _ wish: Wish, wait: @escaping (Duration) -> Void = Pause.wait
    ) {
        self.client = client
        self.terminal = terminal
        self.wish = wish
        self.wait = wait
    }

    /// Hands on every event in order until `take` answers false or the limit is reached. A server that cannot be
    /// reached at the very beginning is a failure; one that was reached before is waited for.
    func run(_ take: (ServerSentEvent) throws(CommandFailure) -> Bool) throws(CommandFailure) {
        var lastID = ""
        var count = 0
        var rest = Duration.milliseconds(100)
        var wasConnected = false
        var isSilent = false
        while true {
            var request = APIRequest(["v1", "events", "stream"])
            if !wish.types.isEmpty { request.query.append(("types", wish.types.joined(separator: ","))) }
            request.query.append(("entity", wish.entity))
            if lastID.isEmpty {
                if wish.fromBeginning { request.query.append(("from", "beginning")) }
                request.query.append(("since", wish.since))
            } else {
                request.headers.append(("last-event-id", lastID))
            }
            request.query.append(("until", wish.until))
            let before = count
            let end: StreamEnd
            do throws(CommandFailure) {
                let (how, reached) = try client.stream(request) { event throws(CommandFailure) in
                    guard try take(event) else { return false }
                    if !event.id.isEmpty { lastID = event.id }
                    count += 1
                    return count < wish.limit ?? .max
                }
                end = how
                // The server also says where "now" was, and how far it is where nothing is wanted: a new connection
                // leaves no gap and reads nothing twice.
                if !reached.isEmpty { lastID = reached }
            } catch {
                // A server that begins or stops refuses for a while.
                guard error.code == .unreachable, wasConnected else { throw error }
                end = .unreached(error.message)
            }
            let reason: String
            switch end {
            case .enough: return
            case .complete:
                // A server that stops ends its streams as well: one that had nothing more to send is at the end.
                if wish.until != nil, count == before { return }
                reason = "the server ended the stream"
            case .lost(let why): reason = why
            case .unreached(let why):
                if !wasConnected { throw CommandFailure(.unreachable, why) }
                reason = why
            }
            if case .unreached = end {
            } else {
                wasConnected = true
                rest = .milliseconds(100)
                isSilent = false
            }
            if !isSilent { terminal.say("tidings: \(reason); going on as soon as \(client.server) answers") }
            isSilent = true
            wait(rest)
            rest = min(rest * 2, .seconds(2))
        }
    }
}
