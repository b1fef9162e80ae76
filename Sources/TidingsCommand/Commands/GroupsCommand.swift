// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings groups`: groups of Kafka's clients.
enum GroupsCommand {
    private static let name = CommandArgument("GROUP", help: "its name")
    private static let topic = CommandOption("topic", "TOPIC", help: "only those that read this topic")

    static let command = Command(
        "groups", "Groups of Kafka's clients: who reads, and how far.",
        [
            Command(
                "list", "Lists the groups.", options: ClientOptions.all + [topic],
                examples: ["tidings groups", "tidings groups list --topic orders"]
            ) { invocation throws(CommandFailure) in
                let request = APIRequest(["v1", "groups"], query: [("topic", invocation.value("topic"))])
                invocation.terminal.print(
                    try invocation.client().items(request), asJSON: invocation.has("json"), columns: columns,
                    nothing: "There are none.")
                return .ok
            },
            Command(
                "get", "Shows one: its members, and how far it is in each partition.", aliases: ["describe"],
                arguments: [name], options: ClientOptions.all, examples: ["tidings groups get billing"], run: get),
            Command(
                "reset", "Lets a group without members read on from another place; shows what that does, or does it.",
                details: """
                    Without --execute nothing changes. Without --topic all partitions move of which the group has committed an \
                    offset; a topic may name its partitions: orders:0,1. An offset outside of what is stored becomes its \
                    beginning or end.
                    """,
                arguments: [name],
                options: ClientOptions.all + [
                    .flag("to-earliest", help: "from the first stored record on"),
                    .flag("to-latest", help: "only what comes from now on"),
                    CommandOption("to-offset", "N", help: "from this offset on"),
                    CommandOption(
                        "to-time", "TIME",
                        help: "from the first record stored then: RFC 3339, or back from now like -1h"),
                    CommandOption("shift", "N", help: "so many records further, or back: --shift=-10"),
                    CommandOption(
                        "topic", "TOPIC[:N,…]", letter: "t", repeated: true,
                        help: "only this, or these of its partitions"),
                    .flag("execute", help: "does it"),
                ],
                examples: [
                    "tidings groups reset billing --to-earliest --topic orders:0,1",
                    "tidings groups reset billing --to-time -1h --execute", "tidings groups reset billing --shift=-10",
                ], run: reset),
            Command(
                "delete", "Deletes a group that has no members, with its offsets.", arguments: [name],
                options: [ClientOptions.server, ClientOptions.yes], examples: ["tidings groups delete billing --yes"]
            ) { invocation throws(CommandFailure) in
                let shown = invocation.argument(0) ?? ""
                try invocation.confirm("Delete the group \"\(shown)\" with its offsets?")
                _ = try invocation.client().expect(APIRequest("DELETE", ["v1", "groups", shown]))
                invocation.terminal.say("deleted \(shown)")
                return .ok
            },
            Command(
                "delete-offsets", "Forgets a group's offsets in a topic that none of its members reads.",
                arguments: [name, CommandArgument("TOPIC", help: "the topic")],
                options: [ClientOptions.server, ClientOptions.yes],
                examples: ["tidings groups delete-offsets billing orders --yes"]
            ) { invocation throws(CommandFailure) in
                let words = invocation.arguments
                try invocation.confirm("Forget how far \"\(words[0])\" is in \"\(words[1])\"?")
                _ = try invocation.client().expect(
                    APIRequest("DELETE", ["v1", "groups", words[0], "offsets", words[1]]))
                invocation.terminal.say("forgot the offsets of \(words[0]) in \(words[1])")
                return .ok
            },
        ])

    private static let columns: [ListColumn] = [
        .text("name", "name"), .text("state", "state"), .number("members", "member_count"),
        .text("topics", "topics"), .number("lag", "lag"), .text("last commit", "last_commit"),
    ]

    @Sendable private static func get(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let group = try invocation.client().expect(APIRequest(["v1", "groups", invocation.argument(0) ?? ""])).json()
        if invocation.has("json") {
            terminal.print(group.text)
            return .ok
        }
        var facts = Table([.text("group"), .text(group["name"]?.cell ?? "")])
        for (title, name) in [
            ("state", "state"), ("since", "since"), ("group protocol", "group_protocol"), ("protocol", "protocol"),
            ("generation", "generation"), ("lag", "lag"), ("oldest unread", "oldest_age"),
        ] { facts.add([title, group[name]?.cell ?? ""]) }
        terminal.print(facts)
        let members = group["members"]?.array ?? []
        if !members.isEmpty {
            // Where the server shares out, a member follows by its heartbeats.
            let isCoordinated = group["group_protocol"]?.string == "consumer"
            var table = Table(
                [.text("member"), .text("client"), .text("host"), .text("since"), .text("reads")]
                    + (isCoordinated ? [.number("epoch"), .text("is to read")] : []))
            for member in members {
                table.add(
                    ["id", "client", "host", "since"].map { member[$0]?.cell ?? "" } + [places(member["assigned"])]
                        + (isCoordinated ? [member["epoch"]?.cell ?? "", places(member["target"])] : []))
            }
            terminal.print("")
            terminal.print(table)
        }
        let rows = group["partitions"]?.array ?? []
        if rows.isEmpty { return .ok }
        var table = Table([
            .text("topic"), .number("partition"), .number("offset"), .number("end"), .number("lag"),
            .text("oldest unread"), .text("committed"), .text("member"),
        ])
        for row in rows {
            table.add(
                ["topic", "partition", "offset", "end", "lag", "oldest_age", "committed_at", "member"].map {
                    row[$0]?.cell ?? ""
                })
        }
        terminal.print("")
        terminal.print(table)
        return .ok
    }

