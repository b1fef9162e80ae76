// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The limits of a ``Resolver``.
package struct ResolverSettings: Sendable, Hashable {
    /// How many names are looked up at once; each look-up blocks one thread, as long as the system likes.
    package var threads = 4
    /// How many names may wait for a thread.
    package var queueLimit = 256
    /// How long a caller waits for an answer. The look-up goes on; its answer is kept.
    package var timeLimit: Duration = .seconds(5)
    /// How long addresses of a name are used again. The system tells nothing of the time to live that DNS gives.
    package var lifetime: Duration = .seconds(30)
    /// How long a failure is.
    package var failureLifetime: Duration = .seconds(1)
    /// How many names are kept.
    package var cacheLimit = 1024
    /// How many addresses of one name are used.
    package var addressesPerName = 16

    /// The defaults.
    package init() {}
}

/// Turns names into addresses, on threads of its own so that a dead name server holds up nothing else.
///
/// Addresses are answered with themselves and `localhost` (and names below it) with 127.0.0.1 and ::1, at once. Callers
/// that ask for a name under way wait for the same look-up.
///
/// - Concurrency: any thread; a caller is answered on the loop it names.
package final class Resolver: Sendable {
    /// Looks one name up, blocking; returns addresses with port 0.
    package typealias LookUp = @Sendable (_ name: String) -> Result<[SocketAddress], NetworkError>
    /// What a caller is told.
    package typealias Answer = Result<[SocketAddress], NetworkError>

    private struct Kept {
        let answer: Answer
        let expires: MonotonicTime
    }

    private struct State {
        var kept: [String: Kept] = [:]
        var underWay: [String: [ResolverQuery]] = [:]
    }

    private let settings: ResolverSettings
    private let time: any TimeSource
    private let lookUp: LookUp
    private let pool: BlockingPool
    private let state = Locked(State())

    /// Makes a resolver; its threads begin with the first look-up.
    /// - Parameters:
    ///   - time: decides when kept answers expire.
    ///   - lookUp: the system's `getaddrinfo`, or a test's.
    package init(
        settings: ResolverSettings = .init(), time: any TimeSource = SystemTime(),
        lookUp: @escaping LookUp = SystemNames.lookUp
    ) {
        self.settings = settings
        self.time = time
        self.lookUp = lookUp
        var limits = BlockingPool.Settings()
        limits.threads = settings.threads
        limits.queueLimit = settings.queueLimit
        pool = BlockingPool("names", settings: limits)
    }

    /// Finds the addresses of a host, in the order the system prefers.
    /// - Parameters:
    ///   - host: a name or an address (an IPv6 one with or without brackets).
    ///   - loop: the loop this is called on and answered on.
    ///   - then: told once unless the query is cancelled first: at least one address, each with `port`, or
    ///     ``NetworkError/Code/nameNotFound``, ``NetworkError/Code/nameFailed``, ``NetworkError/Code/timedOut``,
    ///     ``NetworkError/Code/busy``. **Before this returns** when the answer is known.
    @discardableResult
    package func resolve(
        _ host: String, port: UInt16, on loop: any Loop, then: @escaping (Answer) -> Void
    ) -> ResolverQuery {
        assert(loop.isCurrent, "names are resolved from the loop that waits for them")
        let query = ResolverQuery(host: host, port: port, loop: loop, then: then)
        if let known = known(host) {
            query.finish(known)
            return query
        }
        let name = Self.canonical(host)
        let now = time.now
        enum Step {
            case answer(Answer), wait, lookUp
        }
        let step = state.withLock { state -> Step in
            if let kept = state.kept[name], now < kept.expires { return .answer(kept.answer) }
            if state.underWay[name] != nil {
                state.underWay[name]?.append(query)
                return .wait
            }
            state.underWay[name] = [query]
            return .lookUp
        }
        switch step {
        case .answer(let answer):
            query.finish(answer)
            return query
        case .wait: break
        case .lookUp:
            guard pool.run({ self.finish(name, self.lookUp(name)) }) else {
                let waiting = state.withLock { $0.underWay.removeValue(forKey: name) } ?? []
                let error = NetworkError(.busy, "too many names are being looked up to look up \(host)")
                for other in waiting where other !== query { other.finishOnLoop(.failure(error)) }
                query.finish(.failure(error))
                return query
            }
        }
        query.startTimer(settings.timeLimit)
        return query
    }

    /// What needs no look-up.
    private func known(_ host: String) -> Answer? {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        if let address = SocketAddress(ip: bare, port: 0) { return .success([address]) }
        let name = Self.canonical(host)
        let isFit = (1...253).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        guard isFit else {
            return .failure(NetworkError(.nameNotFound, "\(host.prefix(253)) is not the name of a host"))
        }
        if name == "localhost" || name.hasSuffix(".localhost") { return .success([.loopback(), .loopbackIPv6()]) }
        return nil
    }

    private static func canonical(_ host: String) -> String {
        let name = host.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    private func finish(_ name: String, _ found: Answer) {
        var answer = found.map { Array($0.prefix(settings.addressesPerName)) }
        if case .success(let addresses) = answer, addresses.isEmpty {
            answer = .failure(NetworkError(.nameNotFound, "\(name) has no address"))
        }
        let now = time.now
        var lifetime = settings.lifetime
        if case .failure = answer { lifetime = settings.failureLifetime }
        let waiting = state.withLock { state in
            if state.kept.count >= settings.cacheLimit { makeRoom(&state, now) }
            state.kept[name] = Kept(answer: answer, expires: now + lifetime)
            return state.underWay.removeValue(forKey: name) ?? []
        }
        for query in waiting { query.finishOnLoop(answer) }
    }

    private func makeRoom(_ state: inout State, _ now: MonotonicTime) {
        state.kept = state.kept.filter { now < $0.value.expires }
        if state.kept.count >= settings.cacheLimit { state.kept.removeAll(keepingCapacity: true) }
    }

    /// Takes no more look-ups; callers that wait get their time-out. Any thread.
    package func stop() { pool.stop() }
}

/// One caller's question to a ``Resolver``.
///
/// - Concurrency: lives on the caller's loop.
package final class ResolverQuery: @unchecked Sendable {
    private let host: String
    private let port: UInt16
    private let loop: any Loop
    private var then: ((Resolver.Answer) -> Void)?
    private var timer: LoopTimer?

    init(host: String, port: UInt16, loop: any Loop, then: @escaping (Resolver.Answer) -> Void) {
        self.host = host
        self.port = port
        self.loop = loop
        self.then = then
    }

    /// Gives up; the caller is told nothing any more.
    package func cancel() {
        then = nil
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    func startTimer(_ limit: Duration) {
        timer = loop.schedule(after: limit) { [weak self] in
            guard let self else { return }
            finish(.failure(NetworkError(.timedOut, "the name \(host) was not resolved within \(limit)")))
        }
    }

    func finish(_ answer: Resolver.Answer) {
        guard let then else { return }
        cancel()
        then(answer.map { addresses in addresses.map { $0.with(port: port) } })
    }

    /// From any thread.
    func finishOnLoop(_ answer: Resolver.Answer) {
        loop.post { self.finish(answer) }
    }
}
