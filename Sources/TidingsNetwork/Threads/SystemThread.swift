// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread of the system that runs one function to its end. It takes no signals.
///
/// - Concurrency: any thread may join, one of them once.
final class SystemThread: Sendable {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// The thread as a number, to compare with ``current``; 0 once joined.
    private let thread: Atomic<UInt>

    /// Starts the thread.
    /// - Parameter name: what debuggers and `top -H` show; 15 characters count.
    init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(NetworkError) {
        let box = Unmanaged.passRetained(Start(name, body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Glibc)
            var id = pthread_t()
            let result = pthread_create(&id, &attributes, { SystemThread.run($0) }, box.toOpaque())
            thread = Atomic(UInt(id))
        #else
            var id: pthread_t?
            let result = pthread_create(&id, &attributes, { SystemThread.run($0) }, box.toOpaque())
            thread = Atomic(UInt(bitPattern: id))
        #endif
        guard result == 0 else {
            box.release()
            throw NetworkError(errno: result, "cannot start the thread \(name)")
        }
    }

    private static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let box else { return nil }
        let start = Unmanaged<Start>.fromOpaque(box).takeRetainedValue()
        tidings_block_signals()
        tidings_name_thread(start.name)
        start.body()
        return nil
    }

    /// The calling thread as a number.
    @inline(__always)
    static var current: UInt {
        #if canImport(Glibc)
            UInt(pthread_self())
        #else
            UInt(bitPattern: pthread_self())
        #endif
    }

    /// Waits until the function has returned; at once when it was waited for before. Not from the thread itself.
    func join() {
        let id = thread.exchange(0, ordering: .acquiringAndReleasing)
        guard id != 0 else { return }
        precondition(id != Self.current, "a thread cannot wait for its own end")
        #if canImport(Glibc)
            pthread_join(pthread_t(id), nil)
        #else
            if let id = pthread_t(bitPattern: id) { pthread_join(id, nil) }
        #endif
    }

    deinit {
        let id = thread.load(ordering: .acquiring)
        guard id != 0 else { return }
        #if canImport(Glibc)
            pthread_detach(pthread_t(id))
        #else
            if let id = pthread_t(bitPattern: id) { pthread_detach(id) }
        #endif
    }
}
