// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tidings demo`.
enum DemoCommand {
    static let command = Command(
        "demo",
        "Plays a food-delivery company on a server of its own: consumers fail, the server is killed, nothing is lost.",
        options: [
            .flag("fast", help: "without pauses, and with the seventh consumer played as well"),
            .flag("keep", help: "keeps the folder with data and logs"),
            CommandOption("orders", "N", help: "how many orders come in (default 40)"),
        ],
        examples: ["tidings demo", "tidings demo --fast"]
    ) { invocation throws(CommandFailure) in
        var options = Demo.Options()
        options.isFast = invocation.has("fast")
        options.keepsFolder = invocation.has("keep")
        if let orders = try invocation.number("orders", in: 20...100_000) { options.orders = orders }
        let folder = try temporaryFolder(invocation.environment)
        var code = ExitCode.failure
        // A demo that failed leaves its data and logs to be looked at.
        defer {
            if options.keepsFolder || code != .ok {
                invocation.terminal.say("data and logs are in \(folder)")
            } else {
                TemporaryTree.remove(folder)
            }
        }
        let demo = try Demo(
            options, program: program(), folder: folder, terminal: invocation.terminal, connect: invocation.clients)
        code = try demo.run()
        return code
    }
}

extension DemoCommand {
    /// A folder of its own below TMPDIR or /tmp.
    private static func temporaryFolder(_ environment: [String: String]) throws(CommandFailure) -> String {
        var template = Array(((environment["TMPDIR"] ?? "/tmp") + "/tidings-demo-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else {
            throw CommandFailure(.failure, "no temporary folder can be made: \(String(cString: strerror(errno)))")
        }
        return String(cString: made)
    }

    /// The path of this very program, which the demo starts as its server.
    private static func program() -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        if count > 0 { return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        return CommandLine.arguments.first ?? "tidings"
    }
}
