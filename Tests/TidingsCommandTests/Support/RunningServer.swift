// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsNetwork
import TidingsServer

@testable import TidingsCommand

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A whole server in this process, on a free port and a folder of its own, and commands run against it.
final class RunningServer {
    let folder: String
    private(set) var server: Server
    var url: String { "http://\(server.address)" }
    private let settings: [String: String]

    init(_ settings: [String: String] = [:]) throws {
        var template = Array("/tmp/tidings-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(text: "no temporary folder") }
        folder = String(cString: made)
        self.settings = settings
        server = try Self.start(folder, settings, port: 0)
    }

    struct Failure: Error { let text: String }

    private static func start(_ folder: String, _ settings: [String: String], port: UInt16) throws -> Server {
        var sources = Settings.Sources()
        sources.flags = settings.merging(
            [
                "data": folder + "/data", "http.listen": "127.0.0.1:\(port)", "kafka.listen": "off",
                "stop_deadline": "1s", "loops": "2",
            ]
        ) { given, _ in given }
        return try Server(Settings(sources), sink: Silence())
    }

    /// Stops in good order, does what is to be done meanwhile, and starts again at the same address.
    func restart(meanwhile: () throws -> Void = {}) throws {
        let port = server.address.port
        server.stop()
        try meanwhile()
        server = try Self.start(folder, settings, port: port)
    }

    /// What a command printed and how it ended.
    struct Outcome {
        let code: ExitCode
        let out: String
        let talk: String
        var lines: [String] { out.split(separator: "\n").map(String.init) }
    }

    /// Runs one command line against the server.
    func run(_ words: String...) -> Outcome { Self.run(words, server: url) }

    /// Runs one command line.
    static func run(_ words: [String], server: String) -> Outcome {
        let (out, talk) = (Capture(), Capture())
        let terminal = Terminal(out: { out.take($0) }, talk: { talk.take($0) })
        let code = Program.run(words, environment: ["TIDINGS_SERVER": server], terminal: terminal)
        return Outcome(code: code, out: out.text, talk: talk.text)
    }

    /// Writes a file into the server's folder and answers its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = folder + "/" + name
        if let slash = path.lastIndex(of: "/") { mkdir(String(path[..<slash]), 0o755) }
        guard let file = fopen(path, "w") else { throw Failure(text: "cannot write \(path)") }
        fputs(text, file)
        fclose(file)
        return path
    }

    deinit {
        server.stop()
        Self.remove(folder)
    }

    private static func remove(_ path: String) {
        if let entries = opendir(path) {
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != "..", unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
            }
            closedir(entries)
        }
        rmdir(path)
    }
}

/// Takes no lines.
final class Silence: LogSink {
    func wants(_ level: LogLevel, from subsystem: String) -> Bool { false }
    func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]) {}
}

/// Keeps what is written.
final class Capture: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    func take(_ more: UnsafeRawBufferPointer) -> Bool {
        bytes.withLock { $0 += more }
        return true
    }
}
