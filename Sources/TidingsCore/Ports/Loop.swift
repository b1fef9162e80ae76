// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A thread that runs what it is handed, one thing after another: an event loop, or a simulated one in a test.
///
/// What lives on a loop needs no lock: it is touched only by work that runs there. Such a class is declared
/// `@unchecked Sendable`, says so in its `Concurrency` line, and checks `isCurrent` where that is cheap.
public protocol Loop: AnyObject, Sendable {
    /// Whether the caller runs on this loop.
    var isCurrent: Bool { get }

    /// The clocks this loop goes by. `now` is read once per turn of the loop where that is cheaper.
    var time: any TimeSource { get }

    /// Runs `work` soon, in the order posted. Any thread; wake-ups are coalesced. Work posted to a loop that
    /// has stopped is dropped.
    func post(_ work: @escaping @Sendable () -> Void)

    /// Runs `work` once after `delay`, unless cancelled. Only on the loop.
    func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer

    /// Forgets a timer; nothing happens when it has fired or was cancelled. Only on the loop.
    func cancel(_ timer: LoopTimer)
}

/// Names one scheduled piece of work of one loop; never reused.
public struct LoopTimer: Hashable, Sendable {
    /// Which; meaningless to others than the loop that made it.
    public let number: UInt64

    /// Creates the name of a timer; for implementations of ``Loop``.
    public init(_ number: UInt64) { self.number = number }
}
