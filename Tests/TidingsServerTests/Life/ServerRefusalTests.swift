// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsNetwork

@testable import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ServerRefusalTests {
    private final class Silence: LogSink {
        func wants(_ level: LogLevel, from subsystem: String) -> Bool { false }
        func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]) {}
    }

    /// A folder that goes with the test.
    private final class Folder {
        let path: String
        init() throws {
            var template = Array("/tmp/tidings-test-XXXXXX".utf8CString)
            guard let made = mkdtemp(&template) else { throw NoFolder() }
            path = String(cString: made)
        }
        struct NoFolder: Error {}
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

    private func start(_ flags: [String: String]) throws -> Server {
        var sources = Settings.Sources()
        sources.flags = ["http.listen": "127.0.0.1:0", "loops": "1", "stop_deadline": "1s"].merging(flags) { $1 }
        return try Server(Settings(sources), sink: Silence())
    }

    private func refusal(_ flags: [String: String]) -> ServerRefusal? {
        #expect(throws: ServerRefusal.self) { try start(flags).stop() }
    }

    @Test func `a folder or a port that another has is named, and nothing is left behind`() throws {
        let (one, two) = (try Folder(), try Folder())
        let server = try start(["data": one.path])
        let folder = refusal(["data": one.path])
        #expect(folder?.kind == .conflict)
        #expect(folder?.message == "the data folder \(one.path) is in use by another process")
        let port = refusal(["data": two.path, "http.listen": "127.0.0.1:\(server.address.port)"])
        #expect(port?.kind == .conflict)
        #expect(port?.message == "port \(server.address.port) on 127.0.0.1 is in use by another process")
        server.stop()
        try start(["data": one.path]).stop()
        try start(["data": two.path]).stop()
    }

    @Test func `an address beyond loopback needs the flag that says so`() throws {
        let folder = try Folder()
        let refused = refusal(["data": folder.path, "http.listen": "0.0.0.0:0"])
        #expect(refused?.kind == .setting)
        #expect(refused?.hint?.contains("--insecure") == true)
        let server = try start(["data": folder.path, "http.listen": "0.0.0.0:0", "insecure": "true"])
        #expect(!server.isOnLoopback)
        server.stop()
        #expect(refusal(["data": folder.path, "http.listen": "no.such.host.invalid:0"])?.kind == .setting)
    }

    @Test func `a folder that cannot be, or is of another format, is named`() throws {
        let folder = try Folder()
        #expect(refusal(["data": "/dev/null/data"])?.message.contains("/dev/null/data") == true)
        try start(["data": folder.path]).stop()
        let file = try #require(fopen(folder.path + "/format", "w"))
        fputs("tidings 999\n", file)
        fclose(file)
        let refused = refusal(["data": folder.path])
        #expect(refused?.message.contains("format") == true, "\(refused?.message ?? "")")
    }
}
