// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Holds an object that several threads may make at once; whoever comes later finds it.
final class DecodedForm: Sendable {
    private struct Held {
        var kept: (any AnyObject & Sendable)?
        weak var used: (any AnyObject & Sendable)?
    }
    private let held = Locked(Held())

    /// The object, once somebody made it.
    var value: (any AnyObject & Sendable)? { held.withLock { $0.kept ?? $0.used } }

    /// Takes an object: to keep it with the batch, or to share it as long as somebody else keeps it.
    func take(_ value: any AnyObject & Sendable, keeps: Bool) {
        held.withLock { held in
            if keeps { held.kept = value } else { held.used = value }
        }
    }
}
