// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization
import TidingsCore

/// Whether the commit thread waits a moment for those it has just answered: callers that append again as soon as they are
/// answered then share one round with those who wait already, instead of two that take turns.
///
/// It goes on as long as it works: where those answered do not come back in time, it rests for twice as many rounds each
/// time, so that others wait for nobody in vain.
struct Gathering: Sendable {
    private static let longestRest = 64

    private var rest = 0
    private var nextRest = 1

    /// How many appends to wait for after a round; nil: for none.
    mutating func target(answered: Int, waiting: Int) -> Int? {
        guard answered > 0, answered + waiting > 1 else { return nil }
        guard rest == 0 else {
            rest -= 1
            return nil
        }
        return answered + waiting
    }

    /// Takes in whether so many came while it waited.
    mutating func ended(reached: Bool) {
        if reached {
            nextRest = 1
        } else {
            rest = nextRest
            nextRest = min(nextRest * 2, Self.longestRest)
        }
    }

    /// How long to wait when a sync took so long: at most, and since the last append.
    static func limits(
        sync: Duration, least: Duration, most: Duration
    ) -> (inAll: Duration, sinceLast: Duration) {
        // Waiting costs less than the round that it saves.
        (max(least, min(sync, most)), max(least, min(sync / 2, most)))
    }
}

/// How many appends wait for a round.
///
/// - Concurrency: set under the staging lock, read by anyone.
final class WaitingAppends: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.store(count.load(ordering: .relaxed) + 1, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

extension Log {
    /// Waits for those the last round has answered, as far as that is worth it. Commit thread only.
    func gather() {
        let appends = staging.withLock { $0.waiting }
        guard let target = commit.gathering.target(answered: commit.answered, waiting: appends.value) else { return }
        let limits = Gathering.limits(
            sync: commit.lastSync, least: settings.commitWait, most: settings.maxGatherWait)
        let begun = time.now
        var (count, changed) = (appends.value, begun)
        while count < target {
            let now = time.now
            let found = appends.value
            if found != count { (count, changed) = (found, now) }
            if now - begun >= limits.inAll || now - changed >= limits.sinceLast
                || isEnding.load(ordering: .relaxed)
            {
                break
            }
            // Each look takes the count away from the loop that counts: seldom is enough.
            for _ in 0..<4 { tidings_yield() }
        }
        // Where nobody waited for others, nothing was lost.
        if count > 0 { commit.gathering.ended(reached: count >= target) }
    }
}
