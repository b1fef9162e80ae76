// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV
import Synchronization
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread that waits for sockets, timers and posted work, and runs what they bring, one thing after another (libuv).
///
/// Every callback ends with a *turn's end*: work posted from the loop itself runs, jobs of ``LoopExecutor`` run, and
/// what connections were given to write leaves. So several writes during one callback cost one system call.
///
/// - Concurrency: ``post(_:)``, ``stop()``, ``join()``, ``timeMoved()`` and ``isCurrent`` are for any thread, everything
///   else for the loop's own.
package final class EventLoop: Loop, @unchecked Sendable {
    /// What lies behind one pointer, so that touching it costs no exclusivity check.
    struct State {
        /// The connections that have something to send at the turn's end, linked through their memory.
        var dirtyFirst: UnsafeMutablePointer<TCPConnection.Memory>?
        var dirtyLast: UnsafeMutablePointer<TCPConnection.Memory>?
        /// Whether work was posted from the loop itself, or jobs wait.
        var hasWork = false
        /// The time read in this turn; 0 when not yet read.
        var now: Int64 = 0
        /// When the alarm rings; `.max` when it is not set.
        var alarmAt: Int64 = .max
        var outputPool: UnsafeMutablePointer<UnsafeMutablePointer<ByteBuffer>>
        var outputPoolCount = 0
        var readBuffer: UnsafeMutableRawBufferPointer
    }

    private struct Inbox {
        var work: [@Sendable () -> Void] = []
        /// Whether a wake-up is on its way, or the loop will look by itself.
        var isAwake = false
        var isStopped = false
    }

    /// The thread's name, for logs and debuggers.
    package let name: String
    package let time: any TimeSource
    /// The limits.
    package let settings: EventLoopSettings
    let logger: Logger
    let state: UnsafeMutablePointer<State>
    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<uv_async_t>.allocate(capacity: 1)
    private let alarm = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)

    private let inbox = Locked(Inbox())
    private let thread = Atomic<UInt>(0)
    /// How many threads are between deciding to wake the loop and having done so.
    private let wakers = Atomic<Int>(0)
    private let started = Locked<SystemThread?>(nil)
    private var spare: [@Sendable () -> Void] = []
    private var jobs: [UnownedJob] = []
    private var spareJobs: [UnownedJob] = []
    private var timers = TimerHeap<() -> Void>()
    /// Whether ``stop()`` took effect; nothing new may be opened.
    private(set) var isStopping = false
    /// Runs Swift concurrency's jobs on this loop.
    package var executor: LoopExecutor { madeExecutor! }
    /// Set before the thread starts, never after.
    private var madeExecutor: LoopExecutor?

    /// Makes a loop and starts its thread.
    /// - Parameters:
    ///   - name: the thread's name; 15 characters count.
    ///   - time: the clocks; with others than the system's, call ``timeMoved()`` when they were moved.
    /// - Throws: ``NetworkError/Code/noResources`` when the process has no file descriptors or threads left.
    package init(
        _ name: String, settings: EventLoopSettings = .init(), time: any TimeSource = SystemTime(),
        logger: Logger = Logger("network", to: nil)
    ) throws(NetworkError) {
        self.name = name
        self.settings = settings
        self.time = time
        self.logger = logger
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                outputPool: .allocate(capacity: max(settings.keptOutputBuffers, 1)),
                readBuffer: .allocate(byteCount: max(settings.readBufferByteCount, 1024), alignment: 64)))
        madeExecutor = LoopExecutor(self)
        signal(SIGPIPE, SIG_IGN)
        var status = uv_loop_init(loop)
        guard status == 0 else { throw NetworkError(status: status, "cannot make the event loop \(name)") }
        loop.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        status = uv_async_init(loop, wake) { handle in EventLoop.of(handle?.pointee.loop) { $0.wokenUp() } }
        uv_timer_init(loop, alarm)
        if status == 0 {
            do {
                // The thread keeps the loop alive until it ends.
                let thread = try SystemThread(name) { self.run() }
                started.withLock { $0 = thread }
                return
            } catch {
                closeUnstarted()
                throw error
            }
        }
        closeUnstarted()
        throw NetworkError(status: status, "cannot make the event loop \(name)")
    }

    // MARK: What it consists of

    /// Finds the loop of a callback of libuv and lends it.
    @inline(__always)
    static func of(_ loop: UnsafeMutablePointer<uv_loop_t>?, _ body: (EventLoop) -> Void) {
        guard let data = loop?.pointee.data else { return }
        Unmanaged<EventLoop>.fromOpaque(data)._withUnsafeGuaranteedRef(body)
    }

    deinit {
        for index in 0..<state.pointee.outputPoolCount {
            let buffer = state.pointee.outputPool[index]
            buffer.deinitialize(count: 1)
            buffer.deallocate()
        }
        state.pointee.outputPool.deallocate()
        state.pointee.readBuffer.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
        loop.deallocate()
        wake.deallocate()
        alarm.deallocate()
    }

    private func closeUnstarted() {
        uv_walk(loop, { handle, _ in uv_close(handle, nil) }, nil)
        uv_run(loop, UV_RUN_DEFAULT)
        uv_loop_close(loop)
    }
}

