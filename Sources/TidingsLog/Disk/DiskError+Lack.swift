// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What passes by itself: a disk without room, a process or system with too many open files. Nothing was synced then, so
/// that nothing is in doubt.
extension DiskError {
    /// Whether only room or descriptors were lacking.
    var isLack: Bool { code == .noSpace || code == .noHandles }

    /// What is answered meanwhile.
    var refusalForLack: LogError {
        code == .noHandles
            ? LogError(.overloaded, "too many files and connections are open: \(description)")
            : LogError(.diskFull, description)
    }
}
