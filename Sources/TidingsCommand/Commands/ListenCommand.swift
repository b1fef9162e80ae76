// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings listen`.
enum ListenCommand {
    static let command = Command(
        "listen", "Hands each event, in order, to a local URL or to a command.",
        details: """
            Over the live stream: nothing of it stays on the server. --forward-to posts each event as a CloudEvent; any 2xx
            means handled. A command after -- is started once per event, with the event as JSON on its standard input and
            TIDINGS_TYPE, TIDINGS_ENTITY, TIDINGS_ID, TIDINGS_SOURCE and TIDINGS_TIME in its environment; exit code 0 means
            handled. An event that was not handled is tried again until it is. Goes on when the server comes back.
            """,
        arguments: [CommandArgument("PATTERN", help: "types: exact, or a prefix and *; several with commas")],
        options: [ClientOptions.server] + TailCommand.options + [
            CommandOption("forward-to", "URL", help: "where to post each event"),
            .flag("quiet", letter: "q", help: "says nothing about single events"),
        ],
        rest: "COMMAND ARGUMENT…",
        examples: [
            "tidings listen 'order.*' --forward-to http://localhost:3000/events",
            "tidings listen 'order.*' --from beginning -- sh -c 'jq -c .data'",
        ], run: run)

    @Sendable private static func run(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let handler = try handler(invocation)
        let wish = try TailCommand.wish(invocation, types: invocation.arguments)
        let isQuiet = invocation.has("quiet")
        let follower = EventFollower(try invocation.client(), terminal, wish)
        try follower.run { event throws(CommandFailure) in
            var rest = Duration.milliseconds(100)
            while let reason = try handler.handle(event) {
                terminal.say(
                    "tidings: \(Table.printable(name(event))) was not handled: \(reason); "
                        + "trying again in \(DurationText.format(rest))")
                Pause.wait(rest)
                rest = min(rest * 2, .seconds(30))
            }
            if !isQuiet, case .url = handler { terminal.say("\(Table.printable(name(event))) handled") }
            return true
        }
        return .ok
    }

    private static func handler(_ invocation: Invocation) throws(CommandFailure) -> EventHandler {
        switch (invocation.value("forward-to"), invocation.rest.isEmpty) {
        case (nil, true):
            throw CommandFailure(
                .usage, "it needs somewhere to hand events to: --forward-to URL, or a command after --",
                hint: "tidings listen --help")
        case (_?, false): throw CommandFailure(.usage, "--forward-to and a command after -- exclude each other")
        case (nil, false): return .command(EventCommand(words: invocation.rest, environment: invocation.environment))
        case (let url?, true):
            let whole = url.contains("://") ? url : "http://" + url
            guard let parsed = EndpointURL(whole) else {
                throw CommandFailure(.usage, "--forward-to is a URL like http://localhost:3000/events, not \"\(url)\"")
            }
            return .url(
                try invocation.clients("http\(parsed.isSecure ? "s" : "")://\(parsed.authority)"), target: parsed.target
            )
        }
    }

    private static func name(_ event: ServerSentEvent) -> String {
        let value = try? JSONValue.parse(event.data)
        let entity = value?["subject"]?.string.map { " of \($0)" } ?? ""
        return "\(value?["type"]?.string ?? event.event)\(entity)"
    }
}
