// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The help of a command, made from its description.
package struct Help: Sendable {
    private let path: [Command]
    private var command: Command { path[path.count - 1] }
    private var name: String { path.map(\.name).joined(separator: " ") }

    /// Help on the command at the end of `path`.
    package init(_ path: [Command]) {
        precondition(!path.isEmpty, "help is about a command")
        self.path = path
    }

    /// The whole text, ending in a newline.
    package var text: String {
        var lines = [command.summary, "", "Usage: \(usage)"]
        if let details = command.details { lines += [""] + details.split(separator: "\n").map(String.init) }
        if !command.subcommands.isEmpty {
            lines += ["", "Commands:"]
            lines += Self.columns(
                command.subcommands.map { (([$0.name] + $0.aliases).joined(separator: ", "), $0.summary) })
        }
        if !command.arguments.isEmpty {
            lines += ["", "Arguments:"]
            lines += Self.columns(command.arguments.map { ($0.name, $0.help) })
        }
        for group in groups {
            lines += ["", "\(group.name):"]
            lines += Self.columns(group.options.map { (Self.form($0), $0.help) })
        }
        if !command.examples.isEmpty {
            lines += ["", command.examples.count == 1 ? "Example:" : "Examples:"]
            lines += command.examples.map { "  \($0)" }
        }
        if path.count == 1 {
            lines += ["", "Exit codes:"]
            lines += Self.columns(ExitCode.allCases.map { (String($0.rawValue), $0.meaning) })
            lines += ["", "\(name) COMMAND --help says more about a command."]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The first line: how the command is called.
    package var usage: String {
        var words = [name]
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        for argument in command.arguments {
            let shown = argument.name + (argument.isRepeated ? "…" : "")
            words.append(argument.isOptional ? "[\(shown)]" : shown)
        }
        if !command.options.isEmpty || path.count > 1 { words.append("[OPTIONS]") }
        if let rest = command.rest { words.append("[-- \(rest)]") }
        return words.joined(separator: " ")
    }

    private var groups: [(name: String, options: [CommandOption])] {
        var groups: [(name: String, options: [CommandOption])] = []
        let own = path.count > 1 ? command.options : []
        for option in own + path[0].options {
            if let index = groups.firstIndex(where: { $0.name == option.group }) {
                groups[index].options.append(option)
            } else {
                groups.append((option.group, [option]))
            }
        }
        let help = CommandOption.flag("help", letter: "h", help: "says what the command does")
        if let index = groups.firstIndex(where: { $0.name == help.group }) {
            groups[index].options.append(help)
        } else {
            groups.append((help.group, [help]))
        }
        return groups
    }

    private static func form(_ option: CommandOption) -> String {
        var form = option.letter.map { "-\($0), " } ?? ""
        form += "--\(option.name)"
        if let placeholder = option.placeholder { form += " \(placeholder)" }
        return form + (option.isRepeated ? " …" : "")
    }

    /// Two columns; a name that is too long stands on a line of its own. Lines are broken at 110 characters.
    private static func columns(_ rows: [(String, String)]) -> [String] {
        let width = min(rows.map { $0.0.count }.max() ?? 0, 32)
        var lines: [String] = []
        for (name, help) in rows {
            var line = "  " + name
            if name.count > width {
                lines.append(line)
                line = ""
            }
            line += String(repeating: " ", count: width + 4 - line.count)
            for word in help.split(separator: " ") {
                if line.count + word.count > 110, line.count > width + 4 {
                    lines.append(line)
                    line = String(repeating: " ", count: width + 4)
                }
                if line.count > width + 4 { line += " " }
                line += word
            }
            lines.append(line)
        }
        return lines
    }
}
