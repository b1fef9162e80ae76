// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whether the log stays as fast as it grows, and how soon it is there again after a kill.
enum LogScale {
    /// Grows one log, and at each size measures appends of 16 KiB and reads at its tail: rows of size, partitions, rates.
    /// - Parameter sizes: in gigabytes, ascending.
    static func curve(folder: String, sizes: [Int], partitions counts: [Int], nanos: Int64) throws -> String {
        var rows: [String] = []
        for count in counts {
            let driver = try LogDriver(folder + "/log-scale")
            let partitions = driver.topic(partitions: Int32(count))
            let large = LogDriver.batch(bytes: 512 << 10, event: 1_024)
            let batch = LogDriver.batch(bytes: 16 << 10, event: 100)
            var written = 0
            // Many partitions are measured at the first size only.
            for size in count == counts[0] ? sizes : [sizes[0]] {
                try fill(driver, large, partitions, bytes: size * 1_000_000_000 - written)
                written = size * 1_000_000_000
                let times = four(driver, batch, partitions, nanos: nanos)
                written += times.count * batch.count
                let (read, delivered) = tail(driver, batch, partitions, nanos: nanos)
                written += delivered * batch.count
                rows.append(
                    #"{"gb":\#(size),"partitions":\#(count),"append":\#(rate(times.count, batch, nanos)),"#
                        + #""p50":\#(times.micros(50)),"p999":\#(times.micros(99.9)),"tail":\#(read)}"#)
            }
            driver.stop()
        }
        return "[\(rows.joined(separator: ","))]"
    }

    /// Writes so many bytes into so many partitions, a checkpoint's pace behind, and kills itself.
    static func fillAndDie(folder: String, bytes: Int, partitions count: Int) throws {
        let driver = try LogDriver(folder)
        let partitions = driver.topic(partitions: Int32(count))
        try fill(driver, LogDriver.batch(bytes: 64 << 10, event: 1_024), partitions, bytes: bytes)
        kill(getpid(), SIGKILL)
    }

    /// Opens a log, and prints how many milliseconds that took and what was found.
    static func open(folder: String) throws {
        let clock = SystemTime()
        let began = clock.now
        let log = try Log.open(
            on: try FileDisk(root: folder), time: clock, random: SystemRandom(), logger: Logger("bench", to: nil),
            metrics: LogMetrics(Metrics()))
        let millis = Double((clock.now - began).nanos) / 1e6
        print(#"{"millis":\#(millis),"rounds":\#(log.recovery.rounds),"clean":\#(log.recovery.wasClean)}"#)
        log.abandon()
    }

    private static func append(
        _ driver: LogDriver, _ batch: [UInt8], _ partition: PartitionID, _ then: @escaping LogDriver.Answer
    ) throws {
        try batch.withUnsafeBytes { bytes in
            _ = try driver.session.append(batch: bytes, to: partition, then: then)
        }
    }

    private static func fill(
        _ driver: LogDriver, _ batch: [UInt8], _ partitions: [PartitionID], bytes: Int
    ) throws {
        let count = max(bytes, 0) / batch.count
        guard count > 0 else { return }
        let _: Bool = driver.run { done in
            var left = count
            var inFlight = 0
            func next() {
                while left > 0, inFlight < 8 {
                    left -= 1
                    inFlight += 1
                    try? append(driver, batch, partitions[left % partitions.count]) { result in
                        guard case .success = result else { fatalError("\(result)") }
                        inFlight -= 1
                        if left == 0, inFlight == 0 { done(true) } else { next() }
                    }
                }
            }
            next()
        }
    }

    /// A reader that keeps up with four writers: MB/s that it was given, and how many batches.
    private static func tail(
        _ driver: LogDriver, _ batch: [UInt8], _ partitions: [PartitionID], nanos: Int64
    ) -> (Double, Int) {
        let delivered = Counted()
        let follower: LogFollower = driver.run { done in
            done(driver.session.follow { round in delivered.batches += round.batches.count })
        }
        _ = four(driver, batch, partitions, nanos: nanos)
        let batches: Int = driver.run { done in
            driver.session.unfollow(follower)
            done(delivered.batches)
        }
        return (rate(batches, batch, nanos), batches)
    }

    /// Four writers, each append to the next partition.
    private static func four(
        _ driver: LogDriver, _ batch: [UInt8], _ partitions: [PartitionID], nanos: Int64
    ) -> Percentiles {
        let appended = Counted()
        return driver.chains(4, nanos: nanos) { _, then in
            appended.batches += 1
            try? append(driver, batch, partitions[appended.batches % partitions.count], then)
        }
    }

    private static func rate(_ count: Int, _ batch: [UInt8], _ nanos: Int64) -> Double {
        Double(count * batch.count) / Double(nanos) * 1e3
    }

    /// On the loop.
    private final class Counted: @unchecked Sendable {
        var batches = 0
    }
}
