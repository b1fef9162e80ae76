// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// A durable round whose records are on their way into the partition files.
struct DurableRound: Sendable {
    let round: CommittedRound
    /// The partition of each batch.
    let partitions: [Partition]
    /// The bytes of all batches, one after the other.
    let bytes: SharedBytes
}

/// What only the commit thread knows.
///
/// - Concurrency: the commit thread's alone (in a simulation: whoever calls `commitPending`).
final class CommitState: @unchecked Sendable {
    let life: LogLife
    /// The last durable round.
    private(set) var lastRound: UInt64
    /// The same, for everyone.
    let lastRoundForReaders: Atomic<UInt64>
    var writer = RoundWriter()
    /// Durable rounds that found no room in the partition files yet, oldest first.
    var behind: [DurableRound] = []
    /// Rounds in memory, oldest first, from `firstRecent` on, and their bytes.
    private var recent: [DurableRound] = []
    private var firstRecent = 0
    private var recentBytes = 0
    /// Bytes written since the free space was looked at.
    var bytesSinceProbe = 0

    init(life: LogLife, lastRound: UInt64) {
        self.life = life
        self.lastRound = lastRound
        lastRoundForReaders = Atomic(lastRound)
    }

    func became(durable round: UInt64) {
        lastRound = round
        lastRoundForReaders.store(round, ordering: .releasing)
    }

    /// Keeps a round that is in the files too, and lets go of the oldest beyond `limit` bytes.
    func keep(_ round: DurableRound, limit: Int) {
        recent.append(round)
        recentBytes += round.bytes.count + round.partitions.count * 128
        while recentBytes > limit, firstRecent < recent.count {
            let oldest = recent[firstRecent]
            for (batch, partition) in zip(oldest.round.batches, oldest.partitions) {
                partition.tail.withLock { $0.forget(batch) }
            }
            recentBytes -= oldest.bytes.count + oldest.partitions.count * 128
            firstRecent += 1
        }
        if firstRecent >= 256, firstRecent * 2 >= recent.count {
            recent.removeFirst(firstRecent)
            firstRecent = 0
        }
    }
}