// MARK: The port

extension EventLoop {
    package var isCurrent: Bool {
        @inline(__always) get { thread.load(ordering: .relaxed) == SystemThread.current }
    }

    /// The time as of this turn: read at most once per callback. Only on the loop.
    package var now: MonotonicTime {
        if state.pointee.now == 0 { state.pointee.now = time.now.nanos }
        return MonotonicTime(nanos: state.pointee.now)
    }

    package func post(_ work: @escaping @Sendable () -> Void) {
        let isCurrent = isCurrent
        let mustWake = inbox.withLock { box -> Bool in
            if box.isStopped { return false }
            box.work.append(work)
            if isCurrent || box.isAwake { return false }
            box.isAwake = true
            wakers.add(1, ordering: .relaxed)
            return true
        }
        if isCurrent { state.pointee.hasWork = true }
        if mustWake {
            uv_async_send(wake)
            wakers.subtract(1, ordering: .releasing)
        }
    }

    package func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer {
        assert(isCurrent, "timers are set on the loop")
        let deadline = now + delay
        let timer = timers.add(at: deadline, work)
        if deadline.nanos < state.pointee.alarmAt { setAlarm(deadline) }
        return timer
    }

    package func cancel(_ timer: LoopTimer) {
        assert(isCurrent, "timers are cancelled on the loop")
        // The alarm stays set: it then finds nothing to do, which is cheaper than setting it anew each time.
        timers.cancel(timer)
    }

    /// How many timers wait. Only on the loop.
    package var timerCount: Int { timers.count }

    /// Looks at the timers again: a clock that is not the system's was moved. Any thread.
    package func timeMoved() { post { self.runTimers() } }

    /// Appends a job of Swift concurrency, to run at this turn's end. Only on the loop.
    func append(job: UnownedJob) {
        jobs.append(job)
        state.pointee.hasWork = true
    }

    private func setAlarm(_ deadline: MonotonicTime) {
        guard !isStopping else { return }
        state.pointee.alarmAt = deadline.nanos
        // libuv counts from its own notion of now, which is as old as this turn of its loop.
        uv_update_time(loop)
        let nanos = max(0, deadline.nanos &- time.now.nanos)
        let millis = UInt64(nanos / 1_000_000) + (nanos % 1_000_000 == 0 ? 0 : 1)
        uv_timer_start(
            alarm,
            { handle in
                EventLoop.of(handle?.pointee.loop) { loop in
                    loop.runTimers()
                    loop.endTurn()
                }
            }, millis, 0)
    }

    private func runTimers() {
        state.pointee.alarmAt = .max
        state.pointee.now = 0
        let now = now
        // What is added while they run waits for the next time, or a timer of no delay could keep the loop for itself.
        let last = timers.nextSequence
        while let work = timers.takeDue(at: now, addedBefore: last) { work() }
        if let earliest = timers.earliest, earliest.nanos < state.pointee.alarmAt { setAlarm(earliest) }
    }
}

// MARK: Turns

extension EventLoop {
    /// Ends a callback of libuv. Every callback that runs code of others calls it last.
    @inline(__always)
    func endTurn() {
        if state.pointee.hasWork || state.pointee.dirtyFirst != nil { finishWork() }
        state.pointee.now = 0
    }

    private func finishWork() {
        var rounds = 0
        while state.pointee.hasWork || state.pointee.dirtyFirst != nil {
            if rounds == settings.roundsPerTurn {
                if !isStopping { uv_async_send(wake) }
                return
            }
            if state.pointee.hasWork { runPosted() }
            flushDirty()
            rounds += 1
        }
    }

    private func wokenUp() {
        runPosted()
        endTurn()
    }

    private func runPosted() {
        state.pointee.hasWork = false
        var batch = spare
        spare = []
        inbox.withLock { box in
            swap(&box.work, &batch)
            box.isAwake = false
        }
        for work in batch { work() }
        if batch.capacity <= 4096 {
            batch.removeAll(keepingCapacity: true)
            spare = batch
        }
        if !jobs.isEmpty { runJobs() }
    }

