// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// What housekeeping knows between two looks: the time it believes, who has pins, how much it may read and write.
///
/// - Concurrency: any thread; the work itself is done by one.
final class Housekeeping: Sendable {
    /// What was asked of those who have pins, and what they answered.
    struct PinQuestion: Sendable {
        let limit: Offset
        var answer: [Offset]?
    }

    struct State: Sendable {
        var clock: RetentionClock
        /// Who knows what is still needed; nothing goes by age or size before it is known.
        var pins: (any RetentionPins)?
        var mayRetain = false
        var questions: [PartitionID: PinQuestion] = [:]
        /// Up to where records went that nobody needs, and how many stayed then.
        var thinned: [PartitionID: (limit: Offset, kept: Int)] = [:]
        /// When compaction may drop something although nothing new came; nil before it was read.
        var horizons: CompactionHorizons?
        var saidDisbelief = false
        var scrubbedAt: WallTime?
        /// Whether that is to be kept: a start has more urgent things to save.
        var hasUnsavedScrub = false
        /// The time as it was believed at the last look.
        var believed: WallTime
        var tokens: Double = 0
        var filledAt: MonotonicTime
    }

    let state: Locked<State>
    /// Wakes the thread.
    let bell = Doorbell()
    let thread = Locked<LogThread?>(nil)
    /// One look at a time.
    let isWorking = Locked(())
    private let bytesPerSecond: Int

    init(time: any TimeSource, settings: LogSettings, believed: WallTime?) {
        let now = time.now
        var clock = RetentionClock(
            wall: time.wall, now: now, believed: believed, confirmation: settings.clockConfirmation)
        let looked = clock.look(wall: time.wall, now: now)
        state = Locked(State(clock: clock, believed: looked.judging, filledAt: now))
        bytesPerSecond = settings.housekeepingBytesPerSecond
    }

    /// The time by which records are judged, for the metadata.
    var believed: WallTime { state.withLock { $0.believed } }

    /// Notes that bytes were read, to be written perhaps.
    func spend(_ count: Int) { state.withLock { $0.tokens -= Double(count) } }

    /// Waits until there is something to spend again, on a log with threads.
    /// - Returns: false when the log ends.
    func pace(_ log: Log) -> Bool {
        while true {
            if log.isEnding.load(ordering: .acquiring) { return false }
            guard thread.withLock({ $0 != nil }), bytesPerSecond > 0 else { return true }
            let now = log.time.now
            let missing = state.withLock { state -> Double in
                let rate = Double(bytesPerSecond)
                let elapsed = Double((now - state.filledAt).nanos) / 1e9
                state.tokens = min(rate / 4, state.tokens + elapsed * rate)
                state.filledAt = now
                return state.tokens >= 0 ? 0 : -state.tokens / rate
            }
            if missing == 0 { return true }
            bell.wait(atMost: .nanoseconds(Int64(min(missing, 1) * 1e9)))
        }
    }
}

extension Log {
    /// Starts the thread that closes and removes segments, compacts and looks for rot. Once, after ``start()``; nothing
    /// goes by age or size before ``mayRetain(pins:)``.
    package func startHousekeeping() {
        house.thread.withLock { thread in
            guard thread == nil, !isEnding.load(ordering: .acquiring) else { return }
            thread = LogThread("log-house") { self.runHousekeeping() }
        }
    }

    /// Lets records go by age and size from now on, but for those that are pinned.
    /// - Parameter pins: who knows which old records are still needed; nil when nobody needs any.
    package func mayRetain(pins: (any RetentionPins)?) {
        house.state.withLock { state in
            state.pins = pins
            state.mayRetain = true
        }
    }

    private func runHousekeeping() {
        while !isEnding.load(ordering: .acquiring) {
            house.bell.wait(atMost: settings.housekeepingInterval)
            if isEnding.load(ordering: .acquiring) { return }
            keepHouse()
        }
    }

    /// Looks after every partition once: closes segments that are old, lets go of what retention says, compacts, and looks
    /// for rot. Called by the housekeeping thread, or by a test that has started none.
    package func keepHouse() {
        house.isWorking.withLock { _ in
            let clock = lookAtClock()
            for partition in allPartitions.sorted(by: { $0.id < $1.id }) {
                guard !isOffline, !isEnding.load(ordering: .acquiring) else { return }
                do throws(HouseFailure) {
                    try keepHouse(of: partition, clock)
                } catch {
                    switch error {
                    case .ended, .damaged: continue
                    case .disk(let error):
                        logger.warning(
                            "housekeeping of a partition was put off",
                            [
                                ("topic", partition.topic.text), ("partition", String(partition.id.index)),
                                ("reason", error.description),
                            ])
                    }
                }
            }
            keepTime(clock.judging)
            scrubIfDue(clock.judging)
        }
    }

    /// Has the next checkpoint keep the time, once an hour, also when nothing is written: what passes without that counts
    /// as time in which the server did not run.
    private func keepTime(_ now: WallTime) {
        let isDue = control.withLock { control -> Bool in
            guard !control.isClosed, now.millis - (control.metadata.believedTime?.millis ?? 0) >= 3_600_000 else {
                return false
            }
            control.isChanged = true
            return true
        }
        if isDue { checkpoint() }
    }

    private func lookAtClock() -> RetentionClock.Reading {
        let (clock, ahead) = house.state.withLock { state in
            let looked = state.clock.look(wall: time.wall, now: time.now)
            state.believed = looked.judging
            let ahead = state.clock.disbelief.flatMap { abs($0) >= 60_000 ? $0 : nil }
            defer { state.saidDisbelief = ahead != nil }
            return (looked, state.saidDisbelief ? nil : ahead)
        }
        if let ahead {
            logger.warning(
                "the clock has jumped, or the server did not run for a while: records are not judged by it until it is "
                    + "confirmed",
                [
                    ("seconds", String(ahead / 1000)),
                    ("confirmed_after", String(settings.clockConfirmation.millis / 1000)),
                ])
        }
        return clock
    }

    private func keepHouse(
        of partition: Partition, _ clock: RetentionClock.Reading
    ) throws(HouseFailure) {
        guard let topic = table.withLock({ $0.topics[partition.id.topic] }) else { return }
        let settings = topic.settings
        do throws(DiskError) {
            let unnoticed = try partition.files.withLock { files throws(DiskError) -> Int64 in
                guard !files.isDeleted else { return 0 }
                try files.load(context)
                try files.date(context, clock)
                return files.takeUnnoticedBytes()
            }
            if unnoticed != 0 { partition.tail.withLock { $0.moveStart(to: $0.start, lessBytes: -unnoticed) } }
            try closeIfOld(partition, settings, clock)
        } catch {
            throw .disk(error)
        }
        // Of its own topics Tidings moves the start itself.
        if settings.cleanup.contains(.delete), !partition.topic.isInternal {
            try retain(partition, settings, clock.judging)
        }
        if settings.cleanup.contains(.compact) { try compact(partition, settings, clock.judging) }
    }
}
