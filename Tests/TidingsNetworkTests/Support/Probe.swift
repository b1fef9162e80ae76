// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsNetwork

/// What a test waited for did not happen.
struct WaitedInVain: Error, CustomStringConvertible {
    let description: String
}

extension EventLoop {
    /// Runs `body` on the loop and returns what it returned.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            post { continuation.resume(returning: body()) }
        }
    }
}

/// A handler that keeps what happened, and lets a test wait for it.
///
/// - Concurrency: lives on `loop`; `until` is for any task.
final class Probe: ByteStreamHandler, @unchecked Sendable {
    private struct Waiter {
        let condition: (Probe) -> Bool
        let timer: LoopTimer
        let resume: (Bool) -> Void
    }

    let loop: EventLoop
    private(set) var received: [UInt8] = []
    private(set) var receivedCount = 0
    private(set) var ends = 0
    private(set) var drains = 0
    private(set) var closes = 0
    private(set) var error: NetworkError?
    var keepsBytes = true
    var onReceive: ((UnsafeRawBufferPointer) -> Void)?
    var onEnd: (() -> Void)?
    var onDrain: (() -> Void)?
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0

    init(_ loop: EventLoop) { self.loop = loop }

    func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        receivedCount += bytes.count
        if keepsBytes { received.append(contentsOf: bytes) }
        onReceive?(bytes)
        check()
    }

    func streamDidEnd() {
        ends += 1
        onEnd?()
        check()
    }

    func streamDidDrain() {
        drains += 1
        onDrain?()
        check()
    }

    func streamDidClose(_ error: NetworkError?) {
        closes += 1
        self.error = error
        onReceive = nil
        onEnd = nil
        onDrain = nil
        check()
    }

    private func check() {
        for (number, waiter) in waiters where waiter.condition(self) {
            waiters[number] = nil
            loop.cancel(waiter.timer)
            waiter.resume(true)
        }
    }

    /// Waits until `condition` holds after something happened; throws after 10 s.
    func until(_ what: String, _ condition: @escaping @Sendable (Probe) -> Bool) async throws {
        let happened = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            loop.post {
                if condition(self) { return continuation.resume(returning: true) }
                let number = self.nextWaiter
                self.nextWaiter += 1
                let timer = self.loop.schedule(after: .seconds(10)) {
                    self.waiters[number]?.resume(false)
                    self.waiters[number] = nil
                }
                self.waiters[number] = Waiter(
                    condition: condition, timer: timer, resume: { continuation.resume(returning: $0) })
            }
        }
        if !happened { throw WaitedInVain(description: "never happened: \(what) (\(receivedCount) bytes received)") }
    }
}

/// A clock that a test moves.
final class HandClock: TimeSource {
    private let nanos = Atomic<Int64>(1_000_000_000)

    var now: MonotonicTime { MonotonicTime(nanos: nanos.load(ordering: .relaxed)) }
    var wall: WallTime { WallTime(millis: now.nanos / 1_000_000) }

    func advance(by delay: Duration) { nanos.add(delay.nanos, ordering: .relaxed) }
}

/// Keeps lines of the log.
final class KeptLog: LogSink {
    private let kept = Locked<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    func wants(_ level: LogLevel, from subsystem: String) -> Bool { true }
    func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]) {
        kept.withLock { $0.append(message) }
    }
}
