// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsCommand

@Suite struct CommandParserTests {
    private static let root = Command(
        "tidings", "The program.",
        [
            Command(
                "publish", "Publishes.", arguments: [CommandArgument("PATH", help: "a file", optional: true)],
                options: [
                    CommandOption("type", "TYPE", letter: "t", help: "the type"),
                    CommandOption("header", "NAME:VALUE", letter: "H", repeated: true, help: "a header"),
                    .flag("json", letter: "j", help: "JSON"), .flag("quiet", letter: "q", help: "quiet"),
                ],
                examples: ["tidings publish -t order.created"]
            ) { _ in .ok },
            Command(
                "listen", "Listens.", arguments: [CommandArgument("PATTERN", help: "which types")],
                rest: "COMMAND ARGUMENT…", examples: ["tidings listen 'order.*' -- cat"]
            ) { _ in .ok },
            Command(
                "topics", "Topics.",
                [
                    Command("list", "Lists.", options: [.flag("json", help: "JSON")], examples: ["tidings topics"]) {
                        _ in .ok
                    }
                ]),
            Command("config", "Settings.", [Command("show", "Shows.", examples: ["x"]) { _ in .ok }]),
        ])

    private static let terminal = Terminal(out: { _ in true }, talk: { _ in true })

    private func read(_ line: String) throws(CommandFailure) -> CommandParser.Reading {
        let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
        return try CommandParser(Self.root).read(words, environment: [:], terminal: Self.terminal)
    }

    @Test(arguments: [
        ("publish --type x --json", "publish", ["type": ["x"], "json": [""]], [String](), [String]()),
        ("publish --type=x=y f", "publish", ["type": ["x=y"]], ["f"], []),
        ("publish f -t x", "publish", ["type": ["x"]], ["f"], []),
        ("publish -jqtx", "publish", ["json": [""], "quiet": [""], "type": ["x"]], [], []),
        ("publish -t=x", "publish", ["type": ["x"]], [], []),
        ("publish --header a:1 -Hb:2", "publish", ["header": ["a:1", "b:2"]], [], []),
        ("publish -- --json", "publish", [:], ["--json"], []),
        ("publish -", "publish", [:], ["-"], []),
        ("publish --type ''", "publish", ["type": [""]], [], []),
        ("publish --type --json", "publish", ["type": ["--json"]], [], []),
        ("listen order.* -- cat -n --json", "listen", [:], ["order.*"], ["cat", "-n", "--json"]),
        ("topics list", "list", [:], [], []), ("topics", "list", [:], [], []),
        ("topics --json", "list", ["json": [""]], [], []),
    ])
    func `a command line is read`(
        _ line: String, _ name: String, _ values: [String: [String]], _ arguments: [String], _ rest: [String]
    ) throws {
        guard case .run(let invocation) = try read(line) else {
            Issue.record("it asks for help")
            return
        }
        #expect(invocation.command.name == name)
        #expect(invocation.values == values)
        #expect(invocation.arguments == arguments)
        #expect(invocation.rest == rest)
    }

    @Test(arguments: [
        ("publsh", "there is no command \"tidings publsh\"; did you mean \"publish\"?"),
        ("topics lst", "there is no command \"tidings topics lst\"; did you mean \"list\"?"),
        ("zzz", "there is no command \"tidings zzz\""),
        ("publish --tpye x", "\"tidings publish\" has no option --tpye; did you mean --type?"),
        ("publish -x", "\"tidings publish\" has no option -x"),
        ("publish --type", "--type needs a value: --type TYPE"),
        ("publish --json=1", "--json stands alone; it takes no value"),
        ("publish --type a --type b", "--type is given twice"),
        ("publish a b", "\"tidings publish\" does not take \"b\""),
        ("listen", "\"tidings listen\" needs PATTERN: which types"),
        ("config", "\"tidings config\" needs one more word: show"),
    ])
    func `a wrong command line is refused by name`(_ line: String, _ message: String) {
        let failure = #expect(throws: CommandFailure.self) { try read(line) }
        #expect(failure?.message == message)
        #expect(failure?.code == .usage)
    }

    @Test(arguments: ["", "help", "--help", "publish --help", "publish -h x", "help publish", "topics --help"])
    func `help is given for every command, with an example`(_ line: String) throws {
        guard case .help(let path) = try read(line) else {
            Issue.record("it asks for no help")
            return
        }
        let text = Help(path).text
        #expect(text.contains("Usage: tidings"))
        if path.last?.name == "publish" {
            #expect(text.contains("-t, --type TYPE"))
            #expect(text.contains("Example:\n  tidings publish -t order.created"))
        }
    }
}
