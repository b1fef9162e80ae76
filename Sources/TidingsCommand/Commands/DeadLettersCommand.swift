// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings dead-letters`: what was given up on, and what to do about it.
enum DeadLettersCommand {
    private static let subscription = CommandArgument("SUBSCRIPTION", help: "whose dead letters")
    private static let filters = [
        CommandOption("entity", "ENTITY", letter: "e", help: "only of this entity"),
        CommandOption("type", "PATTERN", letter: "t", help: "only events of these types"),
        CommandOption("reason", "REASON", help: "only with this reason"),
        .flag("blocking", help: "only those that park their entity"),
    ]

    static let command = Command(
        "dead-letters", "Deliveries that were given up on, kept until someone mends them.",
        [
            Command(
                "list", "Lists them, of one subscription or of all.",
                arguments: [CommandArgument("SUBSCRIPTION", help: "whose; default: all", optional: true)],
                options: ClientOptions.all + filters + [ClientOptions.limit],
                examples: ["tidings dead-letters", "tidings dead-letters list email --blocking"], run: list),
            Command(
                "show", "Shows one with every attempt.",
                arguments: [subscription, CommandArgument("ID", help: "which")], options: ClientOptions.all,
                examples: ["tidings dead-letters show email 0198c1"]
            ) { invocation throws(CommandFailure) in
                let found = try invocation.client().expect(APIRequest(path(invocation)))
                invocation.terminal.print(try found.json(), asJSON: invocation.has("json"))
                return .ok
            },
            Command(
                "redrive", "Delivers one again, or all that match.",
                arguments: [
                    subscription,
                    CommandArgument("ID", help: "which; none: by the filters", optional: true, repeated: true),
                ],
                options: ClientOptions.all + filters + [
                    CommandOption("data", "JSON", letter: "d", help: "edited data; the stored event stays as it is"),
                    .flag("all", help: "every dead letter of the subscription"),
                    .flag("dry-run", help: "counts only"),
                ],
                examples: [
                    "tidings dead-letters redrive email 0198c1",
                    "tidings dead-letters redrive email --type order.paid --dry-run",
                ], run: redrive),
            Command(
                "discard", "Gives one up for good; its entity goes on.",
                arguments: [subscription, CommandArgument("ID", help: "which")],
                options: [ClientOptions.server, ClientOptions.yes],
                examples: ["tidings dead-letters discard email 0198c1"]
            ) { invocation throws(CommandFailure) in
                let id = invocation.argument(1) ?? ""
                try invocation.confirm("Give up the dead letter \(id) for good?")
                _ = try invocation.client().expect(APIRequest("POST", path(invocation) + ["discard"]))
                invocation.terminal.say("discarded \(id)")
                return .ok
            },
        ])

    private static func path(_ invocation: Invocation) -> [String] {
        ["v1", "subscriptions", invocation.argument(0) ?? "", "dead-letters", invocation.argument(1) ?? ""]
    }

    /// The filters as the API names them.
    private static func filter(_ invocation: Invocation) -> [(name: String, value: String)] {
        var filter = ["entity", "type", "reason"].compactMap { name in
            invocation.value(name).map { (name: name, value: $0) }
        }
        if invocation.has("blocking") { filter.append(("blocking", "true")) }
        return filter
    }

    @Sendable private static func list(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let client = try invocation.client()
        let limit = try invocation.number("limit", in: 1...1_000_000) ?? .max
        var items: [JSONValue] = []
        for name in try Subscriptions.names(client, invocation.argument(0)) where items.count < limit {
            var request = APIRequest(["v1", "subscriptions", name, "dead-letters"])
            request.query = filter(invocation).map { ($0.name, $0.value) }
            items += try Subscriptions.marked(client.items(request, limit: limit - items.count), name)
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("subscription", "subscription"), .text("id", "id"), ListColumn.event("type", "type"),
                ListColumn(title: "entity", isNumber: false) { ($0["entity"] ?? $0["event"]?["subject"])?.cell ?? "" },
                .text("reason", "reason"), .text("blocking", "blocking"),
                ListColumn(title: "attempts", isNumber: true) { item in
                    item["attempts"].map { $0.array.map { String($0.count) } ?? $0.cell } ?? ""
                },
                ListColumn(title: "since", isNumber: false) { ($0["since"] ?? $0["time"])?.cell ?? "" },
            ], nothing: "There are none.")
        return .ok
    }

    @Sendable private static func redrive(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let client = try invocation.client()
        let ids = Array(invocation.arguments.dropFirst())
        let request: APIRequest
        if let text = invocation.value("data") {
            guard ids.count == 1 else { throw CommandFailure(.usage, "--data goes with exactly one ID") }
            let data = try invocation.data(text)
            request = APIRequest("POST", path(invocation) + ["redrive"], json: .object(JSONObject([("data", data)])))
        } else if ids.count == 1, !invocation.has("dry-run") {
            request = APIRequest("POST", path(invocation) + ["redrive"])
        } else {
            let filter = filter(invocation)
            var body = JSONObject()
            if !ids.isEmpty {
                body["ids"] = .array(ids.map { .string($0) })
            } else if !filter.isEmpty || invocation.has("all") {
                let members = filter.map { ($0.name, $0.name == "blocking" ? .bool(true) : JSONValue.string($0.value)) }
                body["filter"] = .object(JSONObject(members))
            } else {
                throw CommandFailure(.usage, "which? Give IDs, a filter, or --all")
            }
            if invocation.has("dry-run") { body["dry_run"] = .bool(true) }
            let path = ["v1", "subscriptions", invocation.argument(0) ?? "", "dead-letters", "redrive"]
            request = APIRequest("POST", path, json: .object(body))
        }
        let answer = try client.expect(request)
        if answer.body.isEmpty {
            invocation.terminal.say("on its way again")
        } else {
            invocation.terminal.print(try answer.json(), asJSON: invocation.has("json"))
        }
        return .ok
    }
}

/// What several commands need of subscriptions.
enum Subscriptions {
    /// The one that was named, or all.
    static func names(_ client: any APIClient, _ named: String?) throws(CommandFailure) -> [String] {
        if let named { return [named] }
        return try client.items(APIRequest(["v1", "subscriptions"])).compactMap { $0["name"]?.string }
    }

    /// Items with the name of their subscription in front.
    static func marked(_ items: [JSONValue], _ name: String) -> [JSONValue] {
        items.map { item in
            guard let object = item.object else { return item }
            var marked = JSONObject([("subscription", .string(name))])
            for member in object.members { marked[member.name] = member.value }
            return .object(marked)
        }
    }
}
