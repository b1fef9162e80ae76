// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import KafkaProtocol
import Synchronization
import TidingsCore
import TidingsLog
import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Appends that wait for their sync, from one and from many callers, beside raw writes and syncs of the same size into
/// blocks written before; in alternating rounds.
final class LogBench: @unchecked Sendable {
    private let folder: String
    private let seconds: Int
    private let clock = SystemTime()

    init(folder: String, seconds: Int) {
        self.folder = folder
        self.seconds = seconds
    }

    func run() throws -> String {
        let disk = try FileDisk(root: folder + "/log-bench")
        let log = try Log.open(
            on: disk, time: SystemTime(), random: SystemRandom(), logger: Logger("bench", to: nil),
            metrics: LogMetrics(Metrics()))
        log.start()
        defer { log.stop() }
        let loop = try EventLoop("caller")
        let caller = Caller(log.session(on: loop), loop)
        let rounds = 3
        var rows: [String] = []
        for (callers, goal) in [(1, 1.15), (8, 1.35), (64, 1.35)] {
            var ours = (p50: [Double](), rate: [Double](), perSync: [Double]())
            var raw = [Double]()
            for _ in 0..<rounds {
                let share = Int64(seconds) * 1_000_000_000 / Int64(rounds * 2)
                let before = log.lastRound
                let times = caller.run(callers, nanos: share)
                let syncs = max(log.lastRound - before, 1)
                ours.p50.append(times.micros(50))
                ours.rate.append(Double(times.count) / (Double(share) / 1e9))
                ours.perSync.append(Double(times.count) / Double(syncs))
                raw.append(try writeRaw(bytes: 4_096 * max(1, callers * 250 / 4_096 + 1), nanos: share))
            }
            func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
            rows.append(
                #"{"what":"\#(callers) caller\#(callers > 1 ? "s" : "")","p50":\#(median(ours.p50)),"raw_p50":\#(median(raw)),"goal":\#(goal),"#
                    + #""rate":\#(median(ours.rate)),"events_per_sync":\#(median(ours.perSync))}"#)
        }
        return #"{"rows":[\#(rows.joined(separator: ","))]}"#
    }

    /// The p50 of writing and syncing so many bytes into a file whose blocks were written before.
    private func writeRaw(bytes: Int, nanos: Int64) throws -> Double {
        let path = folder + "/raw-bench"
        let file = open(path, O_RDWR | O_CREAT, 0o644)
        defer {
            close(file)
            unlink(path)
        }
        let size = 16 << 20
        let block = [UInt8](repeating: 7, count: size)
        pwrite(file, block, size, 0)
        fsync(file)
        var times = Percentiles()
        var at = 0
        let end = clock.now.nanos + nanos
        while true {
            let began = clock.now.nanos
            if began >= end { break }
            pwrite(file, block, bytes, off_t(at))
            tidings_sync_data(file)
            times.add(clock.now.nanos - began)
            at = at + bytes * 2 > size ? 0 : at + bytes
        }
        return times.micros(50)
    }

    /// One loop with chains of appends, each of which waits for its round.
    private final class Caller: @unchecked Sendable {
        private let session: any LogSession
        private let loop: EventLoop
        private let clock = SystemTime()
        private var buffer = AppendBuffer()
        private var times = Percentiles()
        private var partition: PartitionID?
        private let value = [UInt8](repeating: 0x78, count: 150)

        init(_ session: any LogSession, _ loop: EventLoop) {
            self.session = session
            self.loop = loop
        }

        func run(_ callers: Int, nanos: Int64) -> Percentiles {
            let done = Mutex<Percentiles?>(nil)
            loop.post { [self] in
                times = Percentiles()
                let begin = { [self] in
                    let end = clock.now.nanos + nanos
                    var left = callers
                    for _ in 0..<callers {
                        append(until: end) {
                            left -= 1
                            if left == 0 { done.withLock { $0 = self.times } }
                        }
                    }
                }
                if partition != nil { return begin() }
                session.createTopic(TopicName("bench")!, partitions: 4) { [self] made in
                    guard case .success(let topic) = made else { fatalError("the topic was not made") }
                    partition = PartitionID(topic.id, 0)
                    begin()
                }
            }
            while true {
                if let times = done.withLock({ $0 }) { return times }
                usleep(1_000)
            }
        }

        private func append(until end: Int64, _ then: @escaping () -> Void) {
            let began = clock.now.nanos
            if began >= end { return then() }
            buffer.removeAll()
            buffer.add(to: partition!, at: clock.wall) { body in
                value.withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
            }
            do {
                try session.append(&buffer) { [self] _ in
                    times.add(clock.now.nanos - began)
                    append(until: end, then)
                }
            } catch {
                fatalError("the append was refused: \(error)")
            }
        }
    }
}
