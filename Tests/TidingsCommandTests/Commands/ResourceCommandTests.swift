// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct ResourceCommandTests {
    private func written(_ line: [String]) throws -> JSONValue {
        let terminal = Terminal(out: { _ in true }, talk: { _ in true })
        let reading = try CommandParser(Program.root).read(line, environment: [:], terminal: terminal)
        guard case .run(let invocation) = reading else { return .null }
        return try ResourceCommand.apply(ResourceKind.subscriptions.fields, invocation, to: .object(JSONObject()))
    }

    @Test(arguments: [
        (["--type", "a", "--type", "b.*"], #"{"types":["a","b.*"]}"#),
        (["--url", "http://x/", "--mode", "plain"], #"{"endpoint":{"url":"http://x/","mode":"plain"}}"#),
        (
            ["--header", "x-team=growth", "--header", "y=a=b"],
            #"{"endpoint":{"headers":{"x-team":"growth","y":"a=b"}}}"#
        ),
        (["--attempts", "3", "--factor", "1.5"], #"{"retry":{"attempts":3,"factor":1.5}}"#),
        (
            ["--paused", "--filter", #"[{"exact":{"subject":"o-1"}}]"#],
            #"{"filters":[{"exact":{"subject":"o-1"}}],"paused":true}"#
        ),
    ])
    func `flags write members`(_ flags: [String], _ json: String) throws {
        #expect(try written(["subscriptions", "put", "email"] + flags).text == json)
    }

    @Test(arguments: [["--attempts", "many"], ["--header", "no value"], ["--filter", "{"], ["--no-such-flag"]])
    func `what is no value of a flag is refused`(_ flags: [String]) {
        let failure = #expect(throws: CommandFailure.self) { try written(["subscriptions", "put", "email"] + flags) }
        #expect(failure?.code == .usage)
    }

    @Test func `resources are written, changed, listed and removed`() throws {
        let server = try RunningServer()
        let producer = server.run(
            "producers", "put", "order-service", "--source", "/order-service", "--type", "order.*", "--json")
        #expect(producer.code == .ok, "\(producer.talk)")
        #expect(producer.talk == "created\n")
        #expect(server.run("producers").lines.last?.contains("order-service  /order-service  order.*") == true)
        #expect(server.run("producers", "put", "other", "--source", "/o", "--type", "order.paid").code == .conflict)
        let stranger = server.run("publish", "--type", "order.paid", "--source", "/impostor")
        #expect(stranger.code == .forbidden)
        #expect(stranger.talk.contains("order-service"))

        let file = try server.file("route.json", #"{"types": ["order.*"], "topic": "orders"}"#)
        #expect(server.run("routes", "put", "orders", "--file", file).code == .ok)
        let changed = server.run("routes", "change", "orders", "--key", "source", "--json")
        #expect(try JSONValue.parse(changed.out)["key"]?.string == "source")
        #expect(server.run("publish", "--type", "order.paid", "-e", "1").out.contains("stored in orders/"))
        #expect(server.run("topics").out.contains("orders"))
        let items = try JSONValue.parse(server.run("topics", "events", "orders", "--json").out)["items"]?.array
        #expect(items?.count == 1)

        let subscription = server.run(
            "subscriptions", "put", "email", "--type", "order.*", "--url", "http://127.0.0.1:9/x", "--paused")
        #expect(subscription.code == .ok, "\(subscription.talk)")
        #expect(server.run("subscriptions").out.contains("paused"))
        #expect(server.run("publish", "--type", "order.paid", "-e", "1").code == .ok)
        let topic = server.run("topics", "get", "orders")
        #expect(topic.lines.contains { $0.hasPrefix("email ") }, "\(topic.out)")
        #expect(server.run("subscriptions", "delete", "email").code == .usage)
        #expect(server.run("subscriptions", "delete", "email", "--yes").code == .ok)
        #expect(server.run("subscriptions", "get", "email").code == .notFound)
        #expect(server.run("subscriptions").talk == "There are none.\n")
        let wrong = server.run("routes", "put", "bad", "--type", "a", "--topic", "no topic")
        #expect(wrong.code == .failure)
        #expect(wrong.talk.contains("/topic"))
    }
}
