// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

/// A moment that one loop sets and any thread reads.
final class OldestUndelivered: Sendable {
    private let cell = Atomic<Int64>(.min)

    /// Milliseconds since 1970; nil for none.
    var millis: Int64? {
        let value = cell.load(ordering: .relaxed)
        return value == .min ? nil : value
    }

    func set(_ millis: Int64?) { cell.store(millis ?? .min, ordering: .relaxed) }
}
