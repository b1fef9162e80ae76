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

    @Test func `topics are made, set, shown, cut and removed`() throws {
        let server = try RunningServer()
        let made = server.run(
            "topics", "put", "orders", "--partitions", "1", "--retention-time", "30d", "--durability", "os", "--json")
        #expect(made.code == .ok && made.talk.contains("relaxed"), "\(made.talk)")
        #expect(try JSONValue.parse(made.out)["retention"]?["time"]?.string == "30d")
        let shortened = server.run("topics", "set", "orders", "--retention-time", "20d")
        #expect(shortened.lines.contains { $0.hasPrefix("retention.time") && $0.contains("20d") }, "\(shortened.out)")
        let set = server.run(
            "topics", "set", "orders", "--cleanup", "compact_and_delete", "--default", "durability", "--json")
        #expect(try JSONValue.parse(set.out)["cleanup"]?.string == "compact_and_delete", "\(set.talk)")
        let shown = server.run("topics", "get", "orders").lines
        #expect(shown.contains { $0.hasPrefix("retention.time") && $0.hasSuffix("set") })
        #expect(shown.contains { $0.hasPrefix("durability") && $0.contains("synced") && $0.hasSuffix("default") })
        #expect(server.run("topics", "set", "orders", "--default", "retention.tme").talk.contains("retention.time"))
        let wrong = server.run("topics", "set", "orders", "--retention-time", "soon")
        #expect(wrong.code == .failure && wrong.talk.contains("/retention/time"))

        #expect(server.run("routes", "put", "orders", "--type", "*", "--topic", "orders").code == .ok)
        for _ in 0..<5 { _ = server.run("publish", "--type", "order.paid", "-e", "1") }
        let past = server.run("tail", "--since", "-1h", "--until", "-0s", "--json")
        #expect(past.code == .ok && past.lines.count == 5, "it ends by itself")
        #expect(server.run("tail", "--since", "yesterday").code == .failure)
        let plan = server.run("topics", "delete-records", "orders", "--before", "3", "--partition", "0", "--dry-run")
        #expect(plan.code == .ok && plan.lines.last?.hasSuffix("3") == true, "\(plan.talk)")
        #expect(server.run("topics", "delete-records", "orders", "--before", "now").code == .usage, "nobody is asked")
        #expect(server.run("topics", "delete-records", "orders", "--before", "now", "--yes").code == .ok)
        #expect(server.run("topics", "events", "orders", "--since", "-1h").out.isEmpty)
        #expect(server.run("quarantine").talk.contains("none"))
        #expect(server.run("routing", "losses").talk.contains("none"))
        #expect(server.run("routing", "show", "order.paid", "--json").out.contains(#""route":"orders""#))
        #expect(server.run("routes", "delete", "orders", "--yes").code == .ok)
        #expect(server.run("topics", "delete", "orders", "--yes").code == .ok)
    }

    @Test func `a subscription is sought, after it was shown what that does`() throws {
        let server = try RunningServer()
        _ = server.run("routes", "put", "orders", "--type", "order.*", "--topic", "orders")
        for _ in 0..<5 { _ = server.run("publish", "--type", "order.paid", "-e", "1") }
        let made = server.run(
            "subscriptions", "put", "email", "--type", "order.*", "--url", "http://127.0.0.1:9/", "--start", "-1h",
            "--paused")
        #expect(made.code == .ok, "\(made.talk)")
        let plan = server.run("subscriptions", "seek", "email", "--to", "now", "--topic", "orders", "--dry-run")
        #expect(plan.code == .ok && plan.out.contains("5"), "\(plan.talk)\(plan.out)")
        let done = server.run("subscriptions", "seek", "email", "--to", "now", "--yes", "--json")
        #expect(try JSONValue.parse(done.out)["skipped"]?.integer == 5, "\(done.talk)")
        let back = server.run("subscriptions", "seek", "email", "--to", "-1h", "--yes", "--json")
        #expect(try JSONValue.parse(back.out)["again"]?.integer == 5, "\(back.talk)")
        #expect(server.run("subscriptions", "seek", "email", "--to", "end", "--yes").code == .failure)
        #expect(server.run("subscriptions", "seek", "email").code == .usage)
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
