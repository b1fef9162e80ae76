// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog

/// The write path of the log, beside raw writes and syncs of the same bytes into blocks written before, in alternating
/// rounds; the median round counts. Every line is a pair of figures and, where there is one, the goal of their ratio.
final class LogBench: @unchecked Sendable {
    private let folder: String
    private let share: Int64
    private let rounds = 3
    private let value = [UInt8](repeating: 0x78, count: 150)
    private var rows: [String] = []
    private var driver: LogDriver

    init(folder: String, seconds: Int) throws {
        self.folder = folder
        share = Int64(seconds) * 100_000_000
        driver = try LogDriver(folder + "/log-bench")
    }

    /// - Parameter part: the only part to run; nil: all of them.
    func run(_ part: String?) throws -> String {
        let parts: [(name: String, run: () throws -> Void)] = [
            ("callers", callers), ("batches", batches), ("dirty", dirty), ("relaxed", relaxed),
            ("written", bytesWritten),
            ("reads", { self.rows += try LogReadBench(folder: self.folder, share: self.share).run() }),
        ]
        for (name, run) in parts where part == nil || part == name { try run() }
        driver.stop()
        return "[\(rows.joined(separator: ","))]"
    }

    // MARK: parts

    private func callers() {
        let partition = driver.topic(partitions: 4)[0]
        for (callers, goal) in [(1, 1.15), (8, 1.35), (64, 1.35)] {
            let before = driver.log.lastRound
            var count = 0
            let (ours, raw) = paired {
                let times = self.events(value, callers, to: [partition])
                count += times.count
                return times
            } raw: {
                LogDriver.raw(self.folder, bytes: callers * 250, nanos: self.share)
            }
            let name = callers == 1 ? "1 caller" : "\(callers) callers"
            row("\(name): p50", ours.p50, raw.p50, "µs", most: goal)
            row(
                "\(name): events/s against syncs/s × callers", ours.rate, raw.rate * Double(callers), "/s",
                least: callers == 64 ? 0.75 : nil)
            let syncs = Double(driver.log.lastRound - before)
            row("\(name): events per sync", Double(count) / max(syncs, 1), 1, "")
            if callers == 8 { row("8 callers: p99.9 to p50", ours.p999, ours.p50, "µs", most: 10) }
        }
    }

    private func events(_ value: [UInt8], _ callers: Int, to partitions: [PartitionID]) -> Percentiles {
        let driver = driver
        let buffer = Buffer()
        return driver.chains(callers, nanos: share) { _, then in
            buffer.append(value, to: partitions, driver, then)
        }
    }

    private func batches() {
        for (name, size) in [("16 KiB", 16 << 10), ("64 KiB", 64 << 10), ("256 KiB", 256 << 10), ("1 MiB", 1 << 20)] {
            for event in [100, 1_024] {
                let batch = LogDriver.batch(bytes: size, event: event)
                for (writers, goal) in [(1, 0.75), (4, 0.85)] {
                    let partitions = driver.topic(partitions: Int32(writers))
                    let (ours, raw) = paired {
                        self.driver.batches(batch, to: partitions, nanos: self.share)
                    } raw: {
                        LogDriver.raw(self.folder, bytes: batch.count, nanos: self.share)
                    }
                    let grown = figures(LogDriver.raw(folder, bytes: batch.count, nanos: share, grows: true))
                    let mega = Double(batch.count) / 1e6
                    let what = "\(name), \(event) B events, \(writers) writer\(writers > 1 ? "s" : "")"
                    row("batches of \(what), against a file", ours.rate * mega, grown.rate * mega, "MB/s", least: goal)
                    row("batches of \(what), against written blocks", ours.rate * mega, raw.rate * mega, "MB/s")
                    if writers == 4, event == 100 {
                        row("batches of \(name), 4 writers: p99.9 to p50", ours.p999, ours.p50, "µs", most: 10)
                    }
                }
            }
        }
    }

    private func dirty() {
        for (count, goal) in [(100, 2.0), (1_000, 5.0)] {
            let partitions = driver.topic(partitions: Int32(count))
            // The same bytes, in as many batches, in one partition: each append brings what is a batch there.
            let batch = Array(repeating: partitions[0], count: count)
            let (many, one) = paired {
                self.events(value, 1, to: partitions)
            } raw: {
                self.events(value, 1, to: batch)
            }
            row("\(count) dirty partitions in every round against one: p50", many.p50, one.p50, "µs", most: goal)
        }
    }

