// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

@testable import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder that goes with the test, and servers on it.
final class ServerFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/tidings-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Missing() }
        path = String(cString: made)
    }

    struct Missing: Error {}

    /// A server on the folder, on a free port of loopback unless `flags` say otherwise.
    func start(_ flags: [String: String] = [:]) throws -> Server {
        var sources = Settings.Sources()
        sources.flags = [
            "data": path, "http.listen": "127.0.0.1:0", "kafka.listen": "off", "loops": "1", "stop_deadline": "1s",
        ].merging(flags) { $1 }
        return try Server(Settings(sources), sink: Silence())
    }

    private final class Silence: LogSink {
        func wants(_ level: LogLevel, from subsystem: String) -> Bool { false }
        func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]) {}
    }

    deinit { Self.remove(path) }

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