    private static func places(_ list: JSONValue?) -> String {
        (list?.array ?? []).map { "\($0["topic"]?.cell ?? ""):\($0["partition"]?.cell ?? "")" }.joined(separator: " ")
    }

    // MARK: - Reset

    @Sendable private static func reset(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        var body = try target(invocation)
        let topics = try invocation.all("topic").map { text throws(CommandFailure) in try Self.topic(text) }
        if !topics.isEmpty { body["topics"] = .array(topics) }
        let isDryRun = !invocation.has("execute")
        body["dry_run"] = .bool(isDryRun)
        let path = ["v1", "groups", invocation.argument(0) ?? "", "reset"]
        let done = try invocation.client().expect(APIRequest("POST", path, json: .object(body))).json()
        if invocation.has("json") {
            invocation.terminal.print(done.text)
        } else {
            invocation.terminal.print(
                done["partitions"]?.array ?? [], asJSON: false,
                columns: [
                    .text("topic", "topic"), .number("partition", "partition"), .number("from", "from"),
                    .number("to", "to"), .number("again", "again"), .number("skipped", "skipped"),
                ], nothing: "The group has committed nothing: name topics.")
        }
        if isDryRun { invocation.terminal.say("nothing was changed: --execute does it") }
        return .ok
    }

    private static func target(_ invocation: Invocation) throws(CommandFailure) -> JSONObject {
        let flags = ["to-earliest", "to-latest", "to-offset", "to-time", "shift"].filter { invocation.has($0) }
        guard flags.count == 1 else {
            throw CommandFailure(
                .usage,
                flags.isEmpty
                    ? "say where to: --to-earliest, --to-latest, --to-offset, --to-time or --shift"
                    : "--\(flags[0]) and --\(flags[1]) both say where to: leave one of them out")
        }
        func number(_ name: String) throws(CommandFailure) -> JSONValue {
            let text = invocation.value(name) ?? ""
            guard let number = Int64(text) else {
                throw CommandFailure(.usage, "--\(name) is a whole number, not \"\(text)\"")
            }
            return .number(JSONNumber(number))
        }
        switch flags[0] {
        case "to-earliest": return JSONObject([("to", .string("beginning"))])
        case "to-latest": return JSONObject([("to", .string("now"))])
        case "to-offset": return JSONObject([("to", try number("to-offset"))])
        case "to-time": return JSONObject([("to", .string(invocation.value("to-time") ?? ""))])
        default: return JSONObject([("shift", try number("shift"))])
        }
    }

    /// `orders`, or `orders:0,1`.
    private static func topic(_ text: String) throws(CommandFailure) -> JSONValue {
        guard let colon = text.firstIndex(of: ":") else { return .object(JSONObject([("topic", .string(text))])) }
        let partitions = text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
        let numbers = partitions.compactMap { Int64($0) }
        guard numbers.count == partitions.count else {
            throw CommandFailure(.usage, "--topic is TOPIC or TOPIC:N,N, not \"\(text)\"")
        }
        return .object(
            JSONObject([
                ("topic", .string(String(text[..<colon]))),
                ("partitions", .array(numbers.map { .number(JSONNumber($0)) })),
            ]))
    }
}

/// `tidings readers`: everybody who reads, in one table.
enum ReadersCommand {
    static let command = Command(
        "readers", "Who reads, how far behind, since when: groups of Kafka's clients and subscriptions.",
        options: ClientOptions.all + [CommandOption("topic", "TOPIC", help: "only those that read this topic")],
        examples: ["tidings readers", "tidings readers --topic orders --json"]
    ) { invocation throws(CommandFailure) in
        let request = APIRequest(["v1", "readers"], query: [("topic", invocation.value("topic"))])
        invocation.terminal.print(
            try invocation.client().items(request), asJSON: invocation.has("json"),
            columns: [
                .text("kind", "kind"), .text("name", "name"), .text("state", "state"), .number("members", "members"),
                .text("topics", "topics"), .number("lag", "lag"), .text("oldest unread", "oldest_age"),
                .text("since", "since"),
            ], nothing: "There are none.")
        return .ok
    }
}
