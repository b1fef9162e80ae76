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
    private var waiting: [(Result<UInt64, LogError>) -> Void] = []
    private var firstWaiting = 0
    private var followers: [(name: LogFollower, observer: (CommittedRound) -> Void)] = []
    private var lastFollower: UInt64 = 0
    /// The partition of each entry of the append at hand; kept for its memory.
    private var targets: [Partition] = []

    init(_ log: Log, on loop: any Loop, slot: Int) {
        self.log = log
        self.loop = loop
        self.slot = slot
        table = log.table.withLock { $0 }
    }

    /// The partition as the current table has it.
    func partition(_ id: PartitionID) -> Partition? {
        if table.version != log.tableVersion.load(ordering: .acquiring) { table = log.table.withLock { $0 } }
        return table.partition(id)
    }

    // MARK: append

    func append(
        _ buffer: inout AppendBuffer, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) {
        let settings = log.settings
        var byteCount = 0
        var isInternal = true
        targets.removeAll(keepingCapacity: true)
        for entry in buffer.entries {
            guard entry.body.count <= settings.maxRecordBytes else {
                throw LogError(
                    .recordTooLarge,
                    "a record of \(entry.body.count) bytes; storage.max_record_bytes is \(settings.maxRecordBytes)")
            }
            if let last = targets.last, last.id == entry.partition {
                targets.append(last)
            } else {
                guard let partition = partition(entry.partition) else { throw unknown(entry.partition) }
                targets.append(partition)
                byteCount += Staging.batchOverhead
                isInternal = isInternal && partition.topic.isInternal
            }
            // The body begins with the length of its key: -1, as the format writes it, when there is none.
            if targets[targets.count - 1].needsKeys.load(ordering: .relaxed),
                buffer.bodies.bytes[entry.body.lowerBound] == 1
            {
                throw Log.noKey(targets[targets.count - 1].topic)
            }
            byteCount += RecordBatchBuilder.maximumByteCount(body: entry.body.count)
        }
        guard byteCount <= settings.maxWaitingBytes else {
            throw LogError(
                .recordTooLarge,
                "one append of \(byteCount) bytes; the limit maxWaitingBytes is \(settings.maxWaitingBytes)")
        }
        let bodies = buffer.bodies.bytes
        let outcome = log.staging.withLock { staging -> Outcome in
            if let refusal = staging.refusal(internalOnly: isInternal) { return .refused(refusal) }
            guard staging.filling.byteCount + byteCount <= settings.maxWaitingBytes else {
                return .refused(
                    LogError(.overloaded, "\(staging.filling.byteCount) bytes wait for the disk already"))
            }
            if let gone = targets.first(where: { $0.staged.isDeleted }) { return .refused(unknown(gone.id)) }
            for place in buffer.entries.indices
            where !targets[place].staged.takes(chosenAmong: buffer.entries[place].chosenAmong) {
                return .refused(Log.layoutChanges)
            }
            for place in buffer.entries.indices {
                let entry = buffer.entries[place]
                buffer.entries[place].offset = staging.add(
                    bodies.part(entry.body), at: entry.timestamp, to: targets[place], settings: settings)
            }
            staging.filling.noteAppend(slot: slot)
            defer { staging.isCommitterAsleep = false }
            return .taken(wakes: staging.isCommitterAsleep)
        }
        switch outcome {
        case .refused(let error): throw error
        case .taken(let wakes):
            waiting.append(then)
            if wakes { log.committerBell.ring() }
        }
    }

    func append(
        batch: UnsafeRawBufferPointer, to id: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset {
        guard let partition = partition(id) else { throw unknown(id) }
        let header: RecordBatchHeader
        do throws(RecordError) {
            header = try RecordBatchHeader(verifying: batch, isFresh: true)
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        let settings = log.settings
        guard header.recordCount > 0, !header.isControl, header.totalByteCount == batch.count,
            header.producerID < 0 || header.producerEpoch >= 0 && header.baseSequence >= 0,
            header.producerID >= 0 || !header.isTransactional
        else { throw LogError(.corruptBatch, "a client's batch has records, and no marks of the server") }
        guard batch.count <= settings.maxWaitingBytes / 2 else {
            throw LogError(.recordTooLarge, "a batch of \(batch.count) bytes")
        }
        if partition.needsKeys.load(ordering: .relaxed) { try Log.requireKeys(of: batch, partition.topic) }
        let now = loop.time.wall
        var offset = Offset.zero
        try stage(then) { staging in
            if let refusal = staging.refusal(internalOnly: partition.topic.isInternal) { return refusal }
            guard staging.filling.byteCount + batch.count + Staging.batchOverhead <= settings.maxWaitingBytes else {
                return LogError(.overloaded, "\(staging.filling.byteCount) bytes wait for the disk already")
            }
            let staged = partition.staged
            if staged.isDeleted { return self.unknown(id) }
            guard staged.takes(chosenAmong: 0) else { return Log.layoutChanges }
            #if TIDINGS_MUTATIONS
                let isRepeatStored = settings.mutation == .storesRepeats
            #else
                let isRepeatStored = false
            #endif
            switch staged.judge(header, at: now, settings) {
            case .refused(let refusal): return refusal.error(of: header.producerID)
            // What was stored before is in this round or an older one: it is answered with this one.
            case .duplicate(let known) where !isRepeatStored: offset = known.baseOffset
            case .fresh, .duplicate:
                offset = staging.add(whole: batch, offsets: header.lastOffsetDelta + 1, to: partition)
                staged.take(header, at: offset, now)
            }
            return nil
        }
        return offset
    }

    /// Stages something under the lock: what `work` refuses is thrown, else `then` is answered with the next round.
    func stage(
        _ then: @escaping (Result<UInt64, LogError>) -> Void, _ work: (inout Staging) -> LogError?
    ) throws(LogError) {
        let outcome = log.staging.withLock { staging -> Outcome in
            if let refusal = work(&staging) { return .refused(refusal) }
            staging.filling.noteAppend(slot: slot)
            defer { staging.isCommitterAsleep = false }
            return .taken(wakes: staging.isCommitterAsleep)
        }
        switch outcome {
        case .refused(let error): throw error
        case .taken(let wakes):
            waiting.append(then)
            if wakes { log.committerBell.ring() }
        }
    }

    private enum Outcome {
        case refused(LogError)
        case taken(wakes: Bool)
    }

    func unknown(_ partition: PartitionID) -> LogError {
        LogError(.unknownTopic, "there is no partition \(partition.index) of topic number \(partition.topic.number)")
    }

    /// Answers the oldest appends and shows a round to the followers, in one piece of work on the loop.
    func roundIsOver(answers: Int, _ result: Result<UInt64, LogError>, _ round: CommittedRound?) {
        loop.post { self.finish(answers, result, round) }
    }

    private func finish(_ answers: Int, _ result: Result<UInt64, LogError>, _ round: CommittedRound?) {
        for _ in 0..<answers {
            let then = waiting[firstWaiting]
            firstWaiting += 1
            if firstWaiting == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                firstWaiting = 0
            } else if firstWaiting >= 1024, firstWaiting * 2 >= waiting.count {
                waiting.removeFirst(firstWaiting)
                firstWaiting = 0
            }
            then(result)
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
