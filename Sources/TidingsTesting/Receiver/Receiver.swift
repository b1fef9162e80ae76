// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// An HTTP/1.1 receiver on 127.0.0.1 that behaves or misbehaves as told, and keeps what it got in order.
///
/// It stands on plain sockets and threads of its own, so that nothing of what is being judged takes part in the
/// judgement. Used by tests of push delivery, by the crash test and by the demo.
///
/// - Concurrency: any thread. `behaviour` runs on the connection's thread, after the request is complete and before
///   it is answered.
package final class Receiver: Sendable {
    /// The largest request body it takes.
    package static let largestBody = 64 << 20
    /// How many requests it keeps; later ones are counted only.
    package static let mostKept = 1_000_000

    /// The port it listens on, the same after ``refuse()`` and ``acceptAgain()``.
    package let port: UInt16
    /// Where requests go: `http://127.0.0.1:<port>/`.
    package var url: String { "http://127.0.0.1:\(port)/" }

    private struct Waiter {
        let count: Int
        let number: Int
        let resume: @Sendable (Bool) -> Void
    }
    private struct State {
        var listener: ReceiverSocket?
        var connections: [Int: ReceiverSocket] = [:]
        var connectionCount = 0
        var requestCount = 0
        var kept: [ReceivedRequest] = []
        var taken = 0
        var waiters: [Waiter] = []
        var waiterCount = 0
        var greeting = ReceiverGreeting.read
        var stalledCount = 0
    }
    private let state = Locked(State())
    private let behaviour: @Sendable (ReceivedRequest) -> ReceiverBehaviour

    /// Starts to listen; port 0 picks a free one.
    /// - Throws: ``ReceiverError`` when the port cannot be had.
    package init(
        port: UInt16 = 0, greeting: ReceiverGreeting = .read,
        _ behaviour: @escaping @Sendable (ReceivedRequest) -> ReceiverBehaviour = { _ in .answer(204) }
    ) throws {
        guard let listener = ReceiverSocket.listening(on: port) else { throw ReceiverError(port: port) }
        self.port = listener.port
        self.behaviour = behaviour
        state.withLock {
            $0.greeting = greeting
            $0.listener = listener
        }
        accept(on: listener)
    }

    /// Starts to listen and does one thing after another, the last one for ever.
    package convenience init(script: [ReceiverBehaviour]) throws {
        precondition(!script.isEmpty, "a script says at least one thing")
        let next = Atomic(0)
        try self.init { _ in
            let place = next.add(1, ordering: .relaxed).oldValue
            return script[min(place, script.count - 1)]
        }
    }

    deinit { stop() }

    /// What connections get before anything is read; settable while it runs.
    package var greeting: ReceiverGreeting {
        get { state.withLock { $0.greeting } }
        set { state.withLock { $0.greeting = newValue } }
    }

    /// The requests so far, in the order they were complete.
    package var received: [ReceivedRequest] { state.withLock { $0.kept } }
    /// How many requests were complete.
    package var receivedCount: Int { state.withLock { $0.taken } }
    /// How many connections were made.
    package var connectionCount: Int { state.withLock { $0.connectionCount } }
    /// How many connections are open now.
    package var openConnectionCount: Int { state.withLock { $0.connections.count } }

    /// How many callers are kept waiting on purpose now: by ``ReceiverBehaviour/hang``, `slowBody` or
    /// ``ReceiverGreeting/ignore``. A test may move time when nothing else is under way.
    package var stalledCount: Int { state.withLock { $0.stalledCount } }

    /// Waits until `count` requests were complete; false when that takes longer than `limit`.
    package func gets(_ count: Int, within limit: Duration = .seconds(10)) async -> Bool {
        await withCheckedContinuation { continuation in
            let number: Int? = state.withLock { state in
                guard state.taken < count else { return nil }
                state.waiterCount += 1
                state.waiters.append(
                    Waiter(count: count, number: state.waiterCount) { continuation.resume(returning: $0) })
                return state.waiterCount
            }
            guard let number else { return continuation.resume(returning: true) }
            Task {
                try? await Task.sleep(for: limit)
                self.giveUp(number)
            }
        }
    }

    /// Stops listening and breaks all connections: whoever calls now is refused.
    package func refuse() {
        let (listener, connections) = state.withLock { state in
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        listener?.breakOff()
        for connection in connections { connection.breakOff() }
    }

    /// Listens again on the same port.
    /// - Throws: ``ReceiverError`` when somebody else has it now.
    package func acceptAgain() throws {
        guard let listener = ReceiverSocket.listening(on: port) else { throw ReceiverError(port: port) }
        state.withLock { $0.listener = listener }
        accept(on: listener)
    }

    /// Ends it: no listener, no connection. Also happens when its last owner lets go.
    package func stop() { refuse() }
}

extension Receiver {
    private func accept(on listener: ReceiverSocket) {
        startReceiverThread { [weak self] in
            while let socket = listener.accepted() {
                guard let self else {
                    socket.close()
                    break
                }
                self.serve(socket, from: listener)
            }
            listener.close()
        }
    }

    private func serve(_ socket: ReceiverSocket, from listener: ReceiverSocket) {
        let number: Int? = state.withLock { state in
            guard state.listener?.file == listener.file else { return nil }
            defer { state.connectionCount += 1 }
            state.connections[state.connectionCount] = socket
            return state.connectionCount
        }
        guard let number else { return socket.close() }
        startReceiverThread {
            var connection = ReceiverConnection(socket, number: number, of: self)
            connection.run()
            self.state.withLock { $0.connections[number] = nil }
            socket.close()
        }
    }

    /// Counts a caller as kept waiting while `work` runs.
    func stalls(_ work: () -> Void) {
        state.withLock { $0.stalledCount += 1 }
        work()
        state.withLock { $0.stalledCount -= 1 }
    }

    func nextNumber() -> Int {
        state.withLock { state in
            defer { state.requestCount += 1 }
            return state.requestCount
        }
    }

    /// Keeps a request and answers what to do with it.
    func takes(_ request: ReceivedRequest) -> ReceiverBehaviour {
        let behaviour = behaviour(request)
        var request = request
        request.answered = behaviour.status
        let done = state.withLock { state in
            if state.kept.count < Self.mostKept { state.kept.append(request) }
            state.taken += 1
            let done = state.waiters.filter { $0.count <= state.taken }
            if !done.isEmpty { state.waiters.removeAll { $0.count <= state.taken } }
            return done
        }
        for waiter in done { waiter.resume(true) }
        return behaviour
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let place = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiters.remove(at: place)
        }
        waiter?.resume(false)
    }
}

/// A ``Receiver`` could not have its port.
package struct ReceiverError: Error, CustomStringConvertible {
    /// The port asked for.
    package let port: UInt16
    package var description: String { "127.0.0.1:\(port) cannot be listened on" }
}
