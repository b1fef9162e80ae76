// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Moments as people name them in questions: by RFC 3339, or as a duration back from now: `-1h`, `-7d`.
package enum TimeText {
    /// What a moment looks like, for refusals.
    package static let rule = "an RFC 3339 time, or a duration back from now like -1h"

    /// The moment a text names; nil when it is none. One before 1970 counts as 1970.
    package static func parse(_ text: String, now: WallTime) -> WallTime? {
        guard text.utf8.first == UInt8(ascii: "-") else {
            return RFC3339.wallTime(text).map { WallTime(millis: max(0, $0.millis)) }
        }
        return DurationText.parse(text.dropFirst()).map { WallTime(millis: max(0, now.millis - $0.millis)) }
    }
}
