// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What changes where a topic begins or a subscription reads: first what would happen is shown, then it is asked.
enum PlaceCommands {
    private static let dryRun = CommandOption.flag("dry-run", help: "only says what would happen")
    private static let partition = CommandOption("partition", "N", help: "only this partition")

    static let deleteRecords = Command(
        "delete-records", "Gives up the oldest records of a topic, for good.",
        details: """
            The start of each partition moves; space comes back by whole segments. Waiting events that go become dead letters;
            subscriptions that have not taken what goes are told.
            """,
        arguments: [CommandArgument("TOPIC", help: "its name")],
        options: ClientOptions.all + [
            CommandOption(
                "before", "PLACE", help: "an offset, now, an RFC 3339 time, or back from now like -7d"),
            partition, dryRun, ClientOptions.yes,
        ],
        examples: [
            "tidings topics delete-records orders --before -30d --dry-run",
            "tidings topics delete-records orders --partition 3 --before 1042 --yes",
        ]
    ) { invocation throws(CommandFailure) in
        let path = ["v1", "topics", invocation.argument(0) ?? "", "delete-records"]
        return try run(
            invocation, path, place: "before",
            columns: [
                .number("partition", "partition"), .number("start", "start"), .number("before", "before"),
                .number("records", "records"),
            ]
        ) { plan in
            let readers = (plan["readers"]?.array ?? []).map {
                "\($0["name"]?.cell ?? "") has not answered \($0["unanswered"]?.cell ?? "") of them"
            }
            let loses = readers.isEmpty ? "" : " (" + readers.joined(separator: "; ") + ")"
            return "Give up \(plan["records"]?.cell ?? "") records\(loses) for good?"
        }
    }

    static let seek = Command(
        "seek", "Reads on from another place: delivers again, or passes over.",
        details: """
            Attempts on their way are broken off; waiting events and dead letters stay. The counts are of records, wanted or
            not.
            """,
        arguments: [CommandArgument("NAME", help: "the subscription")],
        options: ClientOptions.all + [
            CommandOption(
                "to", "PLACE", help: "beginning, now, an RFC 3339 time, back from now like -1h, or an offset"),
            CommandOption("topic", "TOPIC", help: "only in this topic"), partition, dryRun, ClientOptions.yes,
        ],
        examples: [
            "tidings subscriptions seek email --to -1h --dry-run",
            "tidings subscriptions seek email --to 1042 --topic orders --partition 3 --yes",
        ]
    ) { invocation throws(CommandFailure) in
        let path = ["v1", "subscriptions", invocation.argument(0) ?? "", "seek"]
        return try run(
            invocation, path, place: "to",
            columns: [
                .text("topic", "topic"), .number("partition", "partition"), .number("from", "from"),
                .number("to", "to"), .number("again", "again"), .number("skipped", "skipped"),
            ]
        ) { plan in
            "Deliver up to \(plan["again"]?.cell ?? "") records again and pass over \(plan["skipped"]?.cell ?? "")?"
        }
    }

    /// Asks the server what would happen, then the person, then does it.
    private static func run(
        _ invocation: Invocation, _ path: [String], place: String, columns: [ListColumn],
        question: (JSONValue) -> String
    ) throws(CommandFailure) -> ExitCode {
        guard let text = invocation.value(place) else {
            throw CommandFailure(
                .usage, "--\(place) says where", hint: "\(invocation.path.joined(separator: " ")) --help")
        }
        var body = JSONObject([
            (place, Int64(text).map { $0 < 0 ? .string(text) : .number(JSONNumber($0)) } ?? .string(text))
        ])
        if let topic = invocation.value("topic") { body["topic"] = .string(topic) }
        if let partition = try invocation.number("partition", in: 0...1_023) {
            body["partition"] = .number(JSONNumber(Int64(partition)))
        }
        let client = try invocation.client()
        let isDryRun = invocation.has("dry-run")
        if isDryRun || !invocation.has("yes") {
            body["dry_run"] = .bool(true)
            let plan = try client.expect(APIRequest("POST", path, json: .object(body))).json()
            if isDryRun {
                show(plan, columns, invocation)
                return .ok
            }
            show(plan, columns, invocation, asTalk: true)
            try invocation.confirm(question(plan))
            body["dry_run"] = nil
        }
        show(try client.expect(APIRequest("POST", path, json: .object(body))).json(), columns, invocation)
        return .ok
    }

    private static func show(
        _ plan: JSONValue, _ columns: [ListColumn], _ invocation: Invocation, asTalk: Bool = false
    ) {
        var table = Table(columns.map { $0.isNumber ? .number($0.title) : .text($0.title) })
        for item in plan["partitions"]?.array ?? [] { table.add(columns.map { $0.read(item) }) }
        if asTalk {
            for line in table.lines() { invocation.terminal.say(line) }
        } else if invocation.has("json") {
            invocation.terminal.print(plan.text)
        } else {
            invocation.terminal.print(table)
        }
    }
}
