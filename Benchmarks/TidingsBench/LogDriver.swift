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

/// A started log in a folder of its own, and one loop that appends to it: what the parts of the log's benchmark share.
final class LogDriver: @unchecked Sendable {
    let folder: String
    let log: Log
    let loop: EventLoop
    let session: any LogSession
    let clock = SystemTime()
    private var topics = 0

    init(_ folder: String, settings: LogSettings = LogSettings()) throws {
        self.folder = folder
        log = try Log.open(
            on: try FileDisk(root: folder), settings: settings, time: SystemTime(), random: SystemRandom(),
            logger: Logger("bench", to: nil), metrics: LogMetrics(Metrics()))
        log.start()
        loop = try EventLoop("caller")
        session = log.session(on: loop)
    }

    /// Ends it, and removes its folder unless told otherwise.
    func stop(keepsFolder: Bool = false) {
        log.stop()
        loop.stop()
        loop.join()
        if !keepsFolder { LogDriver.remove(folder) }
    }

    static func remove(_ folder: String) {
        for path in everything(below: folder).reversed() { Glibc.remove(path) }
    }

    /// Everything below a folder, parents first.
    private static func everything(below path: String) -> [String] {
        var found = [path]
        guard let stream = opendir(path) else { return found }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { found += everything(below: path + "/" + name) }
        }
        return found
    }

    /// Runs `work` on the loop and waits for what it hands to its argument.
    func run<Value: Sendable>(_ work: @escaping @Sendable (@escaping (Value) -> Void) -> Void) -> Value {
        let done = Mutex<Value?>(nil)
        loop.post { work { value in done.withLock { $0 = value } } }
        while true {
            if let value = done.withLock({ $0 }) { return value }
            usleep(500)
        }
    }

    func topic(partitions: Int32) -> [PartitionID] {
        topics += 1
        let name = TopicName("bench-\(topics)")!
        return run { [self] done in
            session.createTopic(name, partitions: partitions) { made in
                guard case .success(let topic) = made else { fatalError("the topic was not made: \(made)") }
                done(topic.partitions)
            }
        }
    }

    /// What an append is answered with.
    typealias Answer = (Result<UInt64, LogError>) -> Void

    /// Chains of appends, each of which begins when the one before it is durable; the times of all.
    /// - Parameter append: appends for a chain, and has its argument called when it is durable.
    func chains(
        _ count: Int, nanos: Int64, _ append: @escaping @Sendable (Int, @escaping Answer) -> Void
    ) -> Percentiles {
        run { [clock] done in
            let began = clock.now.nanos
            let chains = Chains(count, until: began + nanos, clock, append, done)
            for chain in 0..<count { chains.next(chain, began) }
        }
    }

    /// As little beside the appends as can be: they are what is measured.
    private final class Chains {
        private var times = Percentiles()
        private var left: Int
        private let end: Int64
        private let clock: SystemTime
        private let append: (Int, @escaping Answer) -> Void
        private let done: (Percentiles) -> Void

        init(
            _ count: Int, until end: Int64, _ clock: SystemTime, _ append: @escaping (Int, @escaping Answer) -> Void,
            _ done: @escaping (Percentiles) -> Void
        ) {
            left = count
            self.end = end
            self.clock = clock
            self.append = append
            self.done = done
        }

        func next(_ chain: Int, _ began: Int64) {
            if began >= end {
                left -= 1
                if left == 0 { done(times) }
                return
            }
            append(chain) { result in
                guard case .success = result else { fatalError("\(result)") }
                let now = self.clock.now.nanos
                self.times.add(now - began)
                self.next(chain, now)
            }
        }
    }

    /// The same for whole batches, chain by chain to a partition of its own.
    func batches(_ batch: [UInt8], to partitions: [PartitionID], nanos: Int64) -> Percentiles {
        chains(partitions.count, nanos: nanos) { [self] chain, then in
            batch.withUnsafeBytes { bytes in
                do {
                    _ = try session.append(batch: bytes, to: partitions[chain], then: then)
                } catch { fatalError("the append was refused: \(error)") }
            }
        }
    }

    /// A client's batch of about so many bytes, of events of so many.
    static func batch(bytes: Int, event: Int) -> [UInt8] {
        var builder = RecordBatchBuilder(capacity: bytes)
        var number = 0
        while builder.byteCount + event + 30 <= bytes || number == 0 {
            var body = ByteBuffer()
            let value = (0..<event).map { UInt8(truncatingIfNeeded: ($0 &* 31 &+ number) & 0x7F) }
            value.withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
            builder.add(body: body.bytes, timestamp: WallTime(millis: 1_700_000_000_000))
            number += 1
        }
        return [UInt8](builder.seal(baseOffset: .zero, compresses: false))
    }

    /// Writes and syncs so many bytes one after the other into a file whose blocks were written before, or into one that
    /// grows, as a plain log's does: the times.
    static func raw(_ folder: String, bytes: Int, nanos: Int64, grows: Bool = false) -> Percentiles {
        let path = folder + "/raw-bench"
        let file = open(path, O_RDWR | O_CREAT, 0o644)
        defer {
            close(file)
            unlink(path)
        }
        let size = 64 << 20
        let block = [UInt8](repeating: 7, count: size)
        if !grows { pwrite(file, block, size, 0) }
        fsync(file)
        let clock = SystemTime()
        var times = Percentiles()
        var at = 0
        let padded = (bytes + 4095) / 4096 * 4096
        let end = clock.now.nanos + nanos
        while true {
            let began = clock.now.nanos
            if began >= end { break }
            pwrite(file, block, padded, off_t(at))
            tidings_sync_data(file)
            times.add(clock.now.nanos - began)
            at += padded
            if at + padded > (grows ? 1 << 30 : size) {
                at = 0
                if grows { ftruncate(file, 0) }
            }
        }
        return times
    }

    /// Bytes this process had written to disks.
    static var written: Int {
        guard let disk = try? FileDisk(root: "/proc/self"), let file = try? disk.open("io", .read) else { return 0 }
        let bytes = SharedBytes(capacity: 4_096) { room in (try? file.read(into: room, at: 0)) ?? 0 }
        for line in bytes.buffer.text.split(separator: "\n") where line.hasPrefix("write_bytes: ") {
            return Int(line.dropFirst(13)) ?? 0
        }
        return 0
    }

    /// Seconds of processor time that this process has used.
    static var cpu: Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
