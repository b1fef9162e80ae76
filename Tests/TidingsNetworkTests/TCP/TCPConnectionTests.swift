// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct TCPConnectionTests {
    @Test(arguments: [SocketAddress.loopback(), .loopbackIPv6()])
    func `what is written arrives, and comes back`(_ address: SocketAddress) async throws {
        let pair = try await Pair(to: address)
        let (client, server) = (pair.client, pair.server)
        await server.loop.run { [probe = pair.serverProbe] in
            probe.onReceive = { server.write($0) }
        }
        await client.loop.run { for part in ["one ", "two ", "three"] { client.write(part) } }
        try await pair.clientProbe.until("the echo") { String(decoding: $0.received, as: UTF8.self) == "one two three" }
        #expect(await client.loop.run { client.remoteAddress } == pair.listener.address)
        #expect(await client.loop.run { client.localAddress } == server.remoteAddress)
        #expect(await server.loop.run { server.localAddress } == pair.listener.address)
        pair.stop()
    }

    @Test func `a megabyte arrives whole in both directions at once`() async throws {
        let pair = try await Pair()
        let (client, server) = (pair.client, pair.server)
        let size = 4 << 20
        await client.loop.run {
            client.write("x")
            for part in 0..<16 { client.write(pattern: size / 16, from: part * size / 16) }
        }
        await server.loop.run { server.write(pattern: size) }
        try await pair.serverProbe.until("all") { $0.receivedCount == size + 1 }
        try await pair.clientProbe.until("all") { $0.receivedCount == size }
        let expected = Array(pattern[..<size])
        #expect(pair.clientProbe.received == expected)
        #expect(Array(pair.serverProbe.received.dropFirst()) == expected)
        pair.stop()
    }

    @Test func `a reader that pauses bounds the writer, and is caught up with later`() async throws {
        var settings = StreamSettings()
        settings.outputHighWater = 100_000
        let pair = try await Pair(client: settings)
        let (client, server) = (pair.client, pair.server)
        await server.loop.run {
            server.pauseReading()
            pair.serverProbe.keepsBytes = false
        }
        let written = Atomic<Int>(0)
        let highest = Atomic<Int>(0)
        let goal = 40 << 20
        @Sendable func fill() {
            while !client.isFull, written.load(ordering: .relaxed) < goal {
                client.write(pattern: 20_000)
                written.add(20_000, ordering: .relaxed)
                highest.max(client.bufferedByteCount, ordering: .relaxed)
            }
        }
        await client.loop.run {
            pair.clientProbe.onDrain = { fill() }
            fill()
        }
        // The system's buffers take some megabytes; then the stream stays full.
        try await waitUntilStuck(client, written)
        #expect(written.load(ordering: .relaxed) < goal)
        await server.loop.run { server.resumeReading() }
        try await pair.serverProbe.until("all of it") { $0.receivedCount >= goal }
        #expect(highest.load(ordering: .relaxed) <= 120_000)
        #expect(pair.clientProbe.drains > 0)
        pair.stop()
    }

    private func waitUntilStuck(_ client: TCPConnection, _ written: borrowing Atomic<Int>) async throws {
        var last = -1
        var still = 0
        while still < 200 {
            let (isFull, now) = (await client.loop.run { client.isFull }, written.load(ordering: .relaxed))
            still = isFull && now == last ? still + 1 : 0
            last = now
            await Task.yield()
        }
    }

    @Test func `whoever writes beyond the limit loses the connection`() async throws {
        var settings = StreamSettings()
        settings.outputHighWater = 1 << 20
        settings.outputLimit = 8 << 20
        let pair = try await Pair(client: settings)
        let (client, server) = (pair.client, pair.server)
        await server.loop.run { server.pauseReading() }
        await client.loop.run { for _ in 0..<40 { client.write(pattern: 1 << 20) } }
        try await pair.clientProbe.until("the end") { $0.closes == 1 }
        #expect(pair.clientProbe.error?.code == .outputOverflow)
        pair.stop()
    }

    @Test func `an end lets the other direction go on`() async throws {
        let pair = try await Pair()
        let (client, server) = (pair.client, pair.server)
        await client.loop.run {
            client.write("question")
            client.endWriting()
            client.write("never sent")
        }
        try await pair.serverProbe.until("the end") { $0.ends == 1 }
        #expect(await server.loop.run { server.isOpen })
        await server.loop.run {
            server.write(pattern: 3 << 20)
            server.close()
        }
        try await pair.clientProbe.until("the end") { $0.ends == 1 }
        #expect(pair.clientProbe.receivedCount == 3 << 20)
        #expect(String(decoding: pair.serverProbe.received, as: UTF8.self) == "question")
        await client.loop.run { client.close() }
        try await pair.clientProbe.until("closed") { $0.closes == 1 }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(pair.clientProbe.error == nil && pair.serverProbe.error == nil)
        pair.stop()
    }

    @Test func `a close sends what waits and is not undone by unread bytes`() async throws {
        let pair = try await Pair()
        let (client, server) = (pair.client, pair.server)
        // The server answers and closes without having read what still comes: no reset may eat the answer.
        await server.loop.run { [probe = pair.serverProbe] in
            probe.onReceive = { _ in
                server.write(pattern: 2 << 20)
                server.close()
                server.write("never sent")
            }
        }
        await client.loop.run { client.write(pattern: 500_000) }
        try await pair.clientProbe.until("the end") { $0.ends == 1 }
        #expect(pair.clientProbe.receivedCount == 2 << 20)
        await client.loop.run { client.close() }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(pair.serverProbe.error == nil)
        #expect(pair.serverProbe.ends == 0)
        pair.stop()
    }

    @Test func `a close gives a peer that does not read only so long`() async throws {
        var settings = StreamSettings()
        settings.closeTimeLimit = .milliseconds(50)
        let pair = try await Pair(server: settings)
        let (client, server) = (pair.client, pair.server)
        await client.loop.run { client.pauseReading() }
        await server.loop.run {
            server.write(pattern: 30 << 20)
            server.close()
        }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(pair.serverProbe.error?.code == .timedOut)
        pair.stop()
    }

    @Test func `a peer that goes on sending to a closed connection is cut off`() async throws {
        var settings = StreamSettings()
        settings.lingerByteLimit = 100_000
        settings.lingerTime = .seconds(100)
        let pair = try await Pair(server: settings)
        let (client, server) = (pair.client, pair.server)
        await server.loop.run { server.close() }
        try await pair.clientProbe.until("the end") { $0.ends == 1 }
        await client.loop.run { client.write(pattern: 3 << 20) }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(pair.serverProbe.receivedCount == 0)
        pair.stop()
    }

    @Test func `an abort is a reset to the peer, and the last that is heard`() async throws {
        let pair = try await Pair()
        let client = pair.client
        await client.loop.run {
            client.abort()
            client.abort()
            client.close()
            client.write("never sent")
            client.resumeReading()
        }
        try await pair.clientProbe.until("closed") { $0.closes == 1 }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(pair.clientProbe.error?.code == .aborted)
        #expect(pair.serverProbe.error?.code == .reset)
        pair.stop()
    }

    @Test func `the handler is told of the end only after its own call has returned`() async throws {
        let pair = try await Pair()
        let (client, server) = (pair.client, pair.server)
        let closesDuringCall = Atomic<Int>(-1)
        await server.loop.run { [probe = pair.serverProbe] in
            probe.onReceive = { [unowned probe] _ in
                server.abort()
                closesDuringCall.store(probe.closes, ordering: .relaxed)
            }
        }
        await client.loop.run { client.write("x") }
        try await pair.serverProbe.until("closed") { $0.closes == 1 }
        #expect(closesDuringCall.load(ordering: .relaxed) == 0)
        pair.stop()
    }

    @Test func `connections are freed when they are closed`() async throws {
        weak var client: TCPConnection?
        weak var probe: Probe?
        do {
            let pair = try await Pair()
            client = pair.client
            probe = pair.clientProbe
            await pair.server.loop.run { [server = pair.server] in server.close() }
            try await pair.clientProbe.until("end") { $0.ends == 1 }
            await pair.client.loop.run { [client = pair.client] in client.close() }
            try await pair.clientProbe.until("closed") { $0.closes == 1 }
            #expect(pair.listener.openCount <= 1)
            pair.stop()
            #expect(pair.listener.openCount == 0)
        }
        #expect(client == nil)
        #expect(probe == nil)
    }
}
