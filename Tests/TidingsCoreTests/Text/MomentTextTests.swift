// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct MomentTextTests {
    static let now = WallTime(millis: 1_700_000_000_000)

    @Test(arguments: [
        ("-1h", 1_699_996_400_000), ("-250ms", 1_699_999_999_750), ("-1d12h", 1_699_870_400_000), ("-0s", now.millis),
        ("-10000d", 836_000_000_000), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59Z", 0),
        ("2023-11-14T22:13:20+00:00", now.millis), ("2099-01-01T00:00:00Z", 4_070_908_800_000),
    ])
    func `moments are read`(_ text: String, _ millis: Int64) {
        #expect(TimeText.parse(text, now: Self.now)?.millis == millis)
    }

    @Test(arguments: ["", "-", "1h", "+1h", "--1h", "-1", "-1w", "now", "yesterday", "2023-11-14", "-99999d"])
    func `what is no moment is refused`(_ text: String) { #expect(TimeText.parse(text, now: Self.now) == nil) }
}
