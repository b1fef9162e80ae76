// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsTesting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The server of the demo: this very program as a child process, on a data folder that goes with the demo.
///
/// - Concurrency: one thread.
final class DemoServer {
    /// Its address.
    let url: String
    private let program: String
    private let folder: String
    private let port: UInt16
    private var process: ChildProcess?

    /// Prepares a server of `program` below `folder` on a free port.
    init(program: String, folder: String) throws(CommandFailure) {
        self.program = program
        self.folder = folder
        do {
            port = try Receiver().port
        } catch {
            throw CommandFailure(.failure, "the demo finds no free port: \(error)")
        }
        url = "http://127.0.0.1:\(port)"
    }

    /// Starts it, and answers when it is ready.
    func start(_ client: any APIClient) throws(CommandFailure) {
        do {
            process = try ChildProcess(
                [
                    program, "serve", "--data", folder + "/data", "--http", "127.0.0.1:\(port)", "--kafka", "off",
                    "--log-level", "warning",
                ],
                output: folder + "/server.log")
        } catch {
            throw CommandFailure(.failure, "the demo's server does not start: \(error)")
        }
        for _ in 0..<2_000 {
            if let answer = try? client.call(APIRequest("GET", ["readyz"])), answer.isSuccess { return }
            guard process?.isRunning == true else { break }
            usleep(5_000)
        }
        throw CommandFailure(.failure, "the demo's server does not get ready; it said what is in \(folder)/server.log")
    }

    /// Ends it as a crash does: SIGKILL.
    func crash() {
        process?.signal(SIGKILL)
        process?.wait()
        process = nil
    }

    /// Ends it in good order.
    func stop() -> Int32 {
        process?.signal(SIGTERM)
        return process?.wait() ?? 0
    }
}
