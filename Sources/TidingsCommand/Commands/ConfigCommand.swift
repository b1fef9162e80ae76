// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsServer

/// `tidings config`: what applies, and what there is.
enum ConfigCommand {
    static let command = Command(
        "config", "Shows the settings.",
        [
            Command(
                "show", "Shows every setting with its value and where the value came from.",
                details: """
                    Takes the same flags as serve, and reads the same environment and file. A flag goes before the
                    environment (TIDINGS_HTTP_LISTEN for http.listen), the environment before the file, the file before the default.
                    """,
                options: [.flag("json", help: "prints JSON"), .flag("changed", help: "only what is not the default")]
                    + SettingFlags.options,
                examples: ["tidings config show --changed", "TIDINGS_LOOPS=2 tidings config show --json"], run: show),
            Command(
                "reference", "Prints all settings as tables in Markdown.", examples: ["tidings config reference"]
            ) { invocation in
                invocation.terminal.print(String(SettingsReference.markdown.dropLast()))
                return .ok
            },
        ])

    @Sendable private static func show(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let settings = try SettingFlags.load(invocation)
        let shown = settings.entries.filter { !invocation.has("changed") || $0.origin != .standard }
        if invocation.has("json") {
            invocation.terminal.print(
                JSONWriter.text { json in
                    json.object { json in
                        json.key("items")
                        json.array { json in
                            for entry in shown {
                                json.object { json in
                                    json.member("name", entry.description.name)
                                    json.member("value", entry.shown)
                                    json.member("from", entry.origin.text)
                                }
                            }
                        }
                    }
                })
            return .ok
        }
        var table = Table([.text("setting"), .text("value"), .text("from")])
        for entry in shown { table.add([entry.description.name, entry.shown, entry.origin.text]) }
        invocation.terminal.print(table)
        return .ok
    }
}
