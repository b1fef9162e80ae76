// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What an operator wants to know of every topic and partition, read when somebody scrapes. Partitions beyond a limit are
/// counted and not shown, so that thousands of them do not fill a time-series database; their topics are shown.
package final class PartitionGauges: Sendable {
    /// How often it is looked up when the oldest records were stored.
    static let interval = Duration.seconds(15)
    /// How many look-ups are under way at once.
    private static let mostLookups = 16

    private struct Age {
        var start: Offset
        var stored: WallTime?
    }

    private let log: any EventLog
    private let most: Int
    private let ages = Locked<[PartitionID: Age]>([:])
    private let time = Locked<(any TimeSource)?>(nil)

    /// Makes the gauges.
    /// - Parameter most: how many partitions are shown.
    package init(_ log: any EventLog, most: Int) {
        self.log = log
        self.most = most
    }

    /// Begins to look up the ages of the oldest records, on a loop.
    package func start(on loop: any Loop) {
        time.withLock { $0 = loop.time }
        loop.post { [self] in Lookup(self, loop).again() }
    }

    // MARK: - Ages

    /// Looks up one partition after another, each once as long as its start stays; lives on its loop.
    private final class Lookup: @unchecked Sendable {
        private let gauges: PartitionGauges
        private let loop: any Loop
        private let session: any LogSession
        private var left: [PartitionID] = []
        private var running = 0

        init(_ gauges: PartitionGauges, _ loop: any Loop) {
            self.gauges = gauges
            self.loop = loop
            session = gauges.log.session(on: loop)
        }

        func again() {
            left = gauges.shown.filter { gauges.needsLookup($0) }.reversed()
            goOn()
            _ = loop.schedule(after: PartitionGauges.interval) { [self] in again() }
        }

        private func goOn() {
            while running < PartitionGauges.mostLookups, let partition = left.popLast() {
                guard let start = gauges.log.bounds(of: partition)?.start else { continue }
                running += 1
                session.offset(in: partition, atTime: WallTime(millis: 0)) { [self] found in
                    running -= 1
                    if case .success(let found) = found {
                        gauges.note(partition, Age(start: start, stored: found.timestamp))
                    }
                    goOn()
                }
            }
        }
    }

    private var shown: [PartitionID] { Array(log.topics.all.flatMap(\.partitions).prefix(most)) }

    private func needsLookup(_ partition: PartitionID) -> Bool {
        guard let bounds = log.bounds(of: partition), bounds.start < bounds.end else { return false }
        let known = ages.withLock { $0[partition] }
        return known?.start != bounds.start || known?.stored == nil
    }

    private func note(_ partition: PartitionID, _ age: Age) {
        ages.withLock { ages in
            ages[partition] = age
            if ages.count > most * 2 {
                let topics = log.topics
                ages = ages.filter { topics[$0.key.topic] != nil }
            }
        }
    }

    // MARK: - Exposing

    private struct Row {
        let labels: String
        let bounds: PartitionBounds
        let oldest: WallTime?
    }

    /// Appends everything in Prometheus's text format.
    package func expose(into text: inout ByteBuffer) {
        let topics = log.topics.all.sorted { $0.name < $1.name }
        var rows: [Row] = []
        var hidden = 0
        var info = ""
        var bytes = ""
        let shown = Set(shown)
        for topic in topics {
            let name = "topic=\"\(topic.name.text)\""
            var sum: Int64 = 0
            for partition in topic.partitions {
                guard let bounds = log.bounds(of: partition) else { continue }
                sum += bounds.byteCount
                guard shown.contains(partition) else {
                    hidden += 1
                    continue
                }
                let age = ages.withLock { $0[partition] }
                rows.append(
                    Row(
                        labels: "\(name),partition=\"\(partition.index)\"", bounds: bounds,
                        oldest: age?.start == bounds.start && bounds.start < bounds.end ? age?.stored : nil))
            }
            let durability = topic.settings.durability
            info +=
                "tidings_topic_info{\(name),partitions=\"\(topic.partitionCount)\",durability=\"\(durability.rawValue)\","
                + "relaxed=\"\(durability.isRelaxed)\"} 1\n"
            bytes += "tidings_topic_bytes{\(name)} \(sum)\n"
        }
        Self.family("tidings_topic_info", "Topics, and what an acknowledgement of their events means.", info, &text)
        Self.family("tidings_topic_bytes", "Stored bytes.", bytes, &text)
        write("tidings_partition_start_offset", "The first offset that can be read.", rows, &text) {
            $0.bounds.start.value
        }
        write("tidings_partition_end_offset", "The offset the next record gets.", rows, &text) { $0.bounds.end.value }
        write("tidings_partition_bytes", "Stored bytes.", rows, &text) { $0.bounds.byteCount }
        write(
            "tidings_partition_last_stable_lag_records", "Records behind the oldest open transaction.",
            rows.filter { $0.bounds.lastStable < $0.bounds.end }, &text
        ) { $0.bounds.end - $0.bounds.lastStable }
        if let now = time.withLock({ $0 })?.wall {
            write(
                "tidings_partition_oldest_record_age_seconds", "How long the oldest record has been stored.",
                rows.filter { $0.oldest != nil }, &text
            ) { now.millisPassed(since: $0.oldest ?? now) / 1_000 }
        }
        Self.family(
            "tidings_partitions_not_shown", "Partitions beyond what metrics show.",
            "tidings_partitions_not_shown \(hidden)\n", &text)
    }

    private func write(
        _ name: String, _ help: String, _ rows: [Row], _ text: inout ByteBuffer, _ value: (Row) -> Int64
    ) {
        Self.family(name, help, rows.map { "\(name){\($0.labels)} \(value($0))\n" }.joined(), &text)
    }

    private static func family(_ name: String, _ help: String, _ lines: String, _ text: inout ByteBuffer) {
        if lines.isEmpty { return }
        text.append("# HELP \(name) \(help)\n# TYPE \(name) gauge\n\(lines)")
    }
}
