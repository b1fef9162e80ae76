// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Durations as people write them: `250ms`, `10s`, `1h30m`, `7d`.
package enum DurationText {
    /// What a duration looks like, for refusals.
    package static let rule = "a duration like 250ms, 10s, 1h30m or 7d"

    /// Reads a duration: whole numbers with the units d, h, m, s and ms, from the largest to the smallest, each at most
    /// once; nil for anything else, and for more than 10,000 days.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        var millis: Int64 = 0
        var lastUnit = Int64.max
        var rest = Array(text.utf8)[...]
        guard !rest.isEmpty, rest.count <= 40 else { return nil }
        while let first = rest.first {
            guard first &- UInt8(ascii: "0") < 10 else { return nil }
            var number: Int64 = 0
            while let digit = rest.first, digit &- UInt8(ascii: "0") < 10 {
                number = number * 10 + Int64(digit - UInt8(ascii: "0"))
                guard number <= longestMillis else { return nil }
                rest.removeFirst()
            }
            let unit: Int64
            if rest.starts(with: "ms".utf8) {
                unit = 1
                rest.removeFirst(2)
            } else {
                switch rest.first {
                case UInt8(ascii: "d"): unit = 86_400_000
                case UInt8(ascii: "h"): unit = 3_600_000
                case UInt8(ascii: "m"): unit = 60_000
                case UInt8(ascii: "s"): unit = 1_000
                default: return nil
                }
                rest.removeFirst()
            }
            guard unit < lastUnit else { return nil }
            lastUnit = unit
            let (part, overflow) = number.multipliedReportingOverflow(by: unit)
            guard !overflow, part <= longestMillis - millis else { return nil }
            millis += part
        }
        return .milliseconds(millis)
    }

    /// Writes a duration, to the millisecond, so that ``parse(_:)`` reads it back; one below zero as `0s`.
    package static func format(_ duration: Duration) -> String {
        var millis = max(0, duration.millis)
        if millis == 0 { return "0s" }
        var text = ""
        for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
            let count = millis / Int64(unit)
            millis %= Int64(unit)
            if count > 0 { text += "\(count)\(name)" }
        }
        return text
    }

    private static let longestMillis: Int64 = 10_000 * 86_400_000
}
