// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

/// All counters, gauges and histograms of one process, by name and labels; any thread may ask and read.
///
/// A part asks for its cells once and keeps them: counting is then one atomic addition. Asking again for the same name
/// and labels gives the same cell; a part that counts on one loop may have cells of its own, which cost no more than a number
/// in memory, and are shown as one with the others. Names follow Prometheus: `tidings_…`, counters end in `_total`, units are base
/// units (seconds, bytes).
package final class Metrics: Sendable {
    /// What a series is told apart by, in the order written.
    package typealias Labels = [(name: String, value: String)]

    private enum Cell {
        case counter([Counter])
        case gauge(Gauge)
        case reading(@Sendable () -> Double)
        case histogram([Histogram])

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge, .reading: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Series {
        let labels: String
        let names: [String: String]
        var cell: Cell

        /// Whether there is anything to show: a histogram of nothing is twenty lines that say nothing.
        var isShown: Bool {
            if case .histogram(let parts) = cell { return parts.contains { $0.count > 0 } }
            return true
        }
    }

    private struct Family {
        let help: String
        var series: [Series] = []
    }

    private let families = Locked<[String: Family]>([:])

    /// Makes an empty registry.
    package init() {}

    /// A count that only grows.
    package func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        let cell = cell(name, help, labels) { .counter([Counter()]) }
        guard case .counter(let parts) = cell else { preconditionFailure("\(name) is a \(cell.kind)") }
        return parts[0]
    }

    /// A part of a count, for one thread at a time: ``Counter/addAlone(_:)``.
    package func counterPart(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        let part = Counter()
        _ = cell(
            name, help, labels,
            joining: { known in
                guard case .counter(let parts) = known else { preconditionFailure("\(name) is a \(known.kind)") }
                return .counter(parts + [part])
            }
        ) { .counter([part]) }
        return part
    }

    /// A value that comes and goes.
    package func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
        let cell = cell(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = cell else { preconditionFailure("\(name) is a \(cell.kind)") }
        return gauge
    }

    /// A value that is read when somebody looks; `read` may be called on any thread. A later reading replaces an
    /// earlier one of the same name and labels.
    package func reading(
        _ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping @Sendable () -> Double
    ) {
        families.withLock { families in
            let text = Self.text(labels)
            var family = families[name] ?? Family(help: help)
            family.series.removeAll { $0.labels == text }
            family.series.append(Series(labels: text, names: Self.names(labels), cell: .reading(read)))
            families[name] = family
        }
    }

    /// How often which duration came; in seconds when read.
    package func histogram(
        _ name: String, _ help: String, _ labels: Labels = [], bounds: [Duration] = Histogram.usualBounds
    ) -> Histogram {
        let cell = cell(name, help, labels) { .histogram([Histogram(bounds: bounds)]) }
        guard case .histogram(let parts) = cell else { preconditionFailure("\(name) is a \(cell.kind)") }
        return parts[0]
    }

    /// A part of a histogram with the usual bounds, for one thread at a time: ``Histogram/observeAlone(nanos:)``.
    package func histogramPart(_ name: String, _ help: String, _ labels: Labels = []) -> Histogram {
        let part = Histogram(bounds: Histogram.usualBounds)
        _ = cell(
            name, help, labels,
            joining: { known in
                guard case .histogram(let parts) = known, parts[0].bounds == part.bounds else {
                    preconditionFailure("\(name) is a \(known.kind), or has other bounds")
                }
                return .histogram(parts + [part])
            }
        ) { .histogram([part]) }
        return part
    }

    /// Forgets all series that have this label with this value: of a subscription that was deleted, say.
    package func removeSeries(where label: String, is value: String) {
        families.withLock { families in
            for name in families.keys { families[name]!.series.removeAll { $0.names[label] == value } }
        }
    }

    /// Appends everything in Prometheus's text format 0.0.4, by name, then in the order the series came. A histogram
    /// is shown from its first observation on.
    package func expose(into text: inout ByteBuffer) {
        // Readings may take locks of their own: they run outside of this one.
        let all = families.withLock { families in families.sorted { $0.key < $1.key } }
        for (name, family) in all {
            let shown = family.series.filter(\.isShown)
            guard let first = shown.first else { continue }
            let help = family.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
            text.append("# HELP \(name) \(help)\n# TYPE \(name) \(first.cell.kind)\n")
            for series in shown { Self.expose(name, series, into: &text) }
        }
    }

    private func cell(
        _ name: String, _ help: String, _ labels: Labels, joining: (Cell) -> Cell = { $0 }, _ make: () -> Cell
    ) -> Cell {
        families.withLock { families in
            let text = Self.text(labels)
            if let place = families[name]?.series.firstIndex(where: { $0.labels == text }) {
                let joined = joining(families[name]!.series[place].cell)
                families[name]!.series[place].cell = joined
                return joined
            }
            let cell = make()
            var family = families[name] ?? Family(help: help)
            family.series.append(Series(labels: text, names: Self.names(labels), cell: cell))
            families[name] = family
            return cell
        }
    }

    private static func expose(_ name: String, _ series: Series, into text: inout ByteBuffer) {
        func line(_ suffix: String, _ extra: String, _ value: String) {
            text.append(name)
            text.append(suffix)
            let labels = [series.labels, extra].filter { !$0.isEmpty }.joined(separator: ",")
            if !labels.isEmpty { text.append("{\(labels)}") }
            text.append(" \(value)\n")
        }
        switch series.cell {
        case .counter(let parts): line("", "", String(parts.reduce(0) { $0 &+ $1.value }))
        case .gauge(let gauge): line("", "", String(gauge.value))
        case .reading(let read): line("", "", number(read()))
        case .histogram(let parts):
            let counts = parts.dropFirst().reduce(parts[0].counts) { zip($0, $1.counts).map(&+) }
            var sum: UInt64 = 0
            for (bound, count) in zip(parts[0].bounds, counts) {
                sum &+= count
                line("_bucket", "le=\"\(number(seconds(bound)))\"", String(sum))
            }
            sum &+= counts[counts.count - 1]
            line("_bucket", "le=\"+Inf\"", String(sum))
            line("_sum", "", number(seconds(parts.reduce(0) { $0 &+ $1.sumNanos })))
            line("_count", "", String(sum))
        }
    }

    private static func seconds(_ nanos: Int64) -> Double { Double(nanos) / 1e9 }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description
    }

    private static func text(_ labels: Labels) -> String {
        labels.map { label in
            let value = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(label.name)=\"\(value)\""
        }.joined(separator: ",")
    }

    private static func names(_ labels: Labels) -> [String: String] {
        Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

/// A count that only grows. Any thread.
package final class Counter: Sendable {
    private let cell = Atomic<UInt64>(0)

    init() {}

    /// The count.
    package var value: UInt64 { cell.load(ordering: .relaxed) }
    /// Adds to it.
    package func add(_ count: Int = 1) { cell.wrappingAdd(UInt64(max(0, count)), ordering: .relaxed) }
    /// Adds to it, where no other thread does: a plain addition.
    package func addAlone(_ count: Int = 1) {
        cell.store(cell.load(ordering: .relaxed) &+ UInt64(max(0, count)), ordering: .relaxed)
    }
}

/// A value that comes and goes. Any thread.
package final class Gauge: Sendable {
    private let cell = Atomic<Int64>(0)

    init() {}

    /// The value.
    package var value: Int64 { cell.load(ordering: .relaxed) }
    /// Replaces it.
    package func set(_ value: Int64) { cell.store(value, ordering: .relaxed) }
    /// Adds to it, or takes away.
    package func add(_ change: Int64) { cell.wrappingAdd(change, ordering: .relaxed) }
}

/// How often which duration came, in buckets. Any thread.
package final class Histogram: @unchecked Sendable {
    /// 50 µs to 60 s.
    package static let usualBounds: [Duration] = [
        .microseconds(50), .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2_500), .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50),
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2_500), .seconds(5),
        .seconds(10), .seconds(30), .seconds(60),
    ]

    /// Upper bounds of the buckets, inclusive, in nanoseconds, ascending; one more bucket has no bound.
    let bounds: [Int64]
    // Written once; the cells themselves are atomic.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let sum = Atomic<Int64>(0)

    init(bounds: [Duration]) {
        self.bounds = bounds.map(\.nanos).sorted()
        cells = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: bounds.count + 1)
        cells.deallocate()
    }

    /// Counts one duration.
    package func observe(_ duration: Duration) { observe(nanos: duration.nanos) }

    /// Counts one duration.
    package func observe(nanos: Int64) {
        cells[place(of: nanos)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanos, ordering: .relaxed)
    }

    /// Counts one duration, where no other thread does: plain additions.
    package func observeAlone(nanos: Int64) {
        let place = place(of: nanos)
        cells[place].store(cells[place].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        sum.store(sum.load(ordering: .relaxed) &+ nanos, ordering: .relaxed)
    }

    /// The bucket it belongs into.
    private func place(of nanos: Int64) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < nanos { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The counts per bucket, the one without a bound last.
    package var counts: [UInt64] { (0...bounds.count).map { cells[$0].load(ordering: .relaxed) } }
    /// The sum of all durations.
    package var sumNanos: Int64 { sum.load(ordering: .relaxed) }
    /// How many durations were counted.
    package var count: UInt64 { counts.reduce(0, &+) }
}
