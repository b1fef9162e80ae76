// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

/// One loop's entrance to a ``Log``.
///
/// - Concurrency: lives on its loop. `hasFollowers` and ``roundIsOver(answers:_:_:)`` are for the commit thread.
final class LoopSession: LogSession, @unchecked Sendable {
    let slot: Int
    let loop: any Loop
    let log: Log
    /// Whether rounds have to be told although nothing was appended here.
    let hasFollowers = Atomic(false)

    private var table: PartitionTable
    /// Where an append went last, and what the settings of its topic mean: most go there again.
    private var lastTarget: (partition: Partition, policy: AppendPolicy)?
    /// Who waits for a synced round, and who for a relaxed one.
    private var waiting = Fifo<Waiter>()
    private var waitingRelaxed = Fifo<Waiter>()
    private var followers: [(name: LogFollower, observer: (CommittedRound) -> Void)] = []
    private var lastFollower: UInt64 = 0
    /// The partition of each entry of the append at hand; kept for its memory.
    var targets: [Partition] = []
    /// Wakes the commit thread; made once.
    private var ring: @Sendable () -> Void

    init(_ log: Log, on loop: any Loop, slot: Int) {
        self.log = log
        self.loop = loop
        self.slot = slot
        table = log.table.withLock { $0 }
        let bell = log.committerBell
        ring = { bell.ring() }
    }

    /// The partition as the current table has it.
    func partition(_ id: PartitionID) -> Partition? {
        if table.version != log.tableVersion.load(ordering: .acquiring) {
            table = log.table.withLock { $0 }
            lastTarget = nil
        }
        return table.partition(id)
    }

    /// The same, and what the settings of its topic mean to an append.
    func target(_ id: PartitionID) -> (partition: Partition, policy: AppendPolicy)? {
        if let lastTarget, lastTarget.partition.id == id,
            table.version == log.tableVersion.load(ordering: .acquiring)
        {
            return lastTarget
        }
        guard let partition = partition(id) else { return nil }
        let target = (partition, table.policy(of: id.topic))
        lastTarget = target
        return target
    }

    /// Remembers who waits, and wakes the commit thread at the end of the loop's turn: what else comes in this turn
    /// shares the round.
    private func answerLater(_ then: @escaping (Result<UInt64, LogError>) -> Void, isRelaxed: Bool, wakes: Bool) {
        if isRelaxed { waitingRelaxed.append(Waiter(then: then)) } else { waiting.append(Waiter(then: then)) }
        if wakes { loop.post(ring) }
    }

    private enum Outcome {
        case refused(LogError)
        case taken(isRelaxed: Bool, wakes: Bool)
    }

    /// Stages something under the lock: what `work` refuses is thrown, else `then` is answered with the round.
    /// - Parameter isRelaxed: whether all that it goes to is relaxed.
    func stage(
        _ byteCount: Int, isRelaxed: Bool, internalOnly: Bool, to targets: [Partition],
        _ then: @escaping (Result<UInt64, LogError>) -> Void, _ work: (inout Staging, PendingGroup) -> LogError?
    ) throws(LogError) {
        let limit = log.settings.maxWaitingBytes
        let outcome = log.staging.withLock { staging -> Outcome in
            if let refusal = staging.refusal(of: byteCount, limit: limit, internalOnly: internalOnly) {
                return .refused(refusal)
            }
            if let gone = targets.first(where: { $0.staged.isDeleted }) { return .refused(unknown(gone.id)) }
            let group = staging.group(isRelaxed: isRelaxed, to: targets)
            if let refusal = work(&staging, group) { return .refused(refusal) }
            group.noteAppend(slot: slot)
            staging.waiting.add()
            defer { staging.isCommitterAsleep = false }
            return .taken(isRelaxed: group.isRelaxed, wakes: staging.isCommitterAsleep)
        }
        switch outcome {
        case .refused(let error): throw error
        case .taken(let isRelaxed, let wakes): answerLater(then, isRelaxed: isRelaxed, wakes: wakes)
        }
    }

    func unknown(_ partition: PartitionID) -> LogError {
        LogError(.unknownTopic, "there is no partition \(partition.index) of topic number \(partition.topic.number)")
    }

    /// Answers the oldest appends and shows a round to the followers, in one piece of work on the loop.
    func roundIsOver(
        answers: Int, isRelaxed: Bool, _ result: Result<UInt64, LogError>, _ round: CommittedRound?
    ) {
        loop.post { self.finish(answers, isRelaxed, result, round) }
    }

    private func finish(
        _ answers: Int, _ isRelaxed: Bool, _ result: Result<UInt64, LogError>, _ round: CommittedRound?
    ) {
        for _ in 0..<answers {
            guard let waiter = isRelaxed ? waitingRelaxed.popFirst() : waiting.popFirst() else {
                preconditionFailure("an append is answered once")
            }
            waiter.then(result)
        }
        guard let round else { return }
        for follower in followers where followers.contains(where: { $0.name == follower.name }) {
            follower.observer(round)
        }
    }

    // MARK: follow

    func follow(_ observer: @escaping (CommittedRound) -> Void) -> LogFollower {
        lastFollower += 1
        let name = LogFollower(lastFollower)
        followers.append((name, observer))
        // From here on every round that bounds(of:) does not show yet is told: a reader that looks at the bounds after
        // this misses none.
        hasFollowers.store(true, ordering: .sequentiallyConsistent)
        return name
    }

