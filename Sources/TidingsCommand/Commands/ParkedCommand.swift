// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings parked`: entities that stand still.
enum ParkedCommand {
    static let command = Command(
        "parked", "Lists entities that wait behind a dead letter, of one subscription or of all.",
        arguments: [CommandArgument("SUBSCRIPTION", help: "whose; default: all", optional: true)],
        options: ClientOptions.all + [
            .flag("resting", help: "those that wait for their next attempt instead"), ClientOptions.limit,
        ],
        examples: ["tidings parked", "tidings parked email --json"]
    ) { invocation throws(CommandFailure) in
        let client = try invocation.client()
        let limit = try invocation.number("limit", in: 1...1_000_000) ?? .max
        var items: [JSONValue] = []
        for name in try Subscriptions.names(client, invocation.argument(0)) where items.count < limit {
            var request = APIRequest(["v1", "subscriptions", name, "entities"])
            request.query = [("state", invocation.has("resting") ? "resting" : "parked")]
            items += try Subscriptions.marked(client.items(request, limit: limit - items.count), name)
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("subscription", "subscription"), .text("entity", "entity"), .text("since", "since"),
                .number("waiting", "waiting"), .text("topic", "event.topic"), .text("type", "event.type"),
                .text("event", "event.id"), .text("dead letter", "dead_letter"),
            ], nothing: "Nothing stands still.")
        return .ok
    }
}
