// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import TidingsTesting

/// The real program `tidings` as a child process on a folder of its own, for tests that kill it.
///
/// - Concurrency: one thread starts and ends it; any thread may read `port` and `isUp`.
final class ServerUnderTest: @unchecked Sendable {
    let folder: String
    let port: UInt16
    private let arguments: [String]
    private let fileLimit: Int?
    private var process: ChildProcess?
    /// Variables of the environment for the next start.
    var environment: [String: String]
    /// The data folder.
    let data: String

    /// Prepares a server on a free port; more arguments go to `tidings serve`.
    /// - Parameters:
    ///   - fileLimit: how many files it may have open; nil for the system's limit.
    ///   - environment: variables, as settings or for libraries.
    ///   - data: the data folder; nil for one of its own that goes with it.
    init(
        _ arguments: [String] = [], fileLimit: Int? = nil, environment: [String: String] = [:], data: String? = nil
    ) throws {
        self.fileLimit = fileLimit
        self.environment = environment
        folder = NSTemporaryDirectory() + "tidings-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.data = data ?? folder + "/data"
        port = try Receiver().port
        self.arguments = arguments
    }

    deinit {
        process?.signal(SIGKILL)
        process?.wait()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The program that was built beside this test, or the one that `TIDINGS_PROGRAM` names.
    static var program: String {
        get throws {
            if let named = ProcessInfo.processInfo.environment["TIDINGS_PROGRAM"], !named.isEmpty { return named }
            return try builtProgram
        }
    }

    /// The program that was built beside this test.
    static var builtProgram: String {
        get throws {
            // The bundle of the tests lies beside the products, on Linux as the running program itself.
            let test = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            for folder in sequence(first: test.deletingLastPathComponent(), next: { $0.deletingLastPathComponent() })
                .prefix(5)
            {
                let program = folder.appendingPathComponent("tidings").path
                if FileManager.default.isExecutableFile(atPath: program) { return program }
            }
            throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "tidings beside \(test.path)"])
        }
    }

    /// A client of its own for each thread.
    func client() -> PlainClient { PlainClient(port: port) }

    /// Starts it and waits until it is ready.
    func start() throws {
        let serve =
            [
                try Self.program, "serve", "--data", data, "--http", "127.0.0.1:\(port)", "--log-level",
                "warning",
            ] + (arguments.contains("--kafka") ? [] : ["--kafka", "off"]) + arguments
        let limited =
            if let fileLimit {
                ["sh", "-c", "ulimit -n \(fileLimit); exec \"$@\"", "sh"]
            } else if environment["FAKETIME_TIMESTAMP_FILE"] != nil {
                // The first program that loads libfaketime does not see its own arguments.
                ["sh", "-c", "exec \"$@\"", "sh"]
            } else {
                [String]()
            }
        process = try ChildProcess(limited + serve, environment: environment, output: folder + "/server.log")
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline, process?.isRunning == true {
            if client().send("GET", "/readyz")?.status == 200 { return }
            usleep(500)
        }
        throw NotReady(said: said)
    }

    /// What it has said so far.
    var said: String { (try? String(contentsOfFile: folder + "/server.log", encoding: .utf8)) ?? "" }

    /// Runs a command of the program against it, and answers its exit code and what it said.
    func run(_ arguments: String...) throws -> (code: Int32, said: String) { try run(arguments) }

    /// Runs a command of the program against it, and answers its exit code and what it said.
    func run(_ arguments: [String]) throws -> (code: Int32, said: String) {
        let output = folder + "/" + UUID().uuidString
        let command = try ChildProcess(
            [try Self.program] + arguments, environment: ["TIDINGS_SERVER": "http://127.0.0.1:\(port)"], output: output)
        let code = command.wait()
        return (code, (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
    }

    /// What a crash does.
    func crash() {
        process?.signal(SIGKILL)
        process?.wait()
    }

    /// Ends it in good order and answers its exit code.
    func stop() -> Int32 {
        process?.signal(SIGTERM)
        return process?.wait() ?? 0
    }

    struct NotReady: Error, CustomStringConvertible {
        let said: String
        var description: String { "the server did not get ready; it said: \(said)" }
    }
}
