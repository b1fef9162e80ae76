// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A few threads for work that blocks, so that loops never do. Threads begin as they are needed and stay.
///
/// - Concurrency: any thread.
package final class BlockingPool: @unchecked Sendable {
    /// The limits of a pool.
    package struct Settings: Sendable, Hashable {
        /// How many threads at most.
        package var threads = 4
        /// How much work may wait for a thread.
        package var queueLimit = 256

        /// The defaults.
        package init() {}
    }

    private let name: String
    private let settings: Settings
    // Everything below is touched under the lock only.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let bell = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [@Sendable () -> Void] = []
    private var head = 0
    private var idle = 0
    private var isStopped = false
    private var threads: [SystemThread] = []

    /// Makes a pool; it has no thread yet.
    /// - Parameter name: the threads' name; 13 characters count.
    package init(_ name: String, settings: Settings = .init()) {
        self.name = name
        self.settings = settings
        pthread_mutex_init(lock, nil)
        pthread_cond_init(bell, nil)
    }

    deinit {
        pthread_cond_destroy(bell)
        pthread_mutex_destroy(lock)
        bell.deallocate()
        lock.deallocate()
    }

    /// Runs `work` on one of the threads, in the order handed in as far as threads begin it.
    /// - Returns: false, with `work` dropped, when the queue is full, the pool stopped, or the system gives no thread.
    package func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        let waiting = queue.count - head
        guard !isStopped, waiting < settings.queueLimit else { return false }
        if idle <= waiting, threads.count < settings.threads {
            do {
                threads.append(try SystemThread("\(name)-\(threads.count)") { self.serve() })
            } catch {
                if threads.isEmpty { return false }
            }
        }
        queue.append(work)
        pthread_cond_signal(bell)
        return true
    }

    /// Runs `work` on one of the threads and `then`, with what it returned, on `loop`.
    /// - Returns: false, with both dropped, as ``run(_:)`` does.
    package func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, on loop: any Loop, then: @escaping @Sendable (Value) -> Void
    ) -> Bool {
        run {
            let value = work()
            loop.post { then(value) }
        }
    }

    private func serve() {
        pthread_mutex_lock(lock)
        while true {
            while head == queue.count, !isStopped {
                idle += 1
                pthread_cond_wait(bell, lock)
                idle -= 1
            }
            if isStopped { break }
            let work = queue[head]
            queue[head] = {}
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64, head * 2 >= queue.count {
                queue.removeFirst(head)
                head = 0
            }
            pthread_mutex_unlock(lock)
            work()
            pthread_mutex_lock(lock)
        }
        pthread_mutex_unlock(lock)
    }

    /// Takes no more work and drops what waits; what runs goes on to its end. Returns at once.
    package func stop() {
        pthread_mutex_lock(lock)
        isStopped = true
        let dropped = queue
        queue = []
        head = 0
        pthread_cond_broadcast(bell)
        pthread_mutex_unlock(lock)
        withExtendedLifetime(dropped) {}
    }

    /// Waits after ``stop()`` until what runs has ended. Not from one of the threads.
    package func join() {
        pthread_mutex_lock(lock)
        let threads = threads
        pthread_mutex_unlock(lock)
        for thread in threads { thread.join() }
    }
}
