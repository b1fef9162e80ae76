// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Fetches that wait for records: woken by the round that brings some, never by asking again.
///
/// - Concurrency: lives on its session's loop.
final class FetchWaiters {
    private let session: any LogSession
    private var follower: LogFollower?
    private var tasks: [PartitionID: [FetchTask]] = [:]
    private var isStopped = false

    init(_ session: any LogSession) { self.session = session }

    /// Lets a fetch wait for records of its partitions.
    /// - Returns: false when the server stops: nothing is waited for.
    func add(_ task: FetchTask) -> Bool {
        guard !isStopped else { return false }
        if follower == nil { follower = session.follow { [weak self] in self?.committed($0) } }
        for partition in task.partitions { tasks[partition, default: []].append(task) }
        return true
    }

    func remove(_ task: FetchTask) {
        for partition in task.partitions {
            guard var list = tasks.removeValue(forKey: partition) else { continue }
            list.removeAll { $0 === task }
            if !list.isEmpty { tasks[partition] = list }
        }
    }

    private func committed(_ round: CommittedRound) {
        guard !tasks.isEmpty else { return }
        var woken: [FetchTask] = []
        for batch in round.batches {
            guard let waiting = tasks[batch.partition] else { continue }
            for task in waiting where task.hears(of: batch) { woken.append(task) }
        }
        for task in woken { task.wake() }
    }

    /// Ends all waits with what is there.
    func stop() {
        isStopped = true
        if let follower { session.unfollow(follower) }
        follower = nil
        let all = tasks.values.joined()
        tasks = [:]
        for task in all { task.wake() }
    }
}
