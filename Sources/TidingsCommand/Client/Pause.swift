// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Waits on the command's own thread.
enum Pause {
    /// Waits for a while.
    static func wait(_ duration: Duration) {
        var rest = max(0, duration.millis)
        while rest > 0 {
            let step = min(rest, 60_000)
            poll(nil, 0, Int32(step))
            rest -= step
        }
    }
}
