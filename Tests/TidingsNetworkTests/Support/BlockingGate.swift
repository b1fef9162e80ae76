// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Holds up threads until it is opened.
final class BlockingGate: Sendable {
    private let isOpen = Atomic<Bool>(false)
    private let waiting = Atomic<Int>(0)

    /// How many threads wait or have passed.
    var arrivals: Int { waiting.load(ordering: .acquiring) }

    func pass() {
        waiting.add(1, ordering: .acquiringAndReleasing)
        while !isOpen.load(ordering: .acquiring) { usleep(200) }
    }

    func open() { isOpen.store(true, ordering: .releasing) }
}
