// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Times, and what they come to.
struct Percentiles {
    private var nanos: [Int64] = []

    mutating func add(_ time: Int64) { nanos.append(time) }
    var count: Int { nanos.count }

    /// The time that so many percent did not exceed, in microseconds.
    func micros(_ percent: Double) -> Double {
        let sorted = nanos.sorted()
        guard !sorted.isEmpty else { return 0 }
        return Double(sorted[min(Int(Double(sorted.count) * percent / 100), sorted.count - 1)]) / 1_000
    }

    var json: String { #"{"count":\#(count),"p50":\#(micros(50)),"p95":\#(micros(95)),"p99":\#(micros(99))}"# }
}