    func unfollow(_ follower: LogFollower) {
        followers.removeAll { $0.name == follower }
        if followers.isEmpty { hasFollowers.store(false, ordering: .sequentiallyConsistent) }
    }

    // MARK: read

    func recent(_ partition: PartitionID, from offset: Offset) -> StoredBatch? {
        self.partition(partition)?.tail.withLock { $0.batch(from: offset) }
    }

    func read(
        _ id: PartitionID, from offset: Offset, maxBytes: Int,
        then: @escaping (Result<[StoredBatch], LogError>) -> Void
    ) {
        let answer = Answer(loop, then)
        guard let partition = partition(id) else { return answer.give(.failure(unknown(id))) }
        let log = log
        let limit = max(1, min(maxBytes, log.settings.maxReadBytes))
        let quick = partition.tail.withLock { tail -> Result<[StoredBatch], LogError>? in
            if offset < tail.start { return .failure(Log.outOfRange(offset, tail.bounds)) }
            if offset > tail.end { return .failure(Log.outOfRange(offset, tail.bounds)) }
            if offset == tail.end { return .success([]) }
            return tail.batches(from: offset, maxBytes: limit).map { .success($0) }
        }
        if let quick { return answer.give(quick) }
        if log.filesBehind.load(ordering: .acquiring) {
            return log.readShared(partition, from: offset, maxBytes: limit) { answer.give($0) }
        }
        let isTaken = log.reads.submit { answer.give(log.readFiles(partition, from: offset, maxBytes: limit)) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    func offset(in id: PartitionID, atRound round: UInt64, then: @escaping (Result<Offset, LogError>) -> Void) {
        let answer = Answer(loop, then)
        guard let partition = partition(id) else { return answer.give(.failure(unknown(id))) }
        let log = log
        let isTaken = log.reads.submit { answer.give(log.firstOffset(in: partition, atRound: round)) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    func offset(
        in id: PartitionID, atTime time: WallTime, then: @escaping (Result<TimedOffset, LogError>) -> Void
    ) {
        let answer = Answer(loop, then)
        guard let partition = partition(id) else { return answer.give(.failure(unknown(id))) }
        let log = log
        let isTaken = log.reads.submit { answer.give(log.firstOffset(in: partition, atTime: time)) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    func latest(in id: PartitionID, then: @escaping (Result<TimedOffset, LogError>) -> Void) {
        let answer = Answer(loop, then)
        guard let partition = partition(id) else { return answer.give(.failure(unknown(id))) }
        let log = log
        let isTaken = log.reads.submit { answer.give(log.latestOffset(in: partition)) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    // MARK: what changes the folder

    /// Reads on a thread that may block.
    func read<Value: Sendable>(
        _ then: @escaping (Result<Value, LogError>) -> Void,
        _ work: @escaping @Sendable () -> Result<Value, LogError>
    ) {
        let answer = Answer(loop, then)
        let isTaken = log.reads.submit { answer.give(work()) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    func chore<Value: Sendable>(
        _ then: @escaping (Result<Value, LogError>) -> Void,
        _ work: @escaping @Sendable () -> Result<Value, LogError>
    ) {
        let answer = Answer(loop, then)
        let isTaken = log.chores.submit { answer.give(work()) }
        if !isTaken { answer.give(.failure(Log.tooManyReads)) }
    }

    func createTopic(
        _ name: TopicName, partitions: Int32, settings: TopicSettings,
        then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        let log = log
        chore(then) { log.createTopic(name, partitions: partitions, settings) }
    }

    func configureTopic(
        _ id: TopicID, _ settings: TopicSettings, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        let log = log
        chore(then) { log.configureTopic(id, settings) }
    }

    func addPartitions(
        _ id: TopicID, upTo count: Int32, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        let log = log
        chore(then) { log.addPartitions(id, upTo: count) }
    }

    func deleteTopic(_ id: TopicID, then: @escaping (Result<Void, LogError>) -> Void) {
        let log = log
        chore(then) { log.deleteTopic(id) }
    }

    func deleteRecords(
        _ id: PartitionID, before offset: Offset, then: @escaping (Result<Offset, LogError>) -> Void
    ) {
        let log = log
        chore(then) { log.deleteRecords(id, before: offset) }
    }

    func saveSnapshot(_ name: String, _ bytes: [UInt8], then: @escaping (Result<Void, LogError>) -> Void) {
        let log = log
        chore(then) { log.saveSnapshot(name, bytes) }
    }

    func loadSnapshot(_ name: String, then: @escaping (Result<[UInt8]?, LogError>) -> Void) {
        let log = log
        chore(then) { log.loadSnapshot(name) }
    }
}

/// Who waits for a round. A closure by itself would be wrapped on its way into a generic collection, and out of it.
private struct Waiter {
    let then: (Result<UInt64, LogError>) -> Void
}

/// A callback on its way to its loop: made on the loop, carried by another thread, run on the loop.
private final class Answer<Value: Sendable>: @unchecked Sendable {
    private let loop: any Loop
    private let then: (Result<Value, LogError>) -> Void

    init(_ loop: any Loop, _ then: @escaping (Result<Value, LogError>) -> Void) {
        self.loop = loop
        self.then = then
    }

    /// Posts the answer. Once, any thread.
    func give(_ result: Result<Value, LogError>) { loop.post { self.then(result) } }
}
