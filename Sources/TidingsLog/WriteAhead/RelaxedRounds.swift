// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// Rounds that were acknowledged once they were written, and that no sync has covered yet.
///
/// - Concurrency: any thread; ``sync()`` blocks.
final class RelaxedRounds: Sendable {
    private struct State {
        /// The blocks they lie in.
        var files: [(block: UInt32, file: any DiskFile)] = []
        var first = UInt64.max
        var last: UInt64 = 0
        /// When the first one was written that is to be synced in intervals.
        var since: MonotonicTime?
    }

    private let state = Locked(State())
    /// Whether a sync failed: none of these rounds may ever count as durable then. Held over the sync.
    private let failure = Locked<DiskError?>(nil)
    /// The first round no sync covers; the largest number for none.
    private let firstUnsynced = Atomic(UInt64.max)

    /// The first one; the largest number when there is none.
    var first: UInt64 { firstUnsynced.load(ordering: .acquiring) }
    /// Since when one waits for the sync of its interval.
    var since: MonotonicTime? { state.withLock { $0.since } }

    /// Notes a round that was written into a block.
    func note(_ round: UInt64, block: UInt32, _ file: any DiskFile, since: MonotonicTime?) {
        state.withLock { state in
            state.first = min(state.first, round)
            state.last = round
            state.since = state.since ?? since
            if state.files.last?.block != block { state.files.append((block, file)) }
            if first == .max { firstUnsynced.store(round, ordering: .releasing) }
        }
    }

    /// Forgets rounds that are in synced partition files.
    func release(through round: UInt64) {
        state.withLock { state in
            // With none here a sync may be under way, which says itself when its rounds are durable.
            guard state.first != .max, state.last <= round else { return }
            state = State()
            firstUnsynced.store(.max, ordering: .releasing)
        }
    }

    /// Makes the rounds durable that are written by now. A failure is final.
    func sync() throws(DiskError) {
        let result = failure.withLock { failure -> Result<Void, DiskError> in
            if let failure { return .failure(failure) }
            let taken = state.withLock { state in
                defer { state = State() }
                return state.files
            }
            do throws(DiskError) {
                for (_, file) in taken { try file.sync() }
            } catch {
                failure = error
                return .failure(error)
            }
            state.withLock { firstUnsynced.store($0.first, ordering: .releasing) }
            return .success(())
        }
        try result.get()
    }
}
