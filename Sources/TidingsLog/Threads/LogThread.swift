// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread of our own that runs one function to its end; joined once.
final class LogThread: Sendable {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let ended = Doorbell()

    /// Starts a thread that takes no signals.
    /// - Parameter name: at most 15 characters count.
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let ended = ended
        let start = Start(name) {
            body()
            ended.ring()
        }
        let box = Unmanaged.passRetained(start).toOpaque()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Glibc)
            var thread = pthread_t()
            let result = pthread_create(&thread, &attributes, { LogThread.run($0) }, box)
        #else
            var thread: pthread_t?
            let result = pthread_create(&thread, &attributes, { LogThread.run($0) }, box)
        #endif
        precondition(result == 0, "the system refused a thread: \(String(cString: strerror(result)))")
    }

    private static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let box else { return nil }
        let start = Unmanaged<Start>.fromOpaque(box).takeRetainedValue()
        tidings_block_signals()
        tidings_name_thread(start.name)
        start.body()
        return nil
    }

    /// Waits until the function has returned. Once.
    func join() { ended.wait() }
}
