// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings topics`.
enum TopicsCommand {
    private static let name = CommandArgument("TOPIC", help: "its name")

    static let command = Command(
        "topics", "Topics: what is stored, and who reads it.",
        [
            Command("list", "Lists the topics.", options: ClientOptions.all, examples: ["tidings topics"]) {
                invocation throws(CommandFailure) in
                let items = try invocation.client().items(APIRequest(["v1", "topics"]))
                invocation.terminal.print(
                    items, asJSON: invocation.has("json"), columns: columns, nothing: "There are none.")
                return .ok
            },
            Command(
                "get", "Shows one, with its settings, partitions and readers.", aliases: ["describe"],
                arguments: [name],
                options: ClientOptions.all,
                examples: ["tidings topics get orders"], run: get),
            Command(
                "create", "Creates one; one that is there is a conflict.", arguments: [name],
                options: ClientOptions.all + [
                    CommandOption("partitions", "N", help: "how many (default 4)"),
                    .flag("if-not-exists", help: "one that is there stays as it is"),
                ] + TopicSettingsFlags.fields.map(\.option),
                examples: ["tidings topics create orders --partitions 6 --retention-time 30d"]
            ) { invocation throws(CommandFailure) in
                do throws(CommandFailure) {
                    return try write("PUT", invocation, .object(JSONObject()), onlyNew: true)
                } catch {
                    guard error.code == .conflict else { throw error }
                    let topic = invocation.argument(0) ?? ""
                    if invocation.has("if-not-exists") {
                        invocation.terminal.say("\(topic) is there already")
                        return .ok
                    }
                    throw CommandFailure(
                        .conflict, "there is a topic \"\(topic)\" already", hint: "tidings topics set \(topic)")
                }
            },
            Command(
                "put", "Creates one, or writes all its settings.", arguments: [name],
                options: ClientOptions.all + [
                    CommandOption(
                        "file", "FILE", letter: "f", help: "reads it from a file in JSON; - is standard input"),
                    CommandOption("partitions", "N", help: "how many (default 4)"),
                ] + TopicSettingsFlags.fields.map(\.option),
                examples: [
                    "tidings topics put orders --partitions 6",
                    "tidings topics put prices --cleanup compact --retention-time forever",
                ]
            ) { invocation throws(CommandFailure) in
                let base = try invocation.value("file").map { path throws(CommandFailure) in
                    try ResourceCommand.read(path)
                }
                return try write("PUT", invocation, base ?? .object(JSONObject()))
            },
            Command(
                "set", "Changes single settings of one, at once.", aliases: ["alter"], arguments: [name],
                options: ClientOptions.all + [CommandOption("partitions", "N", help: "how many; only more")]
                    + TopicSettingsFlags.fields.map(\.option) + [TopicSettingsFlags.unset],
                examples: [
                    "tidings topics set orders --retention-time 30d",
                    "tidings topics set orders --default retention.time",
                ]
            ) { invocation throws(CommandFailure) in try write("PATCH", invocation, .object(JSONObject())) },
            Command(
                "delete", "Removes one with all its records.", arguments: [name],
                options: [ClientOptions.server, ClientOptions.yes], examples: ["tidings topics delete orders --yes"]
            ) { invocation throws(CommandFailure) in
                let shown = invocation.argument(0) ?? ""
                try invocation.confirm("Remove the topic \"\(shown)\" with all its records?")
                _ = try invocation.client().expect(APIRequest("DELETE", ["v1", "topics", shown]))
                invocation.terminal.say("removed \(shown)")
                return .ok
            },
            PlaceCommands.deleteRecords,
            Command(
                "events", "Lists stored events of a topic.", arguments: [name],
                options: ClientOptions.all + [
                    CommandOption("partition", "N", help: "only this partition"),
                    CommandOption("offset", "N", help: "from this offset on"),
                    CommandOption("type", "PATTERN", help: "only these types"),
                    CommandOption("entity", "ENTITY", help: "only this entity"),
                    CommandOption("id", "ID", help: "only the event with this id"), TailCommand.since,
                    TailCommand.until, ClientOptions.limit,
                ], examples: ["tidings topics events orders --entity o-17 --since -1h"], run: events),
            Command(
                "event", "Shows one stored event.",
                arguments: [
                    name, CommandArgument("PARTITION", help: "its partition"),
                    CommandArgument("OFFSET", help: "its offset"),
                ],
                options: ClientOptions.all + [
                    CommandOption("as", "cloudevent|record", help: "the form (default cloudevent)")
                ], examples: ["tidings topics event orders 3 1042"]
            ) { invocation throws(CommandFailure) in
                let words = invocation.arguments
                var request = APIRequest(["v1", "topics", words[0], "partitions", words[1], "events", words[2]])
                request.query = [("as", invocation.value("as"))]
                let found = try invocation.client().expect(request)
                invocation.terminal.print(try found.json(), asJSON: invocation.has("json"))
                return .ok
            },
        ])

