// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// One simulated loop's entrance to an ``InMemoryEventLog``.
final class InMemoryLogSession: LogSession, @unchecked Sendable {
    private struct Work: @unchecked Sendable { let run: () -> Void }

    let loop: any Loop
    private let log: InMemoryEventLog
    private var followers: [(id: LogFollower, observer: (CommittedRound) -> Void)] = []
    private var lastFollower: UInt64 = 0
    private var isDead = false

    init(_ log: InMemoryEventLog, _ loop: any Loop) {
        self.log = log
        self.loop = loop
    }

    func append(_ buffer: inout AppendBuffer, then: @escaping (Result<UInt64, LogError>) -> Void) throws(LogError) {
        if isDead { throw LogError(.stopping, "the log of this session has crashed") }
        try log.append(&buffer, self, then)
    }

    func append(
        batch: UnsafeRawBufferPointer, to partition: PartitionID,
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset {
        if isDead { throw LogError(.stopping, "the log of this session has crashed") }
        return try log.append(batch: batch, to: partition, self, then)
    }

    package func append(
        batch: SharedBytes, to partition: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset { try append(batch: batch.buffer, to: partition, then: then) }

    func allocateProducerID(then: @escaping (Result<Int64, LogError>) -> Void) {
        later { [self] in
            log.lastProducer += 1
            then(.success(log.lastProducer))
        }
    }

    func append(
        _ end: TransactionEnd, to partitions: [PartitionID],
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) {
        var buffer = ByteBuffer(capacity: TransactionMarker.byteCount)
        TransactionMarker(
            isCommit: end.isCommit, producerID: end.producer, producerEpoch: end.epoch,
            coordinatorEpoch: end.coordinatorEpoch
        ).append(to: &buffer, at: .zero, timestamp: loop.time.wall)
        let batch = buffer.array()
        for (place, partition) in partitions.enumerated() {
            let isLast = place == partitions.count - 1
            let result = batch.withUnsafeBytes { bytes in
                Result { () throws(LogError) in
                    try append(batch: bytes, to: partition, then: isLast ? then : { _ in })
                }
            }
            _ = try result.get()
        }
    }

    func abortedTransactions(
        in partition: PartitionID, from start: Offset, to end: Offset,
        then: @escaping (Result<[AbortedTransaction], LogError>) -> Void
    ) {
        later { [self] in
            let found = log.partitions[partition]?.aborted ?? []
            then(.success(found.filter { $0.last >= start && $0.first < end }))
        }
    }

    func follow(_ observer: @escaping (CommittedRound) -> Void) -> LogFollower {
        lastFollower += 1
        followers.append((LogFollower(lastFollower), observer))
        return LogFollower(lastFollower)
    }

    func unfollow(_ follower: LogFollower) { followers.removeAll { $0.id == follower } }

    func recent(_ partition: PartitionID, from offset: Offset) -> StoredBatch? {
        guard let stored = log.partitions[partition], offset >= stored.start else { return nil }
        let index = stored.index(of: offset)
        guard index < stored.batches.count, stored.batches.count - index <= log.recentBatchCount else { return nil }
        return stored.batches[index]
    }

    func read(
        _ partition: PartitionID, from offset: Offset, maxBytes: Int,
        then: @escaping (Result<[StoredBatch], LogError>) -> Void
    ) {
        let work: () -> Void = { [self] in
            if let failure = log.readFailures[partition] { return then(.failure(failure)) }
            guard let stored = log.partitions[partition] else {
                return then(.failure(LogError(.unknownTopic, "there is no partition \(partition)")))
            }
            guard offset >= stored.start, offset <= stored.end else {
                let resume = min(max(offset, stored.start), stored.end)
                return then(
                    .failure(LogError(.outOfRange, "\(offset) is outside of what is stored", resume: resume)))
            }
            var found: [StoredBatch] = []
            var size = 0
            for batch in stored.batches[stored.index(of: offset)...] {
                if !found.isEmpty, size + batch.bytes.count > maxBytes { break }
                found.append(batch)
                size += batch.bytes.count
            }
            then(.success(found))
        }
        if log.readDelay > .zero {
            _ = loop.schedule(after: log.readDelay) { [self] in if !isDead { work() } }
        } else {
            later(work)
        }
    }

    func offset(in partition: PartitionID, atRound round: UInt64, then: @escaping (Result<Offset, LogError>) -> Void) {
        later { [self] in
            guard let stored = log.partitions[partition] else {
                return then(.failure(LogError(.unknownTopic, "there is no partition \(partition)")))
            }
            then(.success(stored.batches.first { $0.round >= round }?.baseOffset ?? stored.end))
        }
    }

    func offset(
        in partition: PartitionID, atTime time: WallTime, then: @escaping (Result<TimedOffset, LogError>) -> Void
    ) {
        later { [self] in
            guard let stored = log.partitions[partition] else {
                return then(.failure(LogError(.unknownTopic, "there is no partition \(partition)")))
            }
            then(.success(stored.first(atTime: time)))
        }
    }

    func latest(in partition: PartitionID, then: @escaping (Result<TimedOffset, LogError>) -> Void) {
        later { [self] in
            guard let stored = log.partitions[partition] else {
                return then(.failure(LogError(.unknownTopic, "there is no partition \(partition)")))
            }
            let times = stored.batches.flatMap { batch in (try? batch.records())?.map(\.timestamp) ?? [] }
            then(.success(stored.first(atTime: times.max() ?? WallTime(millis: 0))))
        }
    }

    func createTopic(
        _ name: TopicName, partitions: Int32, settings: TopicSettings,
        then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        later { [self] in then(.success(log.makeTopic(name, partitions: partitions, settings: settings))) }
    }

    func configureTopic(
        _ id: TopicID, _ settings: TopicSettings, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        later { [self] in then(log.change(id) { $0.with(settings: settings) }) }
    }

    func addPartitions(
        _ id: TopicID, upTo count: Int32, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        later { [self] in then(log.addPartitions(id, upTo: count)) }
    }

    func deleteTopic(_ id: TopicID, then: @escaping (Result<Void, LogError>) -> Void) {
        later { [self] in
            log.delete(id)
            then(.success(()))
        }
    }

    func deleteRecords(
        _ partition: PartitionID, before offset: Offset, then: @escaping (Result<Offset, LogError>) -> Void
    ) {
        later { [self] in
            guard let start = log.deleteRecords(partition, before: offset) else {
                return then(.failure(LogError(.unknownTopic, "there is no partition \(partition)")))
            }
            then(.success(start))
        }
    }

    func saveSnapshot(_ name: String, _ bytes: [UInt8], then: @escaping (Result<Void, LogError>) -> Void) {
        later { [self] in
            log.snapshots[name] = bytes
            then(.success(()))
        }
    }

    func loadSnapshot(_ name: String, then: @escaping (Result<[UInt8]?, LogError>) -> Void) {
        later { [self] in then(.success(log.snapshots[name])) }
    }

    // MARK: - For the log

    func later(_ work: @escaping () -> Void) {
        let work = Work(run: work)
        loop.post { [self] in if !isDead { work.run() } }
    }

    func tell(_ round: CommittedRound) {
        for follower in followers where followers.contains(where: { $0.id == follower.id }) {
            follower.observer(round)
        }
    }

    func die() {
        isDead = true
        followers = []
    }
}
