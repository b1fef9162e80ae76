// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct EventFollowerTests {
    /// Plays a server: each connection gets its events and ends as told.
    private final class Script: APIClient {
        struct Connection {
            var events: [(id: String, data: String)] = []
            var end = StreamEnd.lost("cut")
            var lastID = ""
            var refusal: CommandFailure?
        }
        var connections: [Connection]
        private(set) var requests: [APIRequest] = []
        let server = "http://script"

        init(_ connections: [Connection]) { self.connections = connections }

        func call(_ request: APIRequest) throws(CommandFailure) -> APIAnswer { APIAnswer(status: 200, body: []) }

        func stream(
            _ request: APIRequest, _ take: (ServerSentEvent) throws(CommandFailure) -> Bool
        ) throws(CommandFailure) -> (end: StreamEnd, lastID: String) {
            requests.append(request)
            let connection = connections.removeFirst()
            if let refusal = connection.refusal { throw refusal }
            for event in connection.events {
                if try !take(ServerSentEvent(id: event.id, event: "t", data: event.data)) { return (.enough, event.id) }
            }
            return (connection.end, connection.events.last?.id ?? connection.lastID)
        }
    }

    private func follow(_ script: Script, limit: Int) throws(CommandFailure) -> [String] {
        var wish = EventFollower.Wish()
        wish.limit = limit
        wish.types = ["a", "b*"]
        let terminal = Terminal(out: { _ in true }, talk: { _ in true })
        var taken: [String] = []
        try EventFollower(script, terminal, wish, wait: { _ in }).run { event throws(CommandFailure) in
            taken.append(event.data)
            return true
        }
        return taken
    }

    @Test func `after a lost connection the stream goes on behind the last event`() throws {
        let script = Script([
            .init(events: [("1", "one"), ("2", "two")]), .init(end: .unreached("refused"), lastID: "2"),
            .init(refusal: CommandFailure(.unreachable, "shutting down")), .init(end: .complete, lastID: "2"),
            .init(events: [("3", "three")]),
        ])
        #expect(try follow(script, limit: 3) == ["one", "two", "three"])
        let places = script.requests.map { $0.headers.first { $0.name == "last-event-id" }?.value }
        #expect(places == [nil, "2", "2", "2", "2"])
        #expect(script.requests[0].target == "/v1/events/stream?types=a%2Cb%2A")
    }

    @Test func `a connection lost before the first event leaves no gap`() throws {
        let script = Script([.init(lastID: "now-7"), .init(events: [("8", "eight")])])
        #expect(try follow(script, limit: 1) == ["eight"])
        #expect(script.requests[1].headers.first?.value == "now-7")
    }

    @Test func `a stream that had begun is taken up again although nothing came yet`() throws {
        #expect(try follow(Script([.init(), .init(events: [("1", "one")])]), limit: 1) == ["one"])
    }

    @Test func `a server that was never there, and one that refuses, are failures`() {
        let never = #expect(throws: CommandFailure.self) {
            try follow(Script([.init(end: .unreached("refused"))]), limit: 1)
        }
        #expect(never?.code == .unreachable)
        let refusing = Script([.init(events: [("1", "one")]), .init(refusal: CommandFailure(.failure, "bad pattern"))])
        #expect(throws: CommandFailure(.failure, "bad pattern")) { try follow(refusing, limit: 2) }
    }
}
