// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// A durable round whose records are on their way into the partition files.
struct DurableRound: Sendable {
    let round: CommittedRound
    /// The partition of each batch.
    let partitions: [Partition]
    /// What it takes in memory.
    let byteCount: Int
}

/// What only the commit thread knows.
///
/// - Concurrency: the commit thread's alone (in a simulation: whoever calls `commitPending`).
final class CommitState: @unchecked Sendable {
    let life: LogLife
    /// The last round that was told.
    private(set) var lastRound: UInt64
    /// The last one of these that is synced.
    private(set) var lastSynced: UInt64
    /// ``lastRound``, for everyone.
    let lastRoundForReaders: Atomic<UInt64>
    var writer = RoundWriter()
    var gathering = Gathering()
    /// Appends that the last call of `commitPending` answered, and how long its sync took.
    var answered = 0
    var lastSync = Duration.zero
    /// Bytes written since the free space was looked at.
    var bytesSinceProbe = 0

    init(life: LogLife, lastRound: UInt64) {
        self.life = life
        self.lastRound = lastRound
        lastSynced = lastRound
        lastRoundForReaders = Atomic(lastRound)
    }

    func became(durable round: UInt64, isSynced: Bool) {
        lastRound = round
        if isSynced { lastSynced = round }
        lastRoundForReaders.store(round, ordering: .releasing)
    }
}

/// Durable rounds that wait to be written into the partition files, oldest first.
struct UnfiledRounds: Sendable {
    var rounds: [DurableRound] = []
    var byteCount = 0

    mutating func append(_ round: DurableRound) {
        rounds.append(round)
        byteCount += round.byteCount
    }

    mutating func take() -> [DurableRound] {
        defer {
            rounds = []
            byteCount = 0
        }
        return rounds
    }
}

/// What writes durable rounds into the partition files knows.
struct FilingState: Sendable {
    /// Rounds that found no room there yet, oldest first.
    var behind: [DurableRound] = []
    /// Rounds in memory that are in the files too, and their bytes.
    private var recent = Fifo<DurableRound>()
    private var recentBytes = 0

    /// Keeps a round that is in the files too, and lets go of the oldest beyond `limit` bytes.
    mutating func keep(_ round: DurableRound, limit: Int) {
        recent.append(round)
        recentBytes += round.byteCount
        while recentBytes > limit, let oldest = recent.popFirst() {
            for (batch, partition) in zip(oldest.round.batches, oldest.partitions) {
                partition.tail.withLock { $0.forget(batch) }
            }
            recentBytes -= oldest.byteCount
        }
    }
}
