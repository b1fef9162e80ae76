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
    private func refusal(_ folder: ServerFolder, _ flags: [String: String] = [:]) -> ServerRefusal? {
        #expect(throws: ServerRefusal.self) { try folder.start(flags).stop() }
    }

    @Test func `a folder or a port that another has is named, and nothing is left behind`() throws {
        let (one, two) = (try ServerFolder(), try ServerFolder())
        let server = try one.start()
        let folder = refusal(one)
        #expect(folder?.kind == .conflict)
        #expect(folder?.message == "the data folder \(one.path) is in use by another process")
        let port = refusal(two, ["http.listen": "127.0.0.1:\(server.address.port)"])
        #expect(port?.kind == .conflict)
        #expect(port?.message == "port \(server.address.port) on 127.0.0.1 is in use by another process")
        server.stop()
        try one.start().stop()
        try two.start().stop()
    }

    @Test func `an address beyond loopback needs the flag that says so`() throws {
        let folder = try ServerFolder()
        let refused = refusal(folder, ["http.listen": "0.0.0.0:0"])
        #expect(refused?.kind == .setting)
        #expect(refused?.hint?.contains("--insecure") == true)
        let server = try folder.start(["http.listen": "0.0.0.0:0", "insecure": "true"])
        #expect(!server.isOnLoopback)
        server.stop()
        #expect(refusal(folder, ["http.listen": "no.such.host.invalid:0"])?.kind == .setting)
    }

    @Test func `a folder that cannot be, or is of another format, is named`() throws {
        let folder = try ServerFolder()
        #expect(refusal(folder, ["data": "/dev/null/data"])?.message.contains("/dev/null/data") == true)
        try folder.start().stop()
        let file = try #require(fopen(folder.path + "/format", "w"))
        fputs("tidings 999\n", file)
        fclose(file)
        let refused = refusal(folder)
        #expect(refused?.message.contains("format") == true, "\(refused?.message ?? "")")
        // What a restore left that was broken off: no other version reads it either.
        #expect(rename(folder.path + "/format", folder.path + "/restoring") == 0)
        let halfway = refusal(folder)
        #expect(halfway?.message.contains("does not open: a restore into this folder was broken off") == true)
        #expect(halfway?.hint == nil)
    }

    @Test func `a disk without room for a start is named as that, with what to do`() {
        let refusal = ServerRefusal(LogError(.diskFull, "writing x: No space left on device"), folder: "/data")
        #expect(refusal.message.contains("the disk of the data folder /data is full"))
        #expect(refusal.hint?.hasPrefix("nothing was lost") == true)
    }

    @Test func `of few descriptors the log keeps enough`() {
        #expect(OpenFiles.connections(10_000, limit: 1024) == 512)
        #expect(OpenFiles.connections(100, limit: 1024) == 100)
        #expect(OpenFiles.connections(10_000, limit: .max) == 10_000)
        #expect(OpenFiles.logFiles(512, limit: 1024) == 64)
        #expect(OpenFiles.logFiles(512, limit: 1 << 20) == 512)
    }
}
