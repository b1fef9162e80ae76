// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// Several loops that share the work.
///
/// - Concurrency: any thread.
package final class EventLoopGroup: Sendable {
    /// The loops, at least one.
    package let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    /// Makes `count` loops named `name-0`, `name-1` … and starts them.
    /// - Throws: ``NetworkError/Code/noResources``; loops made so far are stopped.
    package init(
        count: Int, name: String = "loop", settings: EventLoopSettings = .init(), time: any TimeSource = SystemTime(),
        logger: Logger = Logger("network", to: nil)
    ) throws(NetworkError) {
        precondition(count > 0, "a group has at least one loop (got \(count))")
        var loops: [EventLoop] = []
        do {
            for number in 0..<count {
                loops.append(try EventLoop("\(name)-\(number)", settings: settings, time: time, logger: logger))
            }
        } catch {
            for loop in loops { loop.stop() }
            throw error
        }
        self.loops = loops
    }

    /// The loops in turn.
    package func next() -> EventLoop {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[Int(UInt(bitPattern: turn) % UInt(loops.count))]
    }

    /// The loop that something numbered so always lives on.
    package func loop(for hash: UInt64) -> EventLoop { loops[Int(hash % UInt64(loops.count))] }

    /// Asks every loop to end; see ``EventLoop/stop()``.
    package func stop() { for loop in loops { loop.stop() } }

    /// Waits until every loop has ended. Not from one of them.
    package func join() { for loop in loops { loop.join() } }
}
