// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date in one of HTTP's three spellings.
package enum RetryAfter {
    /// How long to wait from `now`; zero for a date that has passed, nil for what is neither. Numbers of any length
    /// are taken; the caller caps what it obeys.
    package static func parse(_ text: String, now: WallTime) -> Duration? {
        let digits = text.utf8
        if !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) {
            return .seconds(min(Int64(text) ?? .max, 1_000_000_000))
        }
        guard let date = date(text, now: now) else { return nil }
        let (distance, overflow) = date.millis.subtractingReportingOverflow(now.millis)
        return .milliseconds(overflow ? 0 : max(distance, 0))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
    private static func date(_ text: String, now: WallTime) -> WallTime? {
        let words = text.split(separator: " ")
        if words.count == 6, words[5] == "GMT", words[0].hasSuffix(","), words[3].utf8.count == 4 {
            return time(year: String(words[3]), month: words[2], day: words[1], clock: words[4])
        }
        if words.count == 4, words[3] == "GMT", words[0].hasSuffix(",") {
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].utf8.count == 2, let short = Int(parts[2]) else { return nil }
            // Two digits mean a year that is at most 50 ahead.
            guard let thisYear = Int(RFC3339.format(now).prefix(4)) else { return nil }
            var year = thisYear / 100 * 100 + short
            if year > thisYear + 50 { year -= 100 }
            return time(year: String(year), month: parts[1], day: parts[0], clock: words[2])
        }
        if words.count == 5, words[4].utf8.count == 4 {
            return time(year: String(words[4]), month: words[1], day: words[2], clock: words[3])
        }
        return nil
    }

    private static func time(year: String, month: Substring, day: Substring, clock: Substring) -> WallTime? {
        guard let place = months.firstIndex(of: String(month)) else { return nil }
        func two(_ text: some StringProtocol) -> String { text.utf8.count == 1 ? "0\(text)" : String(text) }
        return RFC3339.wallTime("\(year)-\(two(String(place + 1)))-\(two(day))T\(clock)Z")
    }
}
