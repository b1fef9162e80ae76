// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// One option of a command: `--name`, `--name VALUE`, `--name=VALUE`, `-n`.
package struct CommandOption: Sendable, Hashable {
    /// The name without its dashes.
    package let name: String
    /// Its one-letter form.
    package let letter: Character?
    /// What stands for its value in the usage; nil for a flag.
    package let placeholder: String?
    /// Whether it may be given more than once; otherwise that is refused.
    package let isRepeated: Bool
    /// What it does, in one line.
    package let help: String
    /// The heading it stands under in the help.
    package let group: String

    /// Describes an option that takes a value.
    package init(
        _ name: String, _ placeholder: String, letter: Character? = nil, repeated: Bool = false,
        group: String = "Options", help: String
    ) {
        self.name = name
        self.letter = letter
        self.placeholder = placeholder
        isRepeated = repeated
        self.group = group
        self.help = help
    }

    private init(flag name: String, letter: Character?, group: String, help: String) {
        self.name = name
        self.letter = letter
        placeholder = nil
        isRepeated = false
        self.group = group
        self.help = help
    }

    /// Describes an option that stands alone.
    package static func flag(
        _ name: String, letter: Character? = nil, group: String = "Options", help: String
    ) -> CommandOption {
        CommandOption(flag: name, letter: letter, group: group, help: help)
    }
}

/// One positional argument of a command.
package struct CommandArgument: Sendable, Hashable {
    /// What stands for it in the usage.
    package let name: String
    /// What it is, in one line.
    package let help: String
    /// Whether it may be left out.
    package let isOptional: Bool
    /// Whether any number of them may follow; only the last one of a command.
    package let isRepeated: Bool

    /// Describes an argument.
    package init(_ name: String, help: String, optional: Bool = false, repeated: Bool = false) {
        self.name = name
        self.help = help
        isOptional = optional
        isRepeated = repeated
    }
}

/// One command, described once: the parser, the help and the reference page all come from this value.
package struct Command: Sendable {
    /// The word that calls it.
    package let name: String
    /// Other words that call it: what other tools call the same.
    package var aliases: [String] = []
    /// What it does, in one line.
    package let summary: String
    /// More about it, for its own help.
    package var details: String?
    /// Its positional arguments, in order.
    package var arguments: [CommandArgument] = []
    /// Its own options.
    package var options: [CommandOption] = []
    /// What stands after `--` in its usage, for a command that takes another command line; nil: `--` only ends options.
    package var rest: String?
    /// Command lines that work, for its help.
    package var examples: [String] = []
    /// The commands below it; a command that has some does nothing by itself.
    package var subcommands: [Command] = []
    /// Does the work. Called once, on the main thread.
    package var run: (@Sendable (Invocation) throws(CommandFailure) -> ExitCode)?

    /// A command that does something.
    package init(
        _ name: String, _ summary: String, aliases: [String] = [], details: String? = nil,
        arguments: [CommandArgument] = [], options: [CommandOption] = [], rest: String? = nil, examples: [String],
        run: @escaping @Sendable (Invocation) throws(CommandFailure) -> ExitCode
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.details = details
        self.arguments = arguments
        self.options = options
        self.rest = rest
        self.examples = examples
        self.run = run
    }

    /// Whether a word calls it.
    package func isCalled(_ word: String) -> Bool { word == name || aliases.contains(word) }

    /// A word with commands below it.
    package init(_ name: String, _ summary: String, details: String? = nil, _ subcommands: [Command]) {
        self.name = name
        self.summary = summary
        self.details = details
        self.subcommands = subcommands
    }
}

/// A command line, read: which command, with what.
package struct Invocation: Sendable {
    /// The words that led to the command, beginning with the program's name.
    package let path: [String]
    /// The command.
    package let command: Command
    /// Values of options by name, in the order given; a flag that is set has one empty value.
    let values: [String: [String]]
    /// The positional arguments.
    package let arguments: [String]
    /// What followed `--`, for a command that takes another command line.
    package let rest: [String]
    /// Where output goes.
    package let terminal: Terminal
    /// The process's environment.
    package let environment: [String: String]
    /// Makes the way to a server.
    let clients: ClientFactory

    /// Whether a flag is set.
    package func has(_ name: String) -> Bool { values[name] != nil }
    /// The value of an option; nil when it was not given.
    package func value(_ name: String) -> String? { values[name]?.last }
    /// The values of a repeated option.
    package func all(_ name: String) -> [String] { values[name] ?? [] }
    /// A positional argument; nil when it was left out.
    package func argument(_ index: Int) -> String? { index < arguments.count ? arguments[index] : nil }

    /// A whole number from an option, within limits.
    package func number(_ name: String, in limits: ClosedRange<Int>) throws(CommandFailure) -> Int? {
        guard let text = value(name) else { return nil }
        guard let number = Int(text), limits.contains(number) else {
            throw CommandFailure(
                .usage,
                "--\(name) is a whole number from \(limits.lowerBound) to \(limits.upperBound), not \"\(text)\"")
        }
        return number
    }
}
