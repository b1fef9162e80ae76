// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The program `tidings`: all its commands, and what happens around each.
package enum Program {
    /// The program's description, from which everything it understands comes.
    package static let root = Command(
        "tidings", "Tidings carries events between services.",
        [
            ServeCommand.command, DemoCommand.command, PublishCommand.command, TailCommand.command,
            ListenCommand.command, StatusCommand.command, ReadersCommand.command,
            ProduceCommand.command, ConsumeCommand.command, TopicsCommand.command, GroupsCommand.command,
            ResourceCommand.command(.producers),
            ResourceCommand.command(.types),
            ResourceCommand.command(.routes), ResourceCommand.command(.subscriptions),
            ResourceCommand.command(.inbound), RoutingCommand.command, DeadLettersCommand.command,
            ParkedCommand.command, QuarantineCommand.command,
            LogCommand.command, BenchCommand.command, ConfigCommand.command, VersionCommand.command,
        ])

    /// Runs the process's command line and answers what the process ends with. Called once, on the main thread.
    package static func main() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // A server replaces this by its orderly stop.
        signal(SIGINT) { _ in _exit(ExitCode.interrupted.rawValue) }
        let environment = processEnvironment()
        return run(
            Array(CommandLine.arguments.dropFirst()), environment: environment,
            terminal: .process(environment: environment)
        ).rawValue
    }

    /// Runs one command line.
    package static func run(
        _ words: [String], environment: [String: String], terminal: Terminal,
        clients: @escaping ClientFactory = { server throws(CommandFailure) in try HTTPAPIClient(server) }
    ) -> ExitCode {
        do throws(CommandFailure) {
            if words == ["--version"] {
                terminal.print("tidings \(TidingsVersion.text)")
                return .ok
            }
            switch try CommandParser(root).read(words, environment: environment, terminal: terminal, clients: clients) {
            case .help(let path):
                let text = Help(path).text
                terminal.print(String(text.dropLast()))
                return .ok
            case .run(let invocation):
                guard let run = invocation.command.run else { return .usage }
                return try run(invocation)
            }
        } catch {
            terminal.progress("")
            terminal.say("tidings: \(error.message)")
            if let hint = error.hint { terminal.say("         try: \(hint)") }
            return error.code
        }
    }

    private static func processEnvironment() -> [String: String] {
        var environment: [String: String] = [:]
        guard var next = tidings_environment() else { return environment }
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return environment
    }
}