    private func runJobs() {
        var batch = spareJobs
        spareJobs = []
        swap(&batch, &jobs)
        let executor = executor.asUnownedTaskExecutor()
        for job in batch { job.runSynchronously(on: executor) }
        batch.removeAll(keepingCapacity: true)
        spareJobs = batch
    }

    /// Notes that a connection has something to send at the turn's end.
    @inline(__always)
    func noteDirty(_ memory: UnsafeMutablePointer<TCPConnection.Memory>) {
        if memory.pointee.isDirty { return }
        memory.pointee.isDirty = true
        memory.pointee.nextDirty = nil
        if let last = state.pointee.dirtyLast {
            last.pointee.nextDirty = memory
        } else {
            state.pointee.dirtyFirst = memory
        }
        state.pointee.dirtyLast = memory
    }

    private func flushDirty() {
        var next = state.pointee.dirtyFirst
        state.pointee.dirtyFirst = nil
        state.pointee.dirtyLast = nil
        // Memory of closed connections lives until libuv's close callback, which is a turn of its own.
        while let memory = next {
            next = memory.pointee.nextDirty
            memory.pointee.nextDirty = nil
            memory.pointee.isDirty = false
            TCPConnection.of(memory) { $0.flush() }
        }
    }
}

// MARK: Buffers

extension EventLoop {
    /// An empty output buffer, kept or new.
    @inline(__always)
    func takeOutputBuffer() -> UnsafeMutablePointer<ByteBuffer> {
        if state.pointee.outputPoolCount > 0 {
            state.pointee.outputPoolCount -= 1
            return state.pointee.outputPool[state.pointee.outputPoolCount]
        }
        let buffer = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
        buffer.initialize(to: ByteBuffer(capacity: 4096))
        return buffer
    }

    /// Takes an output buffer back.
    @inline(__always)
    func giveBack(_ buffer: UnsafeMutablePointer<ByteBuffer>) {
        if state.pointee.outputPoolCount < settings.keptOutputBuffers {
            buffer.pointee.removeAll(keepingAtMost: settings.keptOutputByteCount)
            state.pointee.outputPool[state.pointee.outputPoolCount] = buffer
            state.pointee.outputPoolCount += 1
        } else {
            buffer.deinitialize(count: 1)
            buffer.deallocate()
        }
    }
}

// MARK: Life

extension EventLoop {
    private func run() {
        thread.store(SystemThread.current, ordering: .relaxed)
        wokenUp()
        if !isStopping { uv_run(loop, UV_RUN_DEFAULT) }
        closeAll()
        thread.store(0, ordering: .relaxed)
    }

    /// Asks the loop to end: what was posted before still runs, then listeners and connections are closed (their
    /// handlers hear ``NetworkError/Code/stopped``), timers are forgotten. Returns at once; see ``join()``. Any thread.
    package func stop() {
        post {
            self.isStopping = true
            uv_stop(self.loop)
        }
    }

    /// Waits until the thread has ended after ``stop()``. Any thread but the loop's.
    package func join() {
        let thread = started.withLock { $0 }
        thread?.join()
    }

    private func closeAll() {
        inbox.withLock { $0.isStopped = true }
        // Whoever decided to wake this loop must be done with it before its file descriptors are closed.
        while wakers.load(ordering: .acquiring) != 0 { sched_yield() }
        state.pointee.hasWork = false
        let own = [UnsafeMutableRawPointer(wake), UnsafeMutableRawPointer(alarm)]
        for handle in own { uv_close(handle.assumingMemoryBound(to: uv_handle_t.self), nil) }
        uv_walk(
            loop,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0, let data = handle.pointee.data else { return }
                Unmanaged<LoopResource>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.loopStops() }
            }, nil)
        // The first run may end at once, on the stop that led here.
        while uv_run(loop, UV_RUN_DEFAULT) != 0 {}
        timers.removeAll()
        let left = inbox.withLock { box in
            let left = box.work
            box.work = []
            return left
        }
        withExtendedLifetime(left) {}
        let status = uv_loop_close(loop)
        if status != 0 { logger.error("the event loop \(name) ended with open handles") }
    }
}

/// What is open on a loop and must be closed when the loop stops; found through its handle's `data`.
///
/// - Concurrency: lives on its loop.
package class LoopResource: @unchecked Sendable {
    /// Closes the handle now.
    func loopStops() {}
}
