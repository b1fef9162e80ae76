// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct MetricsTests {
    @Test func `what was counted is exposed as Prometheus reads it`() {
        let metrics = Metrics()
        let counter = metrics.counter("tidings_events_total", "Events.", [("topic", "a\"b\\\n")])
        counter.add(3)
        metrics.counter("tidings_events_total", "Events.", [("topic", "x")]).add()
        metrics.gauge("tidings_open", "Open.").set(-2)
        metrics.reading("tidings_ratio", "Ratio.", [("a", "1"), ("b", "2")]) { 0.25 }
        let histogram = metrics.histogram(
            "tidings_sync_seconds", "Sync.", bounds: [.milliseconds(1), .milliseconds(10)])
        histogram.observe(.milliseconds(1))
        histogram.observe(.milliseconds(2))
        histogram.observe(.seconds(1))
        var text = ByteBuffer()
        metrics.expose(into: &text)
        #expect(
            text.text() == """
                # HELP tidings_events_total Events.
                # TYPE tidings_events_total counter
                tidings_events_total{topic="a\\"b\\\\\\n"} 3
                tidings_events_total{topic="x"} 1
                # HELP tidings_open Open.
                # TYPE tidings_open gauge
                tidings_open -2
                # HELP tidings_ratio Ratio.
                # TYPE tidings_ratio gauge
                tidings_ratio{a="1",b="2"} 0.25
                # HELP tidings_sync_seconds Sync.
                # TYPE tidings_sync_seconds histogram
                tidings_sync_seconds_bucket{le="0.001"} 1
                tidings_sync_seconds_bucket{le="0.01"} 2
                tidings_sync_seconds_bucket{le="+Inf"} 3
                tidings_sync_seconds_sum 1.003
                tidings_sync_seconds_count 3

                """)
        metrics.removeSeries(where: "topic", is: "x")
        text.removeAll()
        metrics.expose(into: &text)
        #expect(!text.text().contains("topic=\"x\""))
        // Parts of several threads are shown as one.
        for nanos in [60_000, 70_000] as [Int64] {
            metrics.counterPart("tidings_parts_total", "Parts.").addAlone(2)
            metrics.histogramPart("tidings_parts_seconds", "Parts.").observeAlone(nanos: nanos)
        }
        metrics.counter("tidings_parts_total", "Parts.").add()
        text.removeAll()
        metrics.expose(into: &text)
        #expect(text.text().contains("\ntidings_parts_total 5\n"))
        #expect(text.text().contains("tidings_parts_seconds_bucket{le=\"0.0001\"} 2\n"))
        #expect(text.text().contains("tidings_parts_seconds_sum 0.00013\n"))
        // The same name and labels are the same cell.
        #expect(metrics.counter("tidings_events_total", "Events.", [("topic", "a\"b\\\n")]) === counter)
    }

    @Test func `threads that count at once lose nothing`() async {
        let metrics = Metrics()
        let counter = metrics.counter("tidings_x_total", "X.")
        let histogram = metrics.histogram("tidings_x_seconds", "X.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.add()
                        histogram.observe(nanos: 70_000)
                    }
                }
            }
        }
        #expect(counter.value == 4_000)
        #expect(histogram.count == 4_000)
    }
}

@Suite struct TraceContextTests {
    static let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a traceparent is read and written, and has children`() {
        let context = TraceContext(Self.text)
        #expect(context?.description == Self.text)
        let child = context!.child(from: SeededRandom(seed: 1))
        #expect(child.traceHigh == context!.traceHigh && child.traceLow == context!.traceLow)
        #expect(child.span != context!.span)
        #expect(TraceContext(child.description) == child)
        #expect(TraceContext("cc" + Self.text.dropFirst(2) + "-what-comes") != nil)
        #expect(TraceContext(TraceContext.root(from: SeededRandom(seed: 2)).description) != nil)
    }

    @Test(arguments: [
        "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "ff" + text.dropFirst(2), text + "-", text + "x",
        "cc" + text.dropFirst(2) + "x", text.uppercased(), "0g" + text.dropFirst(2),
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
    func `what is no traceparent is not taken`(_ text: String) {
        #expect(TraceContext(text) == nil)
    }
}

@Suite struct SourceTests {
    @Test func `a seed gives the numbers of SplitMix64`() {
        let random = SeededRandom(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
        for _ in 0..<1_000 {
            #expect(random.next(below: 3) < 3)
            #expect((0..<1).contains(random.nextFraction()))
        }
    }

    @Test func `the system's clocks and numbers move`() {
        let (time, random) = (SystemTime(), SystemRandom())
        let start = time.now
        #expect(Set((0..<200).map { _ in random.next() }).count == 200)
        #expect(time.now >= start)
        #expect(time.wall.millis > 1_600_000_000_000)
    }
}
