// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread that runs one function and is waited for by nobody. It takes no signals.
package enum DetachedThread {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts the thread; false when the system has none left.
    /// - Parameter name: what debuggers and `top -H` show; 15 characters count.
    @discardableResult
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Start(name, body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        #if canImport(Glibc)
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
            var thread = pthread_t()
        #else
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED)
            var thread: pthread_t?
        #endif
        defer { pthread_attr_destroy(&attributes) }
        let code = pthread_create(&thread, &attributes, { DetachedThread.run($0) }, box.toOpaque())
        if code != 0 { box.release() }
        return code == 0
    }

    private static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let box else { return nil }
        let start = Unmanaged<Start>.fromOpaque(box).takeRetainedValue()
        tidings_block_signals()
        tidings_name_thread(start.name)
        start.body()
        return nil
    }
}
