// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SIGTERM, SIGINT and SIGHUP as a process that serves wants them: taken by one thread that waits, never by a handler.
///
/// Made on the main thread before any other thread begins, so that all of them inherit the mask.
package struct StopSignals: ~Copyable {
    private var set = sigset_t()
    private let waiter = pthread_self()

    /// Keeps the signals from everything but ``wait()``.
    package init() {
        sigemptyset(&set)
        // A terminal that closes (SIGHUP) ends the server in good order, too, unless `nohup` has it ignored.
        for number in [SIGTERM, SIGINT, SIGHUP, Self.finished] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// What the thread that stops the server sends when it is done.
    private static var finished: Int32 { SIGUSR1 }

    /// What came.
    package enum Event: Sendable {
        /// Somebody wants the process to end.
        case stop(Int32)
        /// ``Finisher/finish()`` was called.
        case finished
    }

    /// Waits for the next signal.
    package mutating func wait() -> Event {
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            return number == Self.finished ? .finished : .stop(number)
        }
    }

    /// Wakes ``wait()`` from another thread.
    package struct Finisher: @unchecked Sendable {
        fileprivate let waiter: pthread_t

        /// Makes ``StopSignals/wait()`` answer `.finished`.
        package func finish() { pthread_kill(waiter, StopSignals.finished) }
    }

    /// What wakes this thread.
    package var finisher: Finisher { Finisher(waiter: waiter) }
}
