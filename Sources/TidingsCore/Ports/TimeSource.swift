// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A moment on a clock that only ever runs forward and means nothing outside this process.
public struct MonotonicTime: Hashable, Sendable, Comparable {
    /// Nanoseconds since some moment before the process began.
    public let nanos: Int64

    /// Creates a moment from a clock's reading.
    public init(nanos: Int64) { self.nanos = nanos }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanos < right.nanos }

    /// The moment `delay` later; stops at the end of time instead of overflowing.
    public static func + (time: MonotonicTime, delay: Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanos.addingReportingOverflow(delay.nanos)
        return MonotonicTime(nanos: overflow ? .max : sum)
    }

    /// How long from `right` to `left`.
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(left.nanos - right.nanos)
    }
}

/// A moment of the calendar, UTC.
public struct WallTime: Hashable, Sendable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let millis: Int64

    /// Creates a moment from its distance to 1970.
    public init(millis: Int64) { self.millis = millis }

    public static func < (left: WallTime, right: WallTime) -> Bool { left.millis < right.millis }

    /// How many milliseconds have passed since an earlier moment; 0 when it is later. Moments may come from outside: what
    /// has no number is the greatest there is.
    public func millisPassed(since earlier: WallTime) -> Int64 {
        guard earlier < self else { return 0 }
        let (passed, overflow) = millis.subtractingReportingOverflow(earlier.millis)
        return overflow ? .max : passed
    }
}

/// The two clocks a part is given. Any thread may read both.
public protocol TimeSource: AnyObject, Sendable {
    /// For delays and time limits: never jumps.
    var now: MonotonicTime { get }
    /// For what people read and records store: may jump.
    var wall: WallTime { get }
}

/// A source of unpredictable numbers; the simulated one is made from a seed. Any thread may draw.
public protocol RandomSource: AnyObject, Sendable {
    /// The next 64 bits.
    func next() -> UInt64
}

extension Duration {
    /// Whole nanoseconds, at most `Int64.max` and at least `Int64.min`.
    public var nanos: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds.
    public var millis: Int64 { nanos / 1_000_000 }
}
