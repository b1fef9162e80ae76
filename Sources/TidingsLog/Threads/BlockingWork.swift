// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A few threads that do what may block, in the order it came; without threads (in a simulation) it is done at once.
///
/// - Concurrency: any thread submits.
final class BlockingWork: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var next = 0
        var isStopped = false
        var hasThreads = false
        var sleeping: [Doorbell] = []
    }

    private let limit: Int
    private let state = Locked(State())
    private let threads = Locked<[LogThread]>([])

    /// - Parameter limit: how many jobs may wait.
    init(limit: Int) { self.limit = limit }

    /// Starts the threads.
    func start(_ name: String, threads count: Int) {
        state.withLock { $0.hasThreads = true }
        let started = (0..<max(1, count)).map { number in LogThread("\(name)-\(number)") { self.run() } }
        threads.withLock { $0 = started }
    }

    /// Runs `job` on one of the threads, or here and now when there are none.
    /// - Returns: false, with nothing done, when too many wait already.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        enum Way { case queued(Doorbell?), here, refused }
        let way = state.withLock { state -> Way in
            guard state.hasThreads, !state.isStopped else { return .here }
            guard state.waiting.count - state.next < limit else { return .refused }
            state.waiting.append(job)
            return .queued(state.sleeping.popLast())
        }
        switch way {
        case .queued(let bell): bell?.ring()
        case .here: job()
        case .refused: return false
        }
        return true
    }

    /// Does what waits, then ends the threads.
    func stop() {
        let sleeping = state.withLock { state in
            state.isStopped = true
            defer { state.sleeping = [] }
            return state.sleeping
        }
        for bell in sleeping { bell.ring() }
        for thread in threads.withLock({ $0 }) { thread.join() }
        threads.withLock { $0 = [] }
    }

    private func run() {
        let bell = Doorbell()
        while true {
            enum Next { case job(@Sendable () -> Void), sleep, end }
            let next = state.withLock { state -> Next in
                if state.next < state.waiting.count {
                    defer {
                        state.next += 1
                        if state.next == state.waiting.count {
                            state.waiting.removeAll(keepingCapacity: state.next < 1024)
                            state.next = 0
                        }
                    }
                    return .job(state.waiting[state.next])
                }
                if state.isStopped { return .end }
                state.sleeping.append(bell)
                return .sleep
            }
            switch next {
            case .job(let job): job()
            case .sleep: bell.wait()
            case .end: return
            }
        }
    }
}
