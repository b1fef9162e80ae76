// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings quarantine`: what could not be read and was set aside.
enum QuarantineCommand {
    static let command = Command(
        "quarantine", "Damaged ranges that were set aside, with the entities in them.",
        [
            Command(
                "list", "Lists them.",
                options: ClientOptions.all + [CommandOption("topic", "TOPIC", help: "only of this topic")],
                examples: ["tidings quarantine", "tidings quarantine list --topic orders --json"]
            ) { invocation throws(CommandFailure) in
                let request = APIRequest(["v1", "quarantine"], query: [("topic", invocation.value("topic"))])
                invocation.terminal.print(
                    try invocation.client().items(request), asJSON: invocation.has("json"),
                    columns: [
                        .text("id", "id"), .text("topic", "topic"), .number("partition", "partition"),
                        .number("from", "from"),
                        .number("to", "to"), .text("found at", "found_at"), .text("entities", "entities"),
                        .text("all of them", "entities_complete"), .text("accepted at", "accepted_at"),
                        .text("reason", "reason"), .text("copy", "copy"),
                    ], nothing: "There are none.")
                return .ok
            },
            Command(
                "accept", "Says that you know of them: they stay listed, and are no warnings any more.",
                arguments: [CommandArgument("ID", help: "which, as listed", optional: true, repeated: true)],
                options: ClientOptions.all + [.flag("all", help: "all that are listed now")],
                examples: ["tidings quarantine accept 5c0e11d9", "tidings quarantine accept --all"], run: accept),
        ])

    @Sendable private static func accept(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        guard invocation.has("all") == invocation.arguments.isEmpty else {
            throw CommandFailure(.usage, "say which: ids as `tidings quarantine` lists them, or --all")
        }
        let client = try invocation.client()
        var ids = invocation.arguments
        if invocation.has("all") {
            ids = try client.items(APIRequest(["v1", "quarantine"])).filter { $0["accepted_at"] == .null }
                .compactMap { $0["id"]?.string }
        }
        if !ids.isEmpty {
            let body = JSONValue.object(JSONObject([("ids", .array(ids.map { .string($0) }))]))
            _ = try client.expect(APIRequest("POST", ["v1", "quarantine", "accept"], json: body))
        }
        invocation.terminal.say("accepted: \(ids.count)")
        return .ok
    }
}

/// `tidings routing`: what the routing table says, and what of it could not be read.
enum RoutingCommand {
    static let command = Command(
        "routing", "The routing table as a whole.",
        [
            Command(
                "show", "Shows who produces a type, where it goes and who gets it.",
                arguments: [CommandArgument("TYPE", help: "the event type")], options: ClientOptions.all,
                examples: ["tidings routing show order.created"]
            ) { invocation throws(CommandFailure) in
                let request = APIRequest(["v1", "routing"], query: [("type", invocation.argument(0))])
                let found = try invocation.client().expect(request)
                invocation.terminal.print(try found.json(), asJSON: invocation.has("json"))
                return .ok
            },
            Command(
                "losses", "Lists its records that could not be read when the server started.",
                details: """
                    Resources may be missing then. One that is written again, or removed, is no longer listed; what is left is
                    given up by `tidings routing accept-losses`.
                    """,
                options: ClientOptions.all, examples: ["tidings routing losses"], run: list),
            Command(
                "accept-losses", "Gives up what could not be read: the table counts as whole again.",
                details: "What deliveries keep of subscriptions that are missing goes at the next start.",
                options: ClientOptions.all + [ClientOptions.yes],
                examples: ["tidings routing accept-losses --yes"]
            ) { invocation throws(CommandFailure) in
                try invocation.confirm("Give up what is missing of the routing table?")
                _ = try invocation.client().expect(APIRequest("POST", ["v1", "routing", "losses", "accept"]))
                invocation.terminal.say("given up")
                return .ok
            },
        ])

    @Sendable private static func list(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let items = try invocation.client().items(APIRequest(["v1", "routing", "losses"]))
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .number("from", "from"), .number("to", "to"), .text("resource", "resource"), .text("reason", "reason"),
            ], nothing: "There are none.")
        return .ok
    }
}
