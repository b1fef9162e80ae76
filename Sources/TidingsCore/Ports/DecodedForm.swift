// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Holds an object that several threads may make at once; whoever comes later finds it.
final class DecodedForm: Sendable {
    private let held = Locked<(any AnyObject & Sendable)?>(nil)

    /// The object, once somebody made it.
    var value: (any AnyObject & Sendable)? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
