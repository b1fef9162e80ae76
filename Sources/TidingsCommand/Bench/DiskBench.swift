// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsLog
import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Measures what a disk can do for the log: the bare sync, then the log itself on top of it.
///
/// - Concurrency: called from one thread, which waits; the log's callers live on one event loop.
final class DiskBench {
    /// Latencies of one measurement, and how fast it went.
    struct Result: Sendable {
        let name: String
        let p50: Duration
        let p99: Duration
        let perSecond: Double
        let bytesPerSecond: Double
        /// Events that shared one sync, on average; nil where that means nothing.
        let perSync: Double?
    }

    private let disk: FileDisk
    private let time = SystemTime()
    private let span: Duration
    private let progress: (String) -> Void

    init(_ disk: FileDisk, span: Duration, progress: @escaping (String) -> Void) {
        self.disk = disk
        self.span = span
        self.progress = progress
    }

    /// Everything, in order: bare syncs of two sizes, then callers, then batch sizes.
    func run() throws -> [Result] {
        var results: [Result] = []
        for bytes in [4 << 10, 64 << 10, 1 << 20] {
            progress("writing and syncing \(bytes >> 10) KiB")
            results.append(try raw(bytes))
        }
        for callers in [1, 8, 64] {
            progress("\(callers) callers, one event each")
            results.append(try log("\(callers) caller\(callers == 1 ? "" : "s"), 1 event", callers: callers, events: 1))
        }
        for (name, events) in [("16 KiB", 16), ("256 KiB", 256), ("1 MiB", 1024)] {
            progress("4 callers, batches of \(name)")
            results.append(try log("4 callers, batches of \(name)", callers: 4, events: events))
        }
        return results
    }

    /// One write and one sync after the other, into a file that was written before.
    private func raw(_ byteCount: Int) throws -> Result {
        let file = try disk.open("raw", .create)
        let bytes = SharedBytes(capacity: byteCount) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0x5A)
            return byteCount
        }
        let places = max(1, (32 << 20) / byteCount)
        for place in 0..<places { try file.write(bytes.buffer, at: Int64(place * byteCount)) }
        try file.sync()
        var times: [Duration] = []
        let begun = time.now
        while time.now - begun < span {
            let before = time.now
            try file.write(bytes.buffer, at: Int64(times.count % places * byteCount))
            try file.sync()
            times.append(time.now - before)
        }
        return summary("sync of \(byteCount >> 10) KiB", times, time.now - begun, byteCount, perSync: nil)
    }

    private func summary(
        _ name: String, _ times: [Duration], _ span: Duration, _ byteCount: Int, events: Int = 1, perSync: Double?
    ) -> Result {
        let sorted = times.sorted()
        let seconds = max(Double(span.nanos) / 1e9, 1e-9)
        func at(_ share: Double) -> Duration {
            sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
        return Result(
            name: name, p50: at(0.5), p99: at(0.99), perSecond: Double(times.count * events) / seconds,
            bytesPerSecond: Double(times.count * byteCount) / seconds, perSync: perSync)
    }

    /// Callers that each append again as soon as they were answered.
    private func log(_ name: String, callers: Int, events: Int) throws -> Result {
        let metrics = Metrics()
        let log = try Log.open(
            on: disk, time: time, random: SystemRandom(), logger: Logger("log", to: nil), metrics: LogMetrics(metrics))
        log.start()
        defer { log.stop() }
        let loops = try EventLoopGroup(count: 1)
        defer {
            loops.stop()
            loops.join()
        }
        let run = CallerRun(log, loops.loops[0], callers: callers, events: events, span: span, time: time)
        let firstRound = log.lastRound
        let times = run.wait()
        let rounds = log.lastRound - firstRound
        if let failure = run.failure { throw failure }
        return summary(
            name, times, run.took, events * 1024, events: events,
            perSync: Double(run.answered * events) / Double(max(rounds, 1)))
    }
}

/// What the callers of one measurement share.
///
/// - Concurrency: its loop's, but for ``wait()``.
private final class CallerRun: @unchecked Sendable {
    private let loop: EventLoop
    private let log: Log
    private let session: Locked<(any LogSession)?> = Locked(nil)
    private let done = Locked(false)
    private let callers: Int
    private let events: Int
    private let span: Duration
    private let time: SystemTime
    private var times: [Duration] = []
    private var begun: MonotonicTime
    /// All appends that were answered, those of the warm-up with them.
    private(set) var answered = 0
    private var left = 0
    private var buffer = AppendBuffer()
    private(set) var took = Duration.zero
    private(set) var failure: LogError?

    init(_ log: Log, _ loop: EventLoop, callers: Int, events: Int, span: Duration, time: SystemTime) {
        self.log = log
        self.loop = loop
        self.callers = callers
        self.events = events
        self.span = span
        self.time = time
        begun = time.now
    }

    /// Runs to the end; the time each append took.
    func wait() -> [Duration] {
        loop.post { self.begin() }
        while !done.withLock({ $0 }) { usleep(2_000) }
        return times
    }

    private func begin() {
        let session = log.session(on: loop)
        self.session.withLock { $0 = session }
        let name = TopicName("bench-\(callers)-\(events)")
        session.createTopic(name ?? TopicName("bench")!, partitions: 1) { result in
            switch result {
            case .failure(let error): self.end(error)
            case .success(let topic):
                // The first blocks are filled with zeros meanwhile; a server is past that long before it is asked.
                self.begun = self.time.now + .milliseconds(300)
                self.left = self.callers
                for _ in 0..<self.callers { self.call(session, topic.partitions[0]) }
            }
        }
    }

    private func end(_ error: LogError?) {
        failure = failure ?? error
        took = time.now - begun
        done.withLock { $0 = true }
    }

    private func call(_ session: any LogSession, _ partition: PartitionID) {
        let before = time.now
        if before - begun >= span || failure != nil {
            left -= 1
            if left == 0 { end(nil) }
            return
        }
        buffer.removeAll()
        for _ in 0..<events {
            buffer.add(to: partition, at: time.wall) { body in
                // No key, a value that does not compress, no headers: 1 KiB in all.
                body.append(varint: -1)
                body.append(varint: 1000)
                for place in 0..<125 { body.append(bigEndian: UInt64(place) &* 0x9E37_79B9_7F4A_7C15) }
                body.append(varint: 0)
            }
        }
        do throws(LogError) {
            try session.append(&buffer) { result in
                if case .failure(let error) = result { self.failure = error }
                self.answered += 1
                if before >= self.begun { self.times.append(self.time.now - before) }
                self.call(session, partition)
            }
        } catch {
            failure = error
            left -= 1
            if left == 0 { end(error) }
        }
    }
}
