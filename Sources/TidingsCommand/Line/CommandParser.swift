// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads a command line by a tree of commands.
package struct CommandParser: Sendable {
    /// What a command line asks for.
    package enum Reading: Sendable {
        case run(Invocation)
        /// Help on the command at the end of the path.
        case help([Command])
    }

    /// The program itself; its options go with every command.
    let root: Command

    /// Creates a parser for a program.
    package init(_ root: Command) { self.root = root }

    /// Reads the words after the program's name.
    /// - Throws: CommandFailure with `.usage`, naming the nearest known word for a misspelled one.
    package func read(
        _ words: [String], environment: [String: String], terminal: Terminal,
        clients: @escaping ClientFactory = { server throws(CommandFailure) in try HTTPAPIClient(server) }
    ) throws(CommandFailure) -> Reading {
        var path = [root]
        var reader = Reader(root: root)
        var index = 0
        var asksHelp = false
        while index < words.count {
            let word = words[index]
            index += 1
            if word.hasPrefix("-"), !word.hasPrefix("-h"), word != "--help" { Self.goOn(&path) }
            let command = path[path.count - 1]
            if reader.optionsEnded {
                if command.rest != nil { reader.rest.append(word) } else { reader.arguments.append(word) }
            } else if word == "--" {
                reader.optionsEnded = true
            } else if word == "--help" || word == "-h" {
                asksHelp = true
            } else if word.hasPrefix("--") {
                try reader.long(word.dropFirst(2), of: path) {
                    guard index < words.count else { return nil }
                    index += 1
                    return words[index - 1]
                }
            } else if word.hasPrefix("-"), word != "-" {
                try reader.short(word.dropFirst(), of: path) {
                    guard index < words.count else { return nil }
                    index += 1
                    return words[index - 1]
                }
            } else if !command.subcommands.isEmpty {
                if word == "help", path.count == 1 {
                    asksHelp = true
                } else {
                    path.append(try Self.child(word, of: path))
                }
            } else {
                reader.arguments.append(word)
            }
        }
        if !asksHelp { Self.goOn(&path) }
        let command = path[path.count - 1]
        if asksHelp || (path.count == 1 && command.run == nil && words.isEmpty) { return .help(path) }
        let names = path.map(\.name)
        guard command.run != nil else {
            let below = command.subcommands.map(\.name).joined(separator: ", ")
            throw CommandFailure(
                .usage, "\"\(names.joined(separator: " "))\" needs one more word: \(below)",
                hint: "\(names.joined(separator: " ")) --help")
        }
        try Self.checkArguments(reader.arguments, of: command, names)
        return .run(
            Invocation(
                path: names, command: command, values: reader.values, arguments: reader.arguments, rest: reader.rest,
                terminal: terminal, environment: environment, clients: clients))
    }

    /// A command with a `list` below it lists when no other word follows.
    private static func goOn(_ path: inout [Command]) {
        guard path.count > 1, path[path.count - 1].run == nil else { return }
        if let list = path[path.count - 1].subcommands.first(where: { $0.name == "list" }) { path.append(list) }
    }

    private static func child(_ word: String, of path: [Command]) throws(CommandFailure) -> Command {
        let parent = path[path.count - 1]
        if let child = parent.subcommands.first(where: { $0.isCalled(word) }) { return child }
        let names = path.map(\.name).joined(separator: " ")
        let nearest = Spelling.nearest(to: word, in: parent.subcommands.flatMap { [$0.name] + $0.aliases })
        throw CommandFailure(
            .usage,
            "there is no command \"\(names) \(word)\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? ""),
            hint: "\(names) --help")
    }

    private static func checkArguments(
        _ arguments: [String], of command: Command, _ names: [String]
    ) throws(CommandFailure) {
        let name = names.joined(separator: " ")
        let needed = command.arguments.filter { !$0.isOptional }
        if arguments.count < needed.count {
            throw CommandFailure(
                .usage, "\"\(name)\" needs \(needed[arguments.count].name): \(needed[arguments.count].help)",
                hint: "\(name) --help")
        }
        if arguments.count > command.arguments.count, command.arguments.last?.isRepeated != true {
            throw CommandFailure(
                .usage, "\"\(name)\" does not take \"\(arguments[command.arguments.count])\"", hint: "\(name) --help")
        }
    }

    /// What has been read so far.
    private struct Reader {
        let root: Command
        var values: [String: [String]] = [:]
        var arguments: [String] = []
        var rest: [String] = []
        var optionsEnded = false

        init(root: Command) { self.root = root }

        mutating func long(
            _ word: Substring, of path: [Command], next: () -> String?
        ) throws(CommandFailure) {
            let name = String(word.prefix { $0 != "=" })
            let given = word.count > name.count ? String(word.dropFirst(name.count + 1)) : nil
            let options = Self.options(of: path)
            guard let option = options.first(where: { $0.name == name }) else {
                let nearest = Spelling.nearest(to: name, in: options.map(\.name) + ["help"])
                let command = path.map(\.name).joined(separator: " ")
                throw CommandFailure(
                    .usage,
                    "\"\(command)\" has no option --\(name)" + (nearest.map { "; did you mean --\($0)?" } ?? ""),
                    hint: "\(command) --help")
            }
            guard let placeholder = option.placeholder else {
                if given != nil { throw CommandFailure(.usage, "--\(name) stands alone; it takes no value") }
                return try set(option, "", as: "--\(name)")
            }
            guard let value = given ?? next() else {
                throw CommandFailure(.usage, "--\(name) needs a value: --\(name) \(placeholder)")
            }
            try set(option, value, as: "--\(name)")
        }

        mutating func short(
            _ word: Substring, of path: [Command], next: () -> String?
        ) throws(CommandFailure) {
            let options = Self.options(of: path)
            var letters = word
            while let letter = letters.popFirst() {
                guard let option = options.first(where: { $0.letter == letter }) else {
                    let command = path.map(\.name).joined(separator: " ")
                    throw CommandFailure(.usage, "\"\(command)\" has no option -\(letter)", hint: "\(command) --help")
                }
                guard let placeholder = option.placeholder else {
                    try set(option, "", as: "-\(letter)")
                    continue
                }
                if letters.first == "=" { letters.removeFirst() }
                guard let value = letters.isEmpty ? next() : String(letters) else {
                    throw CommandFailure(.usage, "-\(letter) needs a value: -\(letter) \(placeholder)")
                }
                return try set(option, value, as: "-\(letter)")
            }
        }

        private mutating func set(
            _ option: CommandOption, _ value: String, as written: String
        ) throws(CommandFailure) {
            if values[option.name] != nil, !option.isRepeated, option.placeholder != nil {
                throw CommandFailure(.usage, "\(written) is given twice")
            }
            values[option.name, default: []].append(value)
        }

        private static func options(of path: [Command]) -> [CommandOption] {
            path.count == 1 ? path[0].options : path[path.count - 1].options + path[0].options
        }
    }
}
