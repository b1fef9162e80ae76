// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which lines are kept: one level for all, others for single subsystems.
package struct LogLevels: Sendable {
    private let standard: LogLevel
    private let bySubsystem: [String: LogLevel]
    private let lowest: LogLevel

    /// Creates the rule.
    package init(_ standard: LogLevel, bySubsystem: [String: LogLevel] = [:]) {
        self.standard = standard
        self.bySubsystem = bySubsystem
        lowest = bySubsystem.values.reduce(standard, min)
    }

    /// Whether a line is kept.
    package func keep(_ level: LogLevel, from subsystem: String) -> Bool {
        if level < lowest { return false }
        if bySubsystem.isEmpty { return true }
        return level >= bySubsystem[subsystem] ?? standard
    }
}

/// The server's own writer of lines. A line is made on the caller's thread and written by a thread of its own, so that
/// a slow terminal or disk stops no loop. When more than ``waitingLimit`` bytes wait, lines are dropped and counted;
/// the count is written as soon as there is room.
///
/// - Concurrency: any thread; lines of one thread stay in order.
package final class LogWriter: LogSink, @unchecked Sendable {
    /// How many bytes may wait to be written.
    package static let waitingLimit = 4 << 20

    private let levels: LogLevels
    private let form: LogForm
    private let time: any TimeSource
    private let write: @Sendable ([UInt8]) -> Void

    // Guarded by `lock`; `changed` tells the thread that something waits, and `flush` that nothing does any more.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [UInt8] = []
    private var dropped = 0
    private var isWriting = false
    private var hasThread = false
    private var isEnded = false

    /// Creates a writer.
    /// - Parameter write: takes whole lines on the writer's thread; may block.
    package init(
        levels: LogLevels, form: LogForm, time: any TimeSource, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.levels = levels
        self.form = form
        self.time = time
        self.write = write
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(changed)
        lock.deallocate()
        changed.deallocate()
    }

    /// A writer to standard error.
    package static func standardError(levels: LogLevels, form: LogForm, time: any TimeSource) -> LogWriter {
        LogWriter(levels: levels, form: form, time: time) { bytes in
            bytes.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    #if canImport(Glibc)
                        let count = Glibc.write(2, bytes.baseAddress! + done, bytes.count - done)
                    #else
                        let count = Darwin.write(2, bytes.baseAddress! + done, bytes.count - done)
                    #endif
                    if count > 0 {
                        done += count
                    } else if errno == EAGAIN {
                        var file = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
                        poll(&file, 1, 1000)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }

    package func wants(_ level: LogLevel, from subsystem: String) -> Bool { levels.keep(level, from: subsystem) }

    package func write(
        _ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)]
    ) {
        let line = form.line(time.wall, level, subsystem, message, fields)
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if waiting.count + line.count > Self.waitingLimit {
            dropped += 1
            return
        }
        if dropped > 0 {
            let note = "lines were dropped: they came faster than they could be written"
            waiting += form.line(time.wall, .warning, "server", note, [("count", String(dropped))])
            dropped = 0
        }
        waiting += line
        if !hasThread {
            hasThread = DetachedThread.start("log-writer") { self.run() }
            if !hasThread { waiting.removeAll() }
        }
        pthread_cond_broadcast(changed)
    }

    /// Waits until everything written so far is out; for the end of the process.
    package func flush() {
        pthread_mutex_lock(lock)
        while hasThread, isWriting || !waiting.isEmpty { pthread_cond_wait(changed, lock) }
        pthread_mutex_unlock(lock)
    }

    /// Writes what waits and ends the thread; lines that come later are lost.
    package func end() {
        flush()
        pthread_mutex_lock(lock)
        isEnded = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    private func run() {
        pthread_mutex_lock(lock)
        while true {
            while waiting.isEmpty, !isEnded { pthread_cond_wait(changed, lock) }
            if waiting.isEmpty { break }
            let taken = waiting
            waiting = []
            isWriting = true
            pthread_mutex_unlock(lock)
            write(taken)
            pthread_mutex_lock(lock)
            isWriting = false
            pthread_cond_broadcast(changed)
        }
        hasThread = false
        pthread_mutex_unlock(lock)
    }
}
