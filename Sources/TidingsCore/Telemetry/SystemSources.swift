// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's clocks.
package final class SystemTime: TimeSource {
    /// Makes the live form of ``TimeSource``.
    package init() {}

    package var now: MonotonicTime {
        let time = Self.read(CLOCK_MONOTONIC)
        return MonotonicTime(nanos: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package var wall: WallTime {
        let time = Self.read(CLOCK_REALTIME)
        return WallTime(millis: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}

/// The system's random numbers, fit for secrets; fetched 512 bytes at a time.
package final class SystemRandom: RandomSource {
    private struct Pool {
        var words = [UInt64](repeating: 0, count: 64)
        var left = 0
    }

    private let pool = Locked(Pool())

    /// Makes the live form of ``RandomSource``.
    package init() {}

    package func next() -> UInt64 {
        pool.withLock { pool in
            if pool.left == 0 {
                let status = pool.words.withUnsafeMutableBytes { tidings_random($0.baseAddress, $0.count) }
                precondition(status == 0, "the system has no random numbers (errno \(errno))")
                pool.left = pool.words.count
            }
            pool.left -= 1
            defer { pool.words[pool.left] = 0 }
            return pool.words[pool.left]
        }
    }
}

/// Numbers that follow from a seed (SplitMix64): the same seed, the same numbers. For tests and simulations only.
package final class SeededRandom: RandomSource {
    private let state: Locked<UInt64>

    /// Makes a source whose every number follows from `seed`.
    package init(seed: UInt64) { state = Locked(seed) }

    package func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}

extension RandomSource {
    /// A number from 0 up to, not including, `bound`, each as likely as the others.
    package func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "nothing lies below 0")
        // Lemire: the high half of a product; the few numbers that would favour some results are drawn again.
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let unfair = (0 &- bound) % bound
            while product.low < unfair { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A number from 0 up to, not including, 1.
    package func nextFraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
