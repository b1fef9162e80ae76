// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A value that one thread waits for and another hands over, once.
///
/// - Concurrency: any thread.
final class Latch<Value: Sendable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Guarded by `lock`.
    private var value: Value?

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Hands the value over; a second one is dropped.
    func open(_ value: Value) {
        pthread_mutex_lock(lock)
        if self.value == nil { self.value = value }
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    /// Waits for the value.
    func wait() -> Value {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let value { return value }
            pthread_cond_wait(changed, lock)
        }
    }
}