    private func relaxed() {
        let driver = driver
        for durability in [TopicSettings.Durability.interval, .os] {
            let partitions: [PartitionID] = driver.run { done in
                var settings = TopicSettings()
                settings.durability = durability
                driver.session.createTopic(
                    TopicName("bench-\(durability.rawValue)")!, partitions: 1, settings: settings
                ) { made in done((try? made.get().partitions) ?? []) }
            }
            let (ours, synced) = paired {
                self.events(value, 1, to: partitions)
            } raw: {
                LogDriver.raw(self.folder, bytes: 250, nanos: self.share)
            }
            row("1 caller, durability \(durability.rawValue): p50", ours.p50, synced.p50, "µs")
        }
    }

    /// What reaches the disk of each byte appended, with everything that is written behind and a clean end.
    private func bytesWritten() throws {
        for (name, size, count) in [("250 B", 250, 4_000), ("16 KiB", 16 << 10, 2_000), ("1 MiB", 1 << 20, 200)] {
            let batch = LogDriver.batch(bytes: size, event: 100)
            let driver = try LogDriver(folder + "/log-written")
            let partitions = driver.topic(partitions: 4)
            let before = LogDriver.written
            let _: Bool = driver.run { done in
                var left = count
                var inFlight = 0
                func next() {
                    while left > 0, inFlight < 4 {
                        left -= 1
                        inFlight += 1
                        batch.withUnsafeBytes { bytes in
                            _ = try? driver.session.append(batch: bytes, to: partitions[left % 4]) { _ in
                                inFlight -= 1
                                if left == 0, inFlight == 0 { done(true) } else { next() }
                            }
                        }
                    }
                }
                next()
            }
            driver.stop()
            row(
                "bytes to disk per byte appended, batches of \(name)", Double(LogDriver.written - before),
                Double(batch.count * count), "B")
        }
    }

    // MARK: figures

    private struct Figures {
        var p50 = 0.0
        var p999 = 0.0
        var rate = 0.0
    }

    private func paired(_ ours: () -> Percentiles, raw: () -> Percentiles) -> (Figures, Figures) {
        var found: ([Figures], [Figures]) = ([], [])
        for _ in 0..<rounds {
            found.0.append(figures(ours()))
            found.1.append(figures(raw()))
        }
        return (median(found.0), median(found.1))
    }

    private func figures(_ times: Percentiles) -> Figures {
        Figures(
            p50: times.micros(50), p999: times.micros(99.9), rate: Double(times.count) / (Double(share) / 1e9))
    }

    private func median(_ figures: [Figures]) -> Figures {
        func middle(_ key: (Figures) -> Double) -> Double { figures.map(key).sorted()[figures.count / 2] }
        return Figures(p50: middle(\.p50), p999: middle(\.p999), rate: middle(\.rate))
    }

    private func row(
        _ what: String, _ ours: Double, _ theirs: Double, _ unit: String, least: Double? = nil, most: Double? = nil
    ) {
        rows.append(BenchRow.json(what, ours, theirs, unit, least: least, most: most))
    }

    /// A buffer that is kept, on the loop.
    private final class Buffer: @unchecked Sendable {
        private var buffer = AppendBuffer()

        func append(
            _ value: [UInt8], to partitions: [PartitionID], _ driver: LogDriver, _ then: @escaping LogDriver.Answer
        ) {
            buffer.removeAll()
            let now = driver.clock.wall
            for partition in partitions {
                buffer.add(to: partition, at: now) { body in
                    value.withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
                }
            }
            do {
                try driver.session.append(&buffer, then: then)
            } catch {
                fatalError("the append was refused: \(error)")
            }
        }
    }
}

/// One line of the table.
enum BenchRow {
    static func json(
        _ what: String, _ ours: Double, _ theirs: Double, _ unit: String, least: Double? = nil, most: Double? = nil
    ) -> String {
        let goal = least.map { #","least":\#($0)"# } ?? most.map { #","most":\#($0)"# } ?? ""
        return #"{"what":"\#(what)","ours":\#(ours),"theirs":\#(theirs),"unit":"\#(unit)"\#(goal)}"#
    }
}
