// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Judges a log by what its clients sent, were told and read, in O(n log n); after the checkers that Jepsen uses for Kafka
/// and NATS.
///
/// A value that is sent again after a doubt keeps its name. A worker has one operation under way at a time.
package struct HistoryChecker {
    /// What is to be judged.
    package struct Expectations: Sendable {
        /// Whether readers read everything at the end, so that what was not seen is lost.
        package var isDrained = true
        /// Whether the values of one send are stored together or not at all.
        package var isAtomic = true
        /// Whether a repeated send is stored once (idempotence).
        package var isIdempotent = false

        /// Drained, atomic, not idempotent.
        package init() {}
    }

    private struct Sent {
        var attempts = 0
        var isAcknowledged = false
        var isInDoubt = false
        var firstInvoked: Int64
        /// The last request it was part of.
        var request: Int
        /// Whether any place of it was polled.
        var isRead = false
        /// All its places, as index into the positions of their partition.
        var places: [Place] = []
    }

    private struct Place: Hashable {
        let partition: Int
        let offset: Int64
    }

    private let expectations: Expectations
    private var report = HistoryReport()
    private var sent: [HistoryValue: Sent] = [:]
    /// The values of each request.
    private var requests: [[HistoryValue]] = []
    /// What lies at each offset, by every word of it.
    private var log: [Int: [Int64: HistoryValue]] = [:]
    /// The offsets of each partition, sorted: an offset's index is its position. Offsets without a value do not count.
    private var positions: [Int: [Int64]] = [:]
    /// When each offset was first known to be there.
    private var knownAt: [Place: Int64] = [:]
    private var polled: Set<Place> = []

    private init(_ expectations: Expectations) { self.expectations = expectations }

    /// Judges a history, whose events are in the order of time.
    package static func check(_ events: [HistoryEvent], _ expectations: Expectations = Expectations()) -> HistoryReport
    {
        var checker = Self(expectations)
        checker.gather(events)
        checker.judgeValues()
        checker.judgeWorkers(events)
        return checker.report
    }

    // MARK: what is known

    private mutating func gather(_ events: [HistoryEvent]) {
        var open: [Int: Int] = [:]
        for event in events {
            switch event.operation {
            case .send(let places): gather(event, places, &open)
            case .poll(let places):
                for place in places {
                    guard let partition = place.partition, let offset = place.offset else { continue }
                    learn(place.value, partition, offset, at: event.time)
                    polled.insert(Place(partition: partition, offset: offset))
                    sent[place.value]?.isRead = true
                    if sent[place.value] == nil {
                        report.found(.phantom, "\(place) was read by worker \(event.worker), and nobody sent it")
                    }
                }
            default: break
            }
        }
        for (partition, values) in log { positions[partition] = values.keys.sorted() }
    }

    private mutating func gather(_ event: HistoryEvent, _ places: [HistoryPlace], _ open: inout [Int: Int]) {
        if event.phase == .invoke {
            open[event.worker] = requests.count
            for place in places {
                sent[place.value, default: Sent(firstInvoked: event.time, request: 0)].attempts += 1
                sent[place.value]?.request = requests.count
                // Until told otherwise.
                sent[place.value]?.isInDoubt = true
            }
            requests.append(places.map(\.value))
            return
        }
        guard let request = open.removeValue(forKey: event.worker) else { return }
        for place in places {
            guard sent[place.value] != nil else {
                report.found(.phantom, "\(place) was acknowledged to worker \(event.worker), which did not send it")
                continue
            }
            if event.phase == .ok {
                sent[place.value]?.isAcknowledged = true
                if sent[place.value]?.attempts == 1 { sent[place.value]?.isInDoubt = false }
                if let partition = place.partition, let offset = place.offset {
                    learn(place.value, partition, offset, at: event.time)
                }
            }
        }
        guard event.phase == .fail else { return }
        for value in requests[request] where sent[value]?.attempts == 1 { sent[value]?.isInDoubt = false }
    }

    private mutating func learn(_ value: HistoryValue, _ partition: Int, _ offset: Int64, at time: Int64) {
        let place = Place(partition: partition, offset: offset)
        if let other = log[partition]?[offset] {
            if other != value {
                report.found(.inconsistentOffset, "\(partition)@\(offset) was \(other), and \(value)")
                return
            }
        } else {
            log[partition, default: [:]][offset] = value
            knownAt[place] = time
            sent[value]?.places.append(place)
        }
    }

    private func position(_ place: Place) -> Int {
        let offsets = positions[place.partition] ?? []
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] < place.offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: values

    private mutating func judgeValues() {
        /// How far each partition was surely read.
        var readTo: [Int: Int64] = [:]
        for place in polled { readTo[place.partition] = max(readTo[place.partition] ?? -1, place.offset) }
        var lost: [HistoryValue] = []
        for (value, entry) in sent.sorted(by: { $0.key < $1.key }) {
            report.sent += 1
            if entry.isAcknowledged { report.acknowledged += 1 }
            if entry.isRead { report.read += 1 }
            if !entry.isAcknowledged {
                if entry.isInDoubt { report.indeterminate += 1 } else { report.failed += 1 }
            }
            if entry.isRead, !entry.isAcknowledged, !entry.isInDoubt {
                report.found(.abortedRead, "\(value) was read, although its send failed")
            }
            if entry.places.count > 1 {
                if entry.isInDoubt, !expectations.isIdempotent {
                    report.excusedDuplicates += 1
                } else {
                    report.found(
                        .duplicate,
                        "\(value) lies at "
                            + entry.places.map { "\($0.partition)@\($0.offset)" }.joined(separator: ", "))
                }
            }
            if entry.isAcknowledged, !entry.isRead {
                lost.append(value)
                if let place = entry.places.max(by: { $0.offset < $1.offset }),
                    place.offset <= readTo[place.partition] ?? -1
                {
                    report.found(
                        .lostWrite,
                        "\(value) was acknowledged at \(place.partition)@\(place.offset); readers were past it")
                } else if expectations.isDrained {
                    report.found(
                        .unseen,
                        "\(value) was acknowledged"
                            + (entry.places.first.map { " at \($0.partition)@\($0.offset)" } ?? "")
                            + " and nobody read it")
                }
            }
        }
        if expectations.isAtomic, expectations.isDrained { judgeRequests() }
        shape(lost)
    }

    /// A request of which something was read was stored, so all of it must be there.
    private mutating func judgeRequests() {
        for (number, values) in requests.enumerated() {
            let own = values.compactMap { value in sent[value].map { (value, $0) } }.filter { $0.1.request == number }
            guard own.contains(where: { $0.1.isRead }) else { continue }
            for (value, entry) in own where !entry.isRead && !entry.isAcknowledged {
                report.found(.torn, "\(value) is not there, although others of its request are")
            }
        }
    }

    private mutating func shape(_ lost: [HistoryValue]) {
        let all = Dictionary(grouping: sent.filter { $0.value.isAcknowledged }.keys, by: \.worker)
        for (worker, values) in Dictionary(grouping: lost, by: \.worker) {
            let counters = (all[worker] ?? []).map(\.counter)
            guard let first = counters.min(), let last = counters.max() else { continue }
            let gone = values.map(\.counter)
            report.shapes[worker] =
                if gone.count == counters.count { .all } else if gone.max() == last {
                    .suffix
                } else if gone.min()
                    == first
                { .prefix } else { .middle }
        }
    }

    // MARK: workers

    /// What a worker has seen of the log so far.
    private struct Worker {
        /// The last position it was told of for its own sends, by partition.
        var sentTo: [Int: (position: Int, value: HistoryValue)] = [:]
        /// The position it reads next, by partition.
        var next: [Int: Int] = [:]
        /// The offset behind what it has read, by partition.
        var readTo: [Int: Int64] = [:]
        var committed: [Int: Int64] = [:]
        var pollBegan: Int64?
    }

    private mutating func judgeWorkers(_ events: [HistoryEvent]) {
        var workers: [Int: Worker] = [:]
        for event in events {
            var worker = workers[event.worker] ?? Worker()
            switch (event.operation, event.phase) {
            case (.send(let places), .ok): judge(sent: places, &worker)
            case (.poll, .invoke): worker.pollBegan = event.time
            case (.poll(let places), .ok): judge(polled: places, &worker, event)
            case (.assign(let offsets), .ok):
                worker.next = [:]
                worker.readTo = offsets
                for (partition, offset) in offsets {
                    worker.next[partition] = position(Place(partition: partition, offset: offset))
                }
            case (.commit(let offsets), .invoke): judge(commit: offsets, &worker, event)
            case (.commit(let offsets), .ok): worker.committed.merge(offsets) { $1 }
            case (.crash, _): worker = Worker()
            default: break
            }
            workers[event.worker] = worker
        }
        report.lags.sort()
    }

    private mutating func judge(sent places: [HistoryPlace], _ worker: inout Worker) {
        var inside: [Int: (position: Int, value: HistoryValue)] = [:]
        for place in places {
            guard let partition = place.partition, let offset = place.offset, let entry = sent[place.value] else {
                continue
            }
            let own = position(Place(partition: partition, offset: offset))
            // A repeated value may lie earlier too: that first time counts for its readers.
            let first = entry.places.lazy.filter { $0.partition == partition }.map(\.offset).min() ?? offset
            if let before = worker.sentTo[partition],
                position(Place(partition: partition, offset: first)) <= before.position
            {
                report.found(
                    .nonmonotonicSend,
                    "\(place.value) lies at or before \(before.value) in \(partition), which was acknowledged earlier")
            }
            if let before = inside[partition], own <= before.position {
                report.found(.internalSendOrder, "\(place) lies at or before \(before.value) of the same request")
            }
            inside[partition] = (own, place.value)
        }
        worker.sentTo.merge(inside) { $1 }
    }

    private mutating func judge(polled places: [HistoryPlace], _ worker: inout Worker, _ event: HistoryEvent) {
        noteLag(worker)
        worker.pollBegan = nil
        var seen: Set<Int> = []
        for place in places {
            guard let partition = place.partition, let offset = place.offset else { continue }
            let own = position(Place(partition: partition, offset: offset))
            let isInside = !seen.insert(partition).inserted
            if let expected = worker.next[partition], own != expected {
                let gap =
                    "worker \(event.worker) read \(place) where "
                    + "\(partition)@\(positions[partition]?[min(expected, (positions[partition]?.count ?? 1) - 1)] ?? 0)"
                    + " comes next"
                report.found(
                    isInside ? .internalPollOrder : own < expected ? .nonmonotonicPoll : .skippedPoll, gap)
            }
            worker.next[partition] = own + 1
            worker.readTo[partition] = offset + 1
        }
    }

    /// How long the next value of a partition had been there when the poll began.
    private mutating func noteLag(_ worker: Worker) {
        guard let began = worker.pollBegan else { return }
        var longest: Int64 = 0
        for (partition, next) in worker.next {
            guard let offsets = positions[partition], next < offsets.count,
                let known = knownAt[Place(partition: partition, offset: offsets[next])]
            else { continue }
            longest = max(longest, began - known)
        }
        report.lags.append(longest)
    }

    private mutating func judge(commit offsets: [Int: Int64], _ worker: inout Worker, _ event: HistoryEvent) {
        for (partition, offset) in offsets {
            if let before = worker.committed[partition], offset < before {
                report.found(
                    .nonmonotonicCommit, "worker \(event.worker) committed \(partition)@\(offset) after \(before)")
            }
            if offset > worker.readTo[partition] ?? 0 {
                report.found(
                    .commitAhead,
                    "worker \(event.worker) committed \(partition)@\(offset), and had read to "
                        + "\(worker.readTo[partition] ?? 0)")
            }
        }
    }
}
