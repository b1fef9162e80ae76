// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct TCPConnectorTests {
    private func failure(_ result: Result<TCPConnection, NetworkError>) -> NetworkError? {
        if case .failure(let error) = result { error } else { nil }
    }

    /// An address where nothing listens: a listener had it and is gone.
    private func emptyAddress(_ loop: EventLoop) async throws -> SocketAddress {
        let listener = try TCPListener(on: .loopback(), loops: [loop]) { $0.abort() }
        listener.stop()
        await loop.run {}
        await loop.run {}
        return listener.address
    }

    @Test func `a refused connection is told of`() async throws {
        let loop = try EventLoop("test")
        let address = try await emptyAddress(loop)
        let error = failure(await connect(to: address, on: loop))
        #expect(error?.code == .refused)
        #expect(error?.detail == "cannot connect to \(address): connection refused")
        loop.stop()
        loop.join()
    }

    @Test func `a peer that does not answer is given up after the limit`() async throws {
        // A listener whose queue of one is full and that accepts nothing answers no further connection.
        let loop = try EventLoop("test")
        let full = try FullListener()
        defer { full.close() }
        var error: NetworkError?
        for _ in 0..<8 where error == nil {
            error = failure(await connect(to: full.address, on: loop, timeLimit: .milliseconds(100)))
        }
        #expect(error?.code == .timedOut)
        loop.stop()
        loop.join()
    }

    @Test func `a cancelled attempt is heard of no more`() async throws {
        let loop = try EventLoop("test")
        let address = try await emptyAddress(loop)
        let calls = Atomic<Int>(0)
        await loop.run {
            let connector = TCPConnector.connect(to: address, on: loop, timeLimit: .seconds(1)) { _ in
                calls.add(1, ordering: .relaxed)
            }
            connector.cancel()
            connector.cancel()
        }
        _ = await connect(to: address, on: loop)
        #expect(calls.load(ordering: .relaxed) == 0)
        #expect(await loop.run { loop.timerCount } == 0)
        loop.stop()
        loop.join()
    }

    @Test func `an attempt under way when the loop stops fails`() async throws {
        let loop = try EventLoop("test")
        let full = try FullListener()
        defer { full.close() }
        let outcomes = Locked<[NetworkError.Code?]>([])
        await loop.run {
            for _ in 0..<8 {
                TCPConnector.connect(to: full.address, on: loop, timeLimit: .seconds(100)) { result in
                    outcomes.withLock { $0.append(self.failure(result)?.code) }
                }
            }
        }
        loop.stop()
        loop.join()
        #expect(outcomes.withLock { $0.count } == 8)
    }
}
