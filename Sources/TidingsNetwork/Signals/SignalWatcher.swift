// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A signal that an operator sends.
package enum Signal: Sendable, Hashable, CaseIterable {
    /// SIGTERM: end in order.
    case terminate
    /// SIGINT: the same, from the keyboard.
    case interrupt
    /// SIGHUP: read files again.
    case hangUp

    /// The system's number.
    package var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangUp: SIGHUP
        }
    }
}

/// Turns signals into calls on a loop. Until the watcher is stopped the signals' own effect is off.
///
/// - Concurrency: any thread makes and stops it; calls come on `loop`.
package final class SignalWatcher: Sendable {
    private let loop: EventLoop
    private let handles: [SignalHandle]

    /// Begins to watch, as soon as the loop comes to it.
    package init(_ signals: [Signal], on loop: EventLoop, then: @escaping @Sendable (Signal) -> Void) {
        self.loop = loop
        let handles = signals.map { SignalHandle($0, loop, then) }
        self.handles = handles
        loop.post { for handle in handles { handle.start() } }
    }

    /// Ends watching; the signals have their own effect again.
    package func stop() {
        let handles = handles
        loop.post { for handle in handles { handle.loopStops() } }
    }
}

/// One signal's handle of libuv.
///
/// - Concurrency: lives on its loop.
private final class SignalHandle: LoopResource, @unchecked Sendable {
    private let signal: Signal
    private let loop: EventLoop
    private let then: @Sendable (Signal) -> Void
    private let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
    private var isOpen = false

    init(_ signal: Signal, _ loop: EventLoop, _ then: @escaping @Sendable (Signal) -> Void) {
        self.signal = signal
        self.loop = loop
        self.then = then
    }

    deinit { handle.deallocate() }

    func start() {
        guard !loop.isStopping, uv_signal_init(loop.loop, handle) == 0 else {
            loop.logger.error("the signal \(signal) cannot be watched")
            return
        }
        isOpen = true
        handle.pointee.data = Unmanaged.passRetained(self as LoopResource).toOpaque()
        let status = uv_signal_start(
            handle,
            { handle, _ in
                guard let data = handle?.pointee.data else { return }
                Unmanaged<LoopResource>.fromOpaque(data)._withUnsafeGuaranteedRef { resource in
                    let watched = unsafeDowncast(resource, to: SignalHandle.self)
                    watched.then(watched.signal)
                    watched.loop.endTurn()
                }
            }, signal.number)
        if status != 0 {
            loop.logger.error("the signal \(signal) cannot be watched: \(String(cString: uv_strerror(status)))")
        }
    }

    override func loopStops() {
        guard isOpen else { return }
        isOpen = false
        UnsafeMutableRawPointer(handle).withMemoryRebound(to: uv_handle_t.self, capacity: 1) { handle in
            uv_close(handle) { handle in
                guard let data = handle?.pointee.data else { return }
                Unmanaged<LoopResource>.fromOpaque(data).release()
            }
        }
    }
}
