// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(1))) struct ResolverTests {
    /// Look-ups of a test: counted, answered from a table, held back on demand.
    private final class Names: Sendable {
        let asked = Locked<[String]>([])
        let gate: BlockingGate?

        init(gate: BlockingGate? = nil) { self.gate = gate }

        func lookUp(_ name: String) -> Resolver.Answer {
            asked.withLock { $0.append(name) }
            gate?.pass()
            if name == "none.test" { return .failure(NetworkError(.nameNotFound, "no \(name)")) }
            if name == "empty.test" { return .success([]) }
            return .success((1...20).map { SocketAddress(ip: "10.0.0.\($0)", port: 0)! })
        }
    }

    private let loop: EventLoop
    private let clock = HandClock()

    init() throws { loop = try EventLoop("test", time: SystemTime()) }

    private func ask(_ resolver: Resolver, _ host: String) async -> Resolver.Answer {
        await withCheckedContinuation { continuation in
            loop.post { [loop] in
                resolver.resolve(host, port: 80, on: loop) { continuation.resume(returning: $0) }
            }
        }
    }

    private func stop() {
        loop.stop()
        loop.join()
    }

    @Test func `answers are kept for their time, failures for theirs`() async throws {
        let names = Names()
        var settings = ResolverSettings()
        settings.addressesPerName = 3
        let resolver = Resolver(settings: settings, time: clock) { names.lookUp($0) }
        for host in ["a.test", "A.test.", "a.TEST"] {
            let expected = (1...3).map { SocketAddress("10.0.0.\($0):80")! }
            #expect(try await ask(resolver, host).get() == expected)
        }
        #expect(names.asked.withLock { $0 } == ["a.test"])
        clock.advance(by: .seconds(29))
        _ = await ask(resolver, "a.test")
        #expect(names.asked.withLock { $0.count } == 1)
        clock.advance(by: .seconds(1))
        _ = await ask(resolver, "a.test")
        #expect(names.asked.withLock { $0.count } == 2)
        for _ in 0..<2 {
            let answer = await ask(resolver, "none.test")
            #expect(throws: NetworkError(.nameNotFound, "no none.test")) { try answer.get() }
        }
        #expect(names.asked.withLock { $0.count } == 3)
        clock.advance(by: .seconds(1))
        _ = await ask(resolver, "none.test")
        #expect(names.asked.withLock { $0.count } == 4)
        let empty = await ask(resolver, "empty.test")
        #expect(throws: NetworkError.self) { try empty.get() }
        stop()
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("[::1]", "[::1]:80"), ("::1", "[::1]:80"), ("localhost", "127.0.0.1:80"),
        ("api.LocalHost.", "127.0.0.1:80"),
    ])
    func `what needs no look-up is answered before the call returns`(_ host: String, _ first: String) async throws {
        let names = Names()
        let resolver = Resolver { names.lookUp($0) }
        let answered = await loop.run { [loop] in
            var found: SocketAddress?
            resolver.resolve(host, port: 80, on: loop) { found = try? $0.get().first }
            return found
        }
        #expect(answered?.description == first)
        #expect(names.asked.withLock { $0 } == [])
        stop()
    }

    @Test(arguments: ["", ".", "a b", "a\u{0}b", String(repeating: "a", count: 254)])
    func `what cannot be a name is not looked up`(_ host: String) async throws {
        let resolver = Resolver { _ in .success([.loopback()]) }
        let answer = await ask(resolver, host)
        #expect(throws: NetworkError.self) { try answer.get() }
        stop()
    }

    @Test func `callers of one name share one look-up, and a slow one holds up no other name`() async throws {
        let gate = BlockingGate()
        let names = Names()
        let resolver = Resolver { name in
            if name == "slow.test" { gate.pass() }
            return names.lookUp(name)
        }
        async let answers = withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask { if case .success = await ask(resolver, "slow.test") { true } else { false } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        _ = try await ask(resolver, "fast.test").get()
        gate.open()
        #expect(await answers == Array(repeating: true, count: 10))
        #expect(names.asked.withLock { $0 } == ["fast.test", "slow.test"])
        stop()
    }

    @Test func `a look-up that takes too long is given up, its answer kept`() async throws {
        let gate = BlockingGate()
        let names = Names(gate: gate)
        var settings = ResolverSettings()
        settings.timeLimit = .milliseconds(20)
        let resolver = Resolver(settings: settings) { names.lookUp($0) }
        let answer = await ask(resolver, "slow.test")
        #expect(throws: NetworkError(.timedOut, "the name slow.test was not resolved within 0.02 seconds")) {
            try answer.get()
        }
        gate.open()
        var attempts = 0
        while attempts < 1000, (try? await ask(resolver, "slow.test").get()) == nil { attempts += 1 }
        #expect(names.asked.withLock { $0 } == ["slow.test"])
        stop()
    }

    @Test func `too many names at once are refused, and cancelled callers hear nothing`() async throws {
        let gate = BlockingGate()
        let names = Names(gate: gate)
        var settings = ResolverSettings()
        settings.threads = 1
        settings.queueLimit = 3
        let resolver = Resolver(settings: settings) { names.lookUp($0) }
        let heard = Atomic<Int>(0)
        await loop.run { [loop] in
            for number in 0..<3 {
                resolver.resolve("n\(number).test", port: 1, on: loop) { _ in heard.add(1, ordering: .relaxed) }
                    .cancel()
            }
        }
        // One may be on its thread already, so a fourth may still find room.
        var last = await askSoon(resolver, "n4.test")
        if last == nil { last = await askSoon(resolver, "n5.test") }
        #expect(last == .busy)
        gate.open()
        _ = await ask(resolver, "n0.test")
        #expect(heard.load(ordering: .relaxed) == 0)
        resolver.stop()
        stop()
    }

    /// The error that came before the call returned.
    private func askSoon(_ resolver: Resolver, _ host: String) async -> NetworkError.Code? {
        await loop.run { [loop] in
            var code: NetworkError.Code?
            let query = resolver.resolve(host, port: 80, on: loop) {
                if case .failure(let error) = $0 { code = error.code }
            }
            query.cancel()
            return code
        }
    }

    @Test func `the system's look-up knows addresses and refuses nonsense`() throws {
        #expect(try SystemNames.lookUp("127.0.0.1").get() == [.loopback()])
        #expect(throws: NetworkError.self) { try SystemNames.lookUp("no-such-host.invalid").get() }
    }
}
