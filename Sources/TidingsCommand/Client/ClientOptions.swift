// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes the way to a server; a test passes one that plays the server itself.
package typealias ClientFactory = @Sendable (_ server: String) throws(CommandFailure) -> any APIClient

/// The options of every command that talks to a server.
enum ClientOptions {
    /// Where a server listens when nothing is said.
    static let standardServer = "http://127.0.0.1:7400"

    static let server = CommandOption(
        "server", "URL", letter: "s", help: "the server (TIDINGS_SERVER; default \(standardServer))")
    static let json = CommandOption.flag("json", letter: "j", help: "prints JSON for programs")
    static let yes = CommandOption.flag("yes", letter: "y", help: "does not ask before it destroys something")
    static let limit = CommandOption("limit", "N", letter: "n", help: "at most so many")

    /// Both of them.
    static let all = [server, json]
}

extension Invocation {
    /// The way to the server that the command line or TIDINGS_SERVER names.
    func client() throws(CommandFailure) -> any APIClient {
        try clients(value("server") ?? environment["TIDINGS_SERVER"] ?? ClientOptions.standardServer)
    }

    /// Asks before something is destroyed.
    /// - Throws: ``CommandFailure`` when the person says no, or when nobody can be asked and `--yes` is missing.
    func confirm(_ question: String) throws(CommandFailure) {
        if has("yes") { return }
        guard terminal.isTalkInteractive, isatty(0) == 1 else {
            throw CommandFailure(.usage, "\(question) Nobody can be asked here: --yes says so beforehand.")
        }
        terminal.ask("\(question) [y/N] ")
        guard let answer = readLine()?.lowercased(), answer == "y" || answer == "yes" else {
            throw CommandFailure(.failure, "nothing was changed")
        }
    }
}
