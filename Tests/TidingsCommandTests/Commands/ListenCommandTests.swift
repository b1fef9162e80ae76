// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Dispatch
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsCommand

@Suite struct ListenCommandTests {
    private func publish(_ server: RunningServer, _ type: String, _ entity: String) {
        let outcome = server.run("publish", "--type", type, "--entity", entity, "--id", "\(type)-\(entity)", "-d", "1")
        #expect(outcome.code == .ok, "\(outcome.talk)")
    }

    @Test func `tail prints what is stored, for people and for programs`() throws {
        let server = try RunningServer()
        for entity in ["1", "2", "3"] { publish(server, "order.created", entity) }
        publish(server, "other", "4")
        let people = server.run("tail", "order.*", "--from", "beginning", "--limit", "3")
        #expect(people.lines.count == 3)
        #expect(people.out.contains("order.created  2  1"))
        let programs = server.run("tail", "--from", "beginning", "--entity", "4", "-n", "1", "--json")
        #expect(try JSONValue.parse(programs.out)["type"]?.string == "other")
        #expect(server.run("tail", "--from", "yesterday").code == .usage)
        #expect(server.run("tail", "a*b").code == .failure)
    }

    @Test func `a command gets each event in order, and again until it was handled`() throws {
        let server = try RunningServer()
        for entity in ["1", "2", "3"] { publish(server, "order.created", entity) }
        let taken = server.folder + "/taken"
        let script = """
            test -e \(taken).failed || { touch \(taken).failed; exit 3; }
            printf '%s %s ' "$TIDINGS_TYPE" "$TIDINGS_ENTITY" >> \(taken); cat >> \(taken)
            """
        let outcome = server.run("listen", "order.*", "--from", "beginning", "-n", "3", "--", "sh", "-c", script)
        #expect(outcome.code == .ok, "\(outcome.talk)")
        #expect(outcome.talk.contains("was not handled: \"sh\" ended with exit code 3"))
        let lines = String(decoding: try InputFile.readWhole(taken, limit: 1 << 20), as: UTF8.self).split(
            separator: "\n")
        #expect(lines.map { $0.prefix(15) } == (1...3).map { "order.created \($0)" })
        #expect(lines.allSatisfy { (try? JSONValue.parse(String($0.dropFirst(16))))?["data"] != nil })
    }

    @Test func `a command that does not exist ends the listening`() throws {
        let server = try RunningServer()
        publish(server, "a", "1")
        #expect(server.run("listen", "a", "--from", "beginning", "--", "/no/such/command").code == .notFound)
        #expect(server.run("listen", "a").code == .usage)
        #expect(server.run("listen", "a", "--forward-to", "http://localhost:1/", "--", "cat").code == .usage)
    }

    @Test func `a local url gets each event as a CloudEvent`() throws {
        let server = try RunningServer()
        for entity in ["1", "2"] { publish(server, "order.created", entity) }
        let receiver = try Receiver()
        let outcome = server.run(
            "listen", "order.*", "--from", "beginning", "-n", "2", "--forward-to", "127.0.0.1:\(receiver.port)/hook?x=1"
        )
        #expect(outcome.code == .ok, "\(outcome.talk)")
        let requests = receiver.received
        #expect(requests.map(\.target) == ["/hook?x=1", "/hook?x=1"])
        #expect(requests.allSatisfy { $0[header: "content-type"] == "application/cloudevents+json" })
        let entities = try requests.map { try JSONValue.parse($0.body)["subject"]?.string }
        #expect(entities == ["1", "2"])
    }

    @Test func `listening goes on after the server restarts, without gap or repetition`() throws {
        let server = try RunningServer()
        let isConnected = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)
        let taken = Mutex<[String]>([])
        let box = Box(taken)
        let url = server.url
        DispatchQueue.global().async {
            let talk = Terminal(out: { _ in true }, talk: { _ in true })
            var wish = EventFollower.Wish()
            wish.types = ["order.*"]
            wish.fromBeginning = true
            wish.limit = 4
            do throws(CommandFailure) {
                let client = try HTTPAPIClient(url)
                try EventFollower(client, talk, wish).run { event throws(CommandFailure) in
                    box.add((try? JSONValue.parse(event.data))?["id"]?.string ?? "?")
                    isConnected.signal()
                    return true
                }
            } catch {
                box.add(error.message)
            }
            isDone.signal()
        }
        publish(server, "order.created", "1")
        isConnected.wait()
        try server.restart()
        for entity in ["a", "b", "c"] { publish(server, "order.paid", entity) }
        #expect(isDone.wait(timeout: .now() + 20) == .success)
        #expect(box.all == ["order.created-1", "order.paid-a", "order.paid-b", "order.paid-c"])
    }

    private final class Box: Sendable {
        private let held: Mutex<[String]>
        init(_ held: consuming Mutex<[String]>) { self.held = held }
        var all: [String] { held.withLock { $0 } }
        func add(_ text: String) { held.withLock { $0.append(text) } }
    }
}
