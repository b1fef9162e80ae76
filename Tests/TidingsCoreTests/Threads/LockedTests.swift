// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct LockedTests {
    private final class Counter: Sendable {
        let count = Locked(0)
    }

    @Test func `no addition of many threads is lost`() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<10_000 { counter.count.withLock { $0 += 1 } } }
            }
        }
        #expect(counter.count.withLock { $0 } == 40_000)
    }

    @Test func `an error leaves the lock open`() {
        let counter = Counter()
        #expect(throws: CancellationError.self) { try counter.count.withLock { _ in throw CancellationError() } }
        #expect(counter.count.withLock { $0 } == 0)
    }
}