    private static let columns: [ListColumn] = [
        .text("name", "name"),
        ListColumn(title: "partitions", isNumber: true) { topic in
            topic["partitions"]?.cell ?? ""
        },
        ListColumn(title: "durability", isNumber: false) { topic in
            (topic["durability"]?.cell ?? "") + (topic["status"]?["relaxed"]?.bool == true ? " (relaxed)" : "")
        }, .text("kept", "retention.time"),
        ListColumn(title: "events", isNumber: true) { topic in
            guard let partitions = topic["status"]?["partitions"]?.array else { return "" }
            let counts = partitions.map { ($0["end"]?.integer ?? 0) - ($0["start"]?.integer ?? 0) }
            return Publisher.grouped(Int(counts.reduce(0, +)))
        },
        ListColumn(title: "bytes", isNumber: true) { topic in
            guard let partitions = topic["status"]?["partitions"]?.array else { return "" }
            return Publisher.grouped(Int(partitions.reduce(0) { $0 + ($1["bytes"]?.integer ?? 0) }))
        },
    ]

    @Sendable private static func get(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let path = ["v1", "topics", invocation.argument(0) ?? ""]
        let topic = try invocation.client().expect(APIRequest(path)).json()
        if invocation.has("json") {
            terminal.print(topic.text)
            return .ok
        }
        terminal.print(TopicSettingsFlags.table(topic))
        terminal.print("")
        var partitions = Table([.number("partition"), .number("start"), .number("end"), .number("bytes")])
        for (index, partition) in (topic["status"]?["partitions"]?.array ?? []).enumerated() {
            let number = partition["partition"]?.cell ?? String(index)
            partitions.add([number] + ["start", "end", "bytes"].map { partition[$0]?.cell ?? "" })
        }
        terminal.print(partitions)
        let readers = topic["status"]?["readers"]?.array ?? []
        if readers.isEmpty { return .ok }
        terminal.print("")
        var table = Table([.text("reader"), .number("partition"), .number("position"), .number("lag")])
        for reader in readers {
            let name = reader["name"]?.cell ?? ""
            let rows = reader["partitions"]?.array ?? []
            for row in rows { table.add([name] + ["partition", "position", "lag"].map { row[$0]?.cell ?? "" }) }
        }
        terminal.print(table)
        return .ok
    }

    private static func write(
        _ method: String, _ invocation: Invocation, _ base: JSONValue, onlyNew: Bool = false
    ) throws(CommandFailure) -> ExitCode {
        var topic = try TopicSettingsFlags.read(invocation, into: base)
        if let partitions = try invocation.number("partitions", in: 1...10_000), var object = topic.object {
            object["partitions"] = .number(JSONNumber(Int64(partitions)))
            topic = .object(object)
        }
        let path = ["v1", "topics", invocation.argument(0) ?? ""]
        var request = APIRequest(method, path, json: topic)
        if onlyNew { request.headers.append(("If-None-Match", "*")) }
        let answer = try invocation.client().expect(request).json()
        if invocation.has("json") {
            invocation.terminal.print(answer.text)
        } else {
            invocation.terminal.print(TopicSettingsFlags.table(answer))
        }
        if answer["status"]?["relaxed"]?.bool == true {
            invocation.terminal.say("relaxed durability: a power failure may take acknowledged events of this topic")
        }
        return .ok
    }

    @Sendable private static func events(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let limit = try invocation.number("limit", in: 1...1_000_000) ?? 50
        var request = APIRequest(["v1", "topics", invocation.argument(0) ?? "", "events"])
        for name in ["partition", "offset", "type", "entity", "id", "since", "until"] {
            request.query.append((name, invocation.value(name)))
        }
        request.query.append(("limit", String(min(limit, 100))))
        let items = try invocation.client().items(request, limit: limit)
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .number("partition", "partition"), .number("offset", "offset"), ListColumn.eventTime,
                ListColumn(title: "type", isNumber: false) { item in
                    guard item["unreadable"] != nil else { return item["event"]?["type"]?.cell ?? "" }
                    return "damaged: offsets \(item["offset"]?.cell ?? "") to \(item["to"]?.cell ?? "") cannot be read"
                }, ListColumn.event("entity", "subject"), ListColumn.event("id", "id"),
            ], nothing: "There are none.")
        return .ok
    }
}

extension ListColumn {
    /// When the event happened; of one that does not say so, when it was stored.
    static let eventTime = ListColumn(title: "time", isNumber: false) {
        ($0["time"] ?? $0["event"]?["time"] ?? $0["timestamp"])?.cell ?? ""
    }

    /// A column of an attribute of an event that stands in the item itself or in its member `event`.
    static func event(_ title: String, _ name: String) -> ListColumn {
        ListColumn(title: title, isNumber: false) { ($0[name] ?? $0["event"]?[name])?.cell ?? "" }
    }
}
