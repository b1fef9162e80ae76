// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Delivers the events of one subscription: takes them in, keeps them in lanes, makes attempts, and remembers what has
/// to be recorded.
///
/// - Concurrency: lives on one loop, from its first event to its last.
final class SubscriptionRunner {
    /// A place whose time may have to be looked up on disk.
    struct ColdPlace: Hashable {
        let partition: PartitionID
        /// Whether it is the first record that was not taken, else the first that was not answered.
        let isUntaken: Bool
    }

    /// A dead letter and what of it is not recorded yet.
    struct Letter {
        var state: SubscriptionState.DeadLetter
        /// Attempts that are not recorded yet.
        var attempts: [AttemptRecord] = []
        /// Edited data that is not recorded yet.
        var edit: [UInt8]?
        /// The lane it blocks, or that redrives it.
        var lane: Lane?
    }

    let uuid: UUID128
    let slot: Int
    /// Strong, although it is the owner: callbacks of the loop, the log and the transport may come after everyone else
    /// has let go. An engine lives as long as its process, so the cycle costs nothing.
    let home: DeliveryLoop
    let metrics: SubscriptionMetrics
    /// When the first unread event of a partition was stored, for places that had to be looked up on disk.
    var coldTimes: [ColdPlace: (place: Offset, time: WallTime?)] = [:]
    var target: DeliveryTarget
    var schedule: RetrySchedule
    var breaker: Breaker

    /// By the index of their tail; nil where the subscription reads nothing.
    var cursors: [PartitionCursor?] = []
    /// Positions of partitions it has no cursor for.
    var restoredPositions: [PartitionID: SubscriptionState.Position] = [:]
    /// Partitions whose recorded positions lay beyond their ends.
    var movedBack: Set<PartitionID> = []
    /// Keyed lanes that are not over; of a chain the last one.
    var lanes: [LaneID: Lane] = [:]
    /// Lanes that wait for the end of another one of their key, by serial.
    var held: [UInt64: Lane] = [:]
    /// Lanes out of the way, by serial.
    var away: [UInt64: Lane] = [:]
    var ready = ReadyQueue()
    var resting = RestQueue()
    var letters: [UInt64: Letter] = [:]
    var lastLetter: UInt64 = 0
    var lastSerial: UInt64 = 0

    /// Attempts on their way, by the lane's serial.
    var inFlight: [UInt64: Lane] = [:]
    /// Lanes whose event is being read from the log.
    var loading = 0
    /// Test events on their way.
    var tests: [UInt64: any AttemptHandle] = [:]
    /// Events on the way: in flight or queued in memory.
    var windowCount = 0
    /// Events out of the way.
    var waitingCount = 0
    var parkedCount = 0
    var delivered: UInt64 = 0
    var failedAttempts: UInt64 = 0
    var lastFailure: AttemptRecord?

    /// Records that expired before they were taken, since the process began.
    var expired: UInt64 = 0
    var retentionWarning = RetentionWarning()

    /// Why the engine paused it.
    var stopped: String?
    /// Why its endpoint counts as down.
    var downReason: String?
    /// Whether people were told that it is down.
    var downWasAnnounced = false
    var isDeleted = false

    var restTimer: (timer: LoopTimer, due: MonotonicTime)?
    var probeTimer: LoopTimer?
    var readsOnSoon = false
    /// Whether a cursor stands before a layout whose turn has not come.
    var waitsForLayout = false
    /// Counts how often a cursor that is behind got on.
    var moves: UInt64 = 0
    var isTouched = false
    var nextRelief: MonotonicTime

    // What waits to be recorded.
    var isDirty = false
    var dirtyCursors: [PartitionCursor] = []
    var dirtyLanes: [Lane] = []
    var closedLanes: [SubscriptionState.LaneName] = []
    var dirtyLetters: Set<UInt64> = []
    var stoppedIsDirty = false
    /// Called when the attempts in flight of a deleted one have ended.
    var whenIdle: (() -> Void)?
    /// The way back for callbacks.
    private(set) lazy var tie = Tie(self)

    init(_ subscription: Subscription, slot: Int, home: DeliveryLoop, state: SubscriptionState?) {
        uuid = subscription.uuid
        self.slot = slot
        self.home = home
        target = DeliveryTarget(subscription)
        schedule = RetrySchedule(policy: subscription.retry, longestRetryAfter: home.limits.longestRetryAfter)
        breaker = Breaker(
            longestPause: home.limits.longestProbePause, longestRetryAfter: home.limits.longestRetryAfter)
        metrics = SubscriptionMetrics(subscription, home.metrics, home.time)
        nextRelief = home.time.now
        if let state { restore(state) }
    }

    var subscription: Subscription { target.subscription }

    /// Whether attempts may be made.
    var mayAttempt: Bool { !subscription.isPaused && stopped == nil && !isDeleted && !home.isStopping }

    /// Whether another event can be taken in.
    var canTake: Bool {
        windowCount < home.limits.window && waitingCount < home.limits.waiting
            && letters.count < home.limits.deadLetters && mayAttempt
    }

    /// Takes over another form of the subscription; what is under way goes on.
    func update(_ subscription: Subscription) {
        let old = self.subscription
        target = DeliveryTarget(subscription)
        schedule = RetrySchedule(policy: subscription.retry, longestRetryAfter: home.limits.longestRetryAfter)
        if old.endpoint != subscription.endpoint {
            breaker = Breaker(
                longestPause: home.limits.longestProbePause, longestRetryAfter: home.limits.longestRetryAfter)
            downReason = nil
            announceUp()
            setStopped(nil)
        }
        pump()
        readOnSoon()
    }

    /// Goes on after the engine paused it, and probes a dead endpoint at once.
    func resume() {
        setStopped(nil)
        breaker.probeNow(at: home.time.now)
        pump()
        readOnSoon()
    }

    func setStopped(_ reason: String?) {
        guard stopped != reason else { return }
        stopped = reason
        stoppedIsDirty = true
        markDirty()
    }

    // MARK: - Ends

    /// Ends: no attempt begins any more, those in flight may end within the grace; then `then` runs.
    func delete(then: @escaping () -> Void) {
        isDeleted = true
        forgetTimers()
        ready.removeAll()
        resting.removeAll()
        whenIdle = then
        if endIfIdle() { return }
        _ = home.loop.schedule(after: home.limits.deletionGrace) { [weak tie] in
            guard let self = tie?.owner, self.whenIdle != nil else { return }
            self.breakOff()
            _ = self.endIfIdle()
        }
    }

    @discardableResult
    func endIfIdle() -> Bool {
        guard inFlight.isEmpty, tests.isEmpty, let then = whenIdle else { return false }
        whenIdle = nil
        then()
        return true
    }

    /// Cancels every attempt in flight: its event will be tried again.
    func breakOff() {
        for (_, lane) in inFlight.sorted(by: { $0.key < $1.key }) {
            lane.handle?.cancel()
            lane.handle = nil
            lane.state = .ready
            if !isDeleted { ready.append(lane) }
        }
        inFlight = [:]
        for (_, handle) in tests { handle.cancel() }
        tests = [:]
    }

    func forgetTimers() {
        if let restTimer { home.loop.cancel(restTimer.timer) }
        if let probeTimer { home.loop.cancel(probeTimer) }
        restTimer = nil
        probeTimer = nil
    }
}
