// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsWebhooks

@Suite struct RetryAfterTests {
    /// 2026-11-24T15:00:00Z.
    static let now = WallTime(millis: 1_795_532_400_000)

    @Test(arguments: [
        ("0", 0), ("120", 120), ("99999999999999999999999", 1_000_000_000),
        ("Tue, 24 Nov 2026 15:02:00 GMT", 120), ("Tuesday, 24-Nov-26 15:02:00 GMT", 120),
        ("Tue Nov 24 15:02:00 2026", 120), ("Wed Dec  2 15:00:00 2026", 691_200),
        ("Tue, 24 Nov 2026 14:59:59 GMT", 0), ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
    ])
    func `seconds and dates are read`(_ text: String, _ seconds: Int64) {
        #expect(RetryAfter.parse(text, now: Self.now) == .seconds(seconds))
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "1.5", "1s", "soon", "Tue, 32 Nov 2026 15:02:00 GMT", "Tue, 24 Nov 2026 15:02:00",
        "Tue, 24 Nov 2026 25:02:00 GMT", "Tue, 24 Nov 2026 15:02 GMT", "Tue, 24 nov 2026 15:02:00 GMT",
        "24-Nov-26 15:02:00 GMT", "Tuesday, 24-Nov 15:02:00 GMT", "a b c d e", "Tue, 24 Nov 99999 15:02:00 GMT",
        "Tue, 24 Nov 2026 15:02:00 CET",
    ])
    func `what is neither is ignored`(_ text: String) {
        #expect(RetryAfter.parse(text, now: Self.now) == nil)
    }
}
