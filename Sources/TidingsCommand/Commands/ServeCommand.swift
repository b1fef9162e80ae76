// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork
import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tidings serve`.
enum ServeCommand {
    static let command = Command(
        "serve", "Runs the server.",
        details: """
            Keeps everything in one folder, and listens on loopback unless told otherwise. The first line on standard output
            says where it listens; everything else goes to standard error. SIGTERM and SIGINT stop it in good order, a
            second one at once.
            """,
        options: SettingFlags.options,
        examples: ["tidings serve", "tidings serve --data /var/lib/tidings --http 127.0.0.1:7400 --log-level debug"],
        run: run)

    @Sendable private static func run(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let settings = try SettingFlags.load(invocation)
        OpenFiles.raiseLimit()
        var signals = StopSignals()
        let writer = writer(settings, invocation.terminal)
        let server: Server
        do throws(ServerRefusal) {
            server = try Server(settings, sink: writer)
        } catch {
            writer.end()
            let code: ExitCode =
                switch error.kind {
                case .setting: .usage
                case .conflict: .conflict
                case .failure: .failure
                }
            throw CommandFailure(code, error.message, hint: error.hint)
        }
        welcome(server, invocation.terminal)

        while case .finished = signals.wait() {}
        let finisher = signals.finisher
        DetachedThread.start("stop") {
            server.stop()
            finisher.finish()
        }
        if case .stop(let number) = signals.wait() {
            // The second signal: whoever sends it knows that the log recovers what was acknowledged.
            writer.flush()
            _exit(128 + number)
        }
        writer.end()
        return .ok
    }

    private static func writer(_ settings: Settings, _ terminal: Terminal) -> LogWriter {
        func level(_ name: String) -> LogLevel {
            LogLevel.allCases.first { String(describing: $0) == name } ?? .info
        }
        let levels = LogLevels(
            level(settings[LoggingOptions.level]),
            bySubsystem: settings[LoggingOptions.levelsBySubsystem].mapValues(level))
        let form: LogForm =
            settings[LoggingOptions.format] == "json" ? .json : .text(colours: terminal.hasTalkColour)
        return LogWriter.standardError(levels: levels, form: form, time: SystemTime())
    }

    /// Says where the server listens, and what to try.
    private static func welcome(_ server: Server, _ terminal: Terminal) {
        let address = server.address
        terminal.print("listening on http://\(address)")
        if let kafka = server.kafkaAddress { terminal.print("listening for Kafka's clients on \(kafka)") }
        if !server.isOnLoopback {
            terminal.say("Anyone who reaches \(address) may publish and change everything: --insecure was given.")
        }
        guard terminal.isTalkInteractive else { return }
        let url = "http://" + (address.isUnspecified ? SocketAddress.loopback(port: address.port) : address).description
        let option = url == ClientOptions.standardServer ? "" : " --server \(url)"
        terminal.say(
            """

            Three commands to try in another terminal:
              curl \(url)/v1/events -H 'content-type: application/json' -d '{"event_type": "order.created", "entity_id": "o-17", "data": {"total": 42}}'
              tidings tail 'order.*' --from beginning\(option)
              tidings topics\(option)

            """)
    }
}
