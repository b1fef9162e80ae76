// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

@testable import TidingsLog

/// A loop on a thread of its own, without timers: for tests of the log's real threads.
final class ThreadLoop: Loop {
    private let work = Locked<[@Sendable () -> Void]>([])
    private let bell = Doorbell()
    private let isEnding = Atomic(false)
    private let thread = Locked<LogThread?>(nil)
    let time: any TimeSource

    init(time: any TimeSource = SystemTime()) {
        self.time = time
        let started = LogThread("test-loop") { [weak self] in
            while let self, !self.isEnding.load(ordering: .acquiring) {
                let batch = self.work.withLock { work in
                    defer { work = [] }
                    return work
                }
                if batch.isEmpty { self.bell.wait() } else { for work in batch { work() } }
            }
        }
        thread.withLock { $0 = started }
    }

    var isCurrent: Bool { true }

    func post(_ work: @escaping @Sendable () -> Void) {
        let isFirst = self.work.withLock { queue in
            queue.append(work)
            return queue.count == 1
        }
        if isFirst { bell.ring() }
    }

    func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer {
        preconditionFailure("this loop has no timers")
    }

    func cancel(_ timer: LoopTimer) {}

    func end() {
        isEnding.store(true, ordering: .releasing)
        bell.ring()
        thread.withLock { $0 }?.join()
    }

    /// Runs `work` on the loop and waits for what it hands to its argument.
    func run<Value: Sendable>(_ work: @escaping @Sendable (@escaping @Sendable (Value) -> Void) -> Void) -> Value {
        let answer = Locked<Value?>(nil)
        let done = Doorbell()
        post {
            work { value in
                answer.withLock { $0 = value }
                done.ring()
            }
        }
        done.wait()
        return answer.withLock { $0! }
    }
}
