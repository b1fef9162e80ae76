// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsCore

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("10s", .seconds(10)), ("1h30m", .seconds(5400)),
        ("7d", .seconds(604_800)), ("0s", .zero), ("1us", .microseconds(1)),
        ("1d1h1m1s1ms1us1ns", .nanoseconds(90_061_001_001_001)),
    ])
    func `a duration is read and written back`(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.format(duration) == text)
    }

    @Test(arguments: [
        "", "10", "s", "1.5s", "-1s", "1s1s", "1m1h", "1S", "1 s", " 1s", "10000000000000000000s", "200000d", "1w",
        "١s",
    ])
    func `anything else is no duration`(_ text: String) { #expect(DurationText.parse(text) == nil) }

    @Test(arguments: [
        ("subscripton", "subscriptions"), ("htpp", "http"), ("Topcis", "topics"), ("x", nil), ("completely", nil),
        ("", nil),
    ])
    func `a misspelled word finds its nearest`(_ word: String, _ nearest: String?) {
        #expect(Spelling.nearest(to: word, in: ["topics", "http", "subscriptions"]) == nearest)
    }
}
