// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct TCPListenerTests {
    /// Accepts connections, each with a probe that closes when its peer does.
    private final class Server: Sendable {
        let names = Locked<[String]>([])
        let accepted: AsyncStream<TCPConnection>
        private let yield: AsyncStream<TCPConnection>.Continuation

        init() { (accepted, yield) = AsyncStream.makeStream() }

        func accept(_ connection: TCPConnection) {
            names.withLock { $0.append(connection.loop.name) }
            let probe = Probe(connection.loop)
            connection.handler = probe
            probe.onEnd = { connection.close() }
            connection.resumeReading()
            yield.yield(connection)
        }
    }

    @Test func `connections spread evenly over the loops`() async throws {
        let group = try EventLoopGroup(count: 3)
        let server = Server()
        let listener = try TCPListener(on: .loopback(), loops: group.loops) { server.accept($0) }
        var clients: [TCPConnection] = []
        for _ in 0..<30 { clients.append(try await connect(to: listener.address, on: group.next()).get()) }
        var accepted = server.accepted.makeAsyncIterator()
        for _ in 0..<30 { _ = await accepted.next() }
        let names = server.names.withLock { $0 }
        for loop in group.loops { #expect(names.count { $0 == loop.name } == 10) }
        #expect(listener.openCount == 30)
        group.stop()
        group.join()
        #expect(listener.openCount == 0)
    }

    @Test(arguments: [SocketAddress.loopback(), .loopbackIPv6()])
    func `an address in use is named`(_ address: SocketAddress) throws {
        let loop = try EventLoop("test")
        let first = try TCPListener(on: address, loops: [loop]) { $0.abort() }
        #expect(first.address.port != 0)
        let error = #expect(throws: NetworkError.self) {
            try TCPListener(on: first.address, loops: [loop]) { $0.abort() }
        }
        #expect(error?.code == .addressInUse)
        #expect(error?.detail == "cannot listen on \(first.address): the address is in use by another program")
        loop.stop()
        loop.join()
        // The stopped loop has freed it.
        let again = try EventLoop("test")
        _ = try TCPListener(on: first.address, loops: [again]) { $0.abort() }
        again.stop()
        again.join()
    }

    @Test func `an address of another machine is refused`() throws {
        let loop = try EventLoop("test")
        let error = #expect(throws: NetworkError.self) {
            try TCPListener(on: SocketAddress("192.0.2.1:0")!, loops: [loop]) { $0.abort() }
        }
        #expect(error?.code == .addressNotAvailable)
        loop.stop()
        loop.join()
    }

    @Test func `connections beyond the limit are reset and counted`() async throws {
        let log = KeptLog()
        let loop = try EventLoop("test", logger: Logger("network", to: log))
        var settings = TCPListenerSettings()
        settings.maximumConnections = 2
        let server = Server()
        let listener = try TCPListener(on: .loopback(), loops: [loop], settings: settings) { server.accept($0) }
        var probes: [Probe] = []
        var resets = 0
        for _ in 0..<4 {
            // A reset may arrive before the connector looks at its socket.
            guard case .success(let client) = await connect(to: listener.address, on: loop) else {
                resets += 1
                continue
            }
            let probe = Probe(loop)
            await loop.run {
                client.handler = probe
                client.resumeReading()
            }
            probes.append(probe)
        }
        for probe in probes.dropFirst(2) {
            try await probe.until("reset") { $0.closes == 1 }
            resets += 1
        }
        #expect(resets == 2)
        #expect(listener.refusedCount == 2)
        let closes = await loop.run { [probes] in probes[0].closes + probes[1].closes }
        #expect(closes == 0)
        #expect(log.lines.count == 1)
        loop.stop()
        loop.join()
    }

    @Test func `a stopped listener accepts no more but keeps what is open`() async throws {
        let group = try EventLoopGroup(count: 2)
        let server = Server()
        let listener = try TCPListener(on: .loopback(), loops: group.loops) { server.accept($0) }
        let client = try await connect(to: listener.address, on: group.loops[1]).get()
        let probe = Probe(client.loop)
        await client.loop.run {
            client.handler = probe
            client.resumeReading()
        }
        var accepted = server.accepted.makeAsyncIterator()
        let open = try #require(await accepted.next())
        listener.stop()
        await group.loops[0].run {}
        await group.loops[0].run {}
        let failure = await connect(to: listener.address, on: group.loops[1])
        #expect(throws: NetworkError.self) { try failure.get() }
        await open.loop.run { open.write("still here") }
        try await probe.until("the greeting") { $0.receivedCount == 10 }
        group.stop()
        group.join()
    }
}
