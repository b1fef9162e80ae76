// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Wakes one thread: rings that come before the wait count, several count as one.
///
/// - Concurrency: any thread rings; one waits.
final class Doorbell: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// Guarded by `mutex`.
    private var rung = false

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        #if canImport(Glibc)
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            pthread_cond_init(condition, &attributes)
            pthread_condattr_destroy(&attributes)
        #else
            pthread_cond_init(condition, nil)
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Wakes the waiter, or the next one that waits.
    func ring() {
        pthread_mutex_lock(mutex)
        rung = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a ring.
    func wait() {
        pthread_mutex_lock(mutex)
        while !rung { pthread_cond_wait(condition, mutex) }
        rung = false
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a ring, at most `limit`.
    func wait(atMost limit: Duration) {
        let (seconds, attoseconds) = limit.components
        pthread_mutex_lock(mutex)
        #if canImport(Glibc)
            var until = timespec()
            clock_gettime(CLOCK_MONOTONIC, &until)
            let nanos = Int(until.tv_nsec) + Int(attoseconds / 1_000_000_000)
            until.tv_sec += Int(seconds) + nanos / 1_000_000_000
            until.tv_nsec = nanos % 1_000_000_000
            while !rung {
                if pthread_cond_timedwait(condition, mutex, &until) != 0 { break }
            }
        #else
            var until = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            if !rung { pthread_cond_timedwait_relative_np(condition, mutex, &until) }
        #endif
        rung = false
        pthread_mutex_unlock(mutex)
    }
}
