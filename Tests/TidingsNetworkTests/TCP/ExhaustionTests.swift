// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What happens when a process has no file descriptors left; each in a process of its own.
@Suite(.timeLimit(.minutes(1))) struct ExhaustionTests {
    /// Accepts and counts; closes what its peer closes.
    private final class Server: Sendable {
        let count = Atomic<Int>(0)

        func accept(_ connection: TCPConnection) {
            count.add(1, ordering: .relaxed)
            let probe = Probe(connection.loop)
            connection.handler = probe
            probe.onEnd = { connection.close() }
            connection.resumeReading()
        }
    }

    private static func limitFiles(to count: UInt) {
        var limit = rlimit()
        #if canImport(Glibc)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t(count)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            getrlimit(RLIMIT_NOFILE, &limit)
            limit.rlim_cur = rlim_t(count)
            setrlimit(RLIMIT_NOFILE, &limit)
        #endif
    }

    @Test func `accepting rests while no file descriptors are left, and nobody is forgotten`() async {
        await #expect(processExitsWith: .success) {
            let log = KeptLog()
            let group = try EventLoopGroup(count: 2, logger: Logger("network", to: log))
            var settings = TCPListenerSettings()
            settings.exhaustionPause = .milliseconds(5)
            let server = Server()
            let listener = try TCPListener(on: .loopback(), loops: [group.loops[0]], settings: settings) {
                server.accept($0)
            }
            await group.loops[0].run {}
            // The test's own runtime opens its files for timers when it first needs one, and traps when it cannot.
            try await ContinuousClock().sleep(for: .milliseconds(1))
            ExhaustionTests.limitFiles(to: 60)
            var clients: [TCPConnection] = []
            var failure: NetworkError?
            while failure == nil {
                switch await connect(to: listener.address, on: group.loops[1]) {
                case .success(let client): clients.append(client)
                case .failure(let error): failure = error
                }
            }
            #expect(failure?.code == .noResources)
            #expect(throws: NetworkError.self) { try EventLoop("one more") }
            #expect(throws: NetworkError.self) {
                try TCPListener(on: .loopback(), loops: group.loops) { $0.abort() }
            }
            let connected = clients.count
            let half = Array(clients.prefix(connected / 2))
            await group.loops[1].run { for client in half { client.close() } }
            while server.count.load(ordering: .relaxed) < connected { await Task.yield() }
            let isTold = log.lines.contains { $0.contains("cannot accept connections on \(listener.address)") }
            #expect(isTold)
            group.stop()
            group.join()
        }
    }
}
