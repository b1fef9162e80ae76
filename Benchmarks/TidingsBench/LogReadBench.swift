// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore
import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The read path of the log: at the tail with one reader and six, and what is no longer in memory beside plain reads.
final class LogReadBench: @unchecked Sendable {
    private let folder: String
    private let share: Int64
    private var rows: [String] = []

    init(folder: String, share: Int64) {
        self.folder = folder
        self.share = share
    }

    func run() throws -> [String] {
        try tail()
        try cold(bytes: 256 << 20)
        return rows
    }

    /// What a delivered batch costs: the process's time with readers less that without, per batch and reader.
    private func tail() throws {
        let driver = try LogDriver(folder + "/log-tail")
        defer { driver.stop() }
        let batch = LogDriver.batch(bytes: 16 << 10, event: 100)
        let count = 3_000
        var costs: [Int: (cpu: Double, copies: Int)] = [:]
        for readers in [0, 1, 6] {
            let partition = driver.topic(partitions: 1)[0]
            let began = LogDriver.cpu
            let copies: Int = driver.run { done in
                var followers: [LogFollower] = []
                var owners: Set<UnsafeRawPointer> = []
                var checked = 0
                for _ in 0..<readers {
                    var next = Offset.zero
                    followers.append(
                        driver.session.follow { round in
                            // As a fetch does: from its position on, the bytes as they are stored.
                            while let found = driver.session.recent(partition, from: next) {
                                next = found.lastOffset.next
                                checked &+= Int(found.bytes[found.bytes.count - 1])
                                owners.insert(found.bytes.baseAddress!)
                            }
                        })
                }
                var left = count
                func append() {
                    if left == 0 {
                        followers.forEach { driver.session.unfollow($0) }
                        return done(owners.count)
                    }
                    left -= 1
                    batch.withUnsafeBytes { bytes in
                        _ = try? driver.session.append(batch: bytes, to: partition) { _ in append() }
                    }
                }
                append()
            }
            costs[readers] = (LogDriver.cpu - began, copies)
        }
        guard let none = costs[0], let one = costs[1], let six = costs[6] else { return }
        let micros = 1e6 / Double(count)
        rows.append(
            BenchRow.json(
                "tail: CPU per batch delivered, six readers against one",
                max(six.cpu - none.cpu, 0) / 6 * micros, max(one.cpu - none.cpu, 0) * micros, "µs"))
        rows.append(
            BenchRow.json(
                "tail: CPU per batch appended, six readers against none", six.cpu * micros, none.cpu * micros, "µs"))
        rows.append(
            BenchRow.json(
                "tail: pieces of memory, six readers against one", Double(six.copies), Double(max(one.copies, 1)), "",
                most: 1.05))
    }

    private func cold(bytes: Int) throws {
        let path = folder + "/log-cold"
        let batch = LogDriver.batch(bytes: 64 << 10, event: 1_024)
        let count = bytes / batch.count
        var driver = try LogDriver(path)
        let partition = driver.topic(partitions: 1)[0]
        let writing = driver
        let _: Bool = writing.run { done in
            var left = count
            var inFlight = 0
            func next() {
                while left > 0, inFlight < 16 {
                    left -= 1
                    inFlight += 1
                    batch.withUnsafeBytes { raw in
                        _ = try? writing.session.append(batch: raw, to: partition) { _ in
                            inFlight -= 1
                            if left == 0, inFlight == 0 { done(true) } else { next() }
                        }
                    }
                }
            }
            next()
        }
        driver.stop(keepsFolder: true)
        for (name, isCached) in [("page cache", true), ("disk", false)] {
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<3 {
                if !isCached { LogReadBench.forgetPages(path) }
                driver = try LogDriver(path)
                let reading = driver
                let began = reading.clock.now.nanos
                let total: Int = reading.run { done in
                    var total = 0
                    func next(_ offset: Offset) {
                        reading.session.read(partition, from: offset, maxBytes: 1 << 20) { result in
                            guard case .success(let found) = result, let last = found.last else { return done(total) }
                            for batch in found { total += batch.bytes.count }
                            next(last.lastOffset.next)
                        }
                    }
                    next(.zero)
                }
                ours.append(Double(total) / Double(reading.clock.now.nanos - began) * 1e3)
                driver.stop(keepsFolder: true)
                if !isCached { LogReadBench.forgetPages(path) }
                theirs.append(LogReadBench.readAll(path))
            }
            rows.append(
                BenchRow.json(
                    "read in order from the \(name), CRC verified, against pread", ours.sorted()[1], theirs.sorted()[1],
                    "MB/s", least: 0.7))
        }
        LogDriver.remove(path)
    }

    private static func segments(_ path: String) -> [String] {
        guard let disk = try? FileDisk(root: path), let names = try? disk.list("log/bench-1-0") else { return [] }
        return names.filter { $0.hasSuffix(".log") }.map { path + "/log/bench-1-0/" + $0 }
    }

    /// Lets the system forget what it holds of the segments.
    private static func forgetPages(_ path: String) {
        for segment in segments(path) {
            let file = open(segment, O_RDONLY)
            fdatasync(file)
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
            close(file)
        }
    }

    /// MB/s of plain reads of a mebibyte each.
    private static func readAll(_ path: String) -> Double {
        let clock = SystemTime()
        let room = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { room.deallocate() }
        let began = clock.now.nanos
        var total = 0
        for segment in segments(path) {
            let file = open(segment, O_RDONLY)
            defer { close(file) }
            while true {
                let got = read(file, room, 1 << 20)
                if got <= 0 { break }
                total += got
            }
        }
        return Double(total) / Double(clock.now.nanos - began) * 1e3
    }
}
