// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings tail`.
enum TailCommand {
    static let since = CommandOption(
        "since", "TIME", help: "stored at that time or later: RFC 3339, or back from now like -1h")
    static let until = CommandOption("until", "TIME", help: "stored before that time, as --since")
    static let options = [
        CommandOption("from", "now|beginning", help: "where to begin (default now); not with --since"),
        CommandOption("entity", "ENTITY", letter: "e", help: "only events about this entity"), since, until,
        ClientOptions.limit,
    ]

    static let command = Command(
        "tail", "Prints events as they come.",
        details: """
            One line per event for people; with --json one CloudEvent per line. Goes on when the server comes back after a
            restart, without a gap and without state on the server.
            """,
        arguments: [
            CommandArgument(
                "PATTERN", help: "types: exact, or a prefix and *; default: all", optional: true, repeated: true)
        ],
        options: ClientOptions.all + options,
        examples: ["tidings tail 'order.*'", "tidings tail --since -1h --until -30m --json | jq .data"]
    ) { invocation throws(CommandFailure) in
        let wish = try wish(invocation, types: invocation.arguments)
        let terminal = invocation.terminal
        let follower = EventFollower(try invocation.client(), terminal, wish)
        try follower.run { event throws(CommandFailure) in
            terminal.print(invocation.has("json") ? event.data : line(event, terminal))
        }
        return .ok
    }

    /// What the flags of tail and listen ask for.
    static func wish(_ invocation: Invocation, types: [String]) throws(CommandFailure) -> EventFollower.Wish {
        var wish = EventFollower.Wish()
        wish.types = types.flatMap { $0.split(separator: ",").map(String.init) }
        wish.entity = invocation.value("entity")
        wish.since = invocation.value("since")
        if wish.since != nil, invocation.has("from") {
            throw CommandFailure(.usage, "--from and --since both say where to begin: leave one of them out")
        }
        wish.until = invocation.value("until")
        wish.limit = try invocation.number("limit", in: 1...Int(Int32.max))
        switch invocation.value("from") {
        case nil, "now": break
        case "beginning": wish.fromBeginning = true
        case let other?: throw CommandFailure(.usage, "--from is now or beginning, not \"\(other)\"")
        }
        return wish
    }

    /// An event on one line: time, type, entity, data.
    private static func line(_ event: ServerSentEvent, _ terminal: Terminal) -> String {
        guard let value = try? JSONValue.parse(event.data) else { return Table.printable(event.data) }
        let time = value["time"]?.string ?? value["tidingstime"]?.string ?? ""
        let data = value["data"] ?? value["data_base64"] ?? .null
        return [
            terminal.styled(Table.printable(time), .faint),
            terminal.styled(Table.printable(value["type"]?.string ?? event.event), .bold),
            Table.printable(value["subject"]?.string ?? "-"), Table.printable(data.isNull ? "" : data.text),
        ].filter { !$0.isEmpty }.joined(separator: "  ")
    }
}
