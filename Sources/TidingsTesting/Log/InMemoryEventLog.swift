// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// An event log in memory, for tests: it commits when told or by itself, forgets what was not committed when it
/// crashes, and hands out real record batches.
///
/// - Concurrency: one thread, the one that runs the simulated loops its sessions were made for.
package final class InMemoryEventLog: EventLog, @unchecked Sendable {
    /// When appended records become durable.
    package enum Commits: Sendable {
        /// Soon: as the next thing the appending loop does.
        case soon
        /// So long after the first append of a round; time in which a crash loses it.
        case after(Duration)
        /// When the test calls ``InMemoryEventLog/commit()``.
        case whenTold
    }

    final class Partition {
        var batches: [StoredBatch] = []
        var start = Offset.zero
        var end = Offset.zero
        /// Where the next appended record goes; beyond `end` by what is not durable yet.
        var next = Offset.zero
        var byteCount: Int64 = 0
        /// Batches of open transactions, by producer.
        var open: [Int64: [StoredBatch]] = [:]
        var aborted: [AbortedTransaction] = []

        var lastStable: Offset { open.values.compactMap { $0.first?.baseOffset }.min() ?? end }

        /// Takes in what a batch means for transactions.
        func note(_ batch: StoredBatch) {
            guard let header = try? RecordBatchHeader(reading: batch.bytes), header.isTransactional else { return }
            guard header.isControl else {
                batch.decide(.open)
                return open[header.producerID, default: []].append(batch)
            }
            guard let marker = batch.marker,
                let ended = open.removeValue(forKey: header.producerID), let first = ended.first
            else { return }
            for batch in ended { batch.decide(marker.isCommit ? .counts : .aborted) }
            if marker.isCommit { return }
            aborted.append(
                AbortedTransaction(
                    producer: header.producerID, first: first.baseOffset, last: batch.baseOffset,
                    lastStable: open.isEmpty ? batch.lastOffset.next : lastStable))
        }

        /// The place of the batch that holds `offset`, or of the first one after it.
        func index(of offset: Offset) -> Int {
            var (low, high) = (0, batches.count)
            while low < high {
                let middle = (low + high) / 2
                if batches[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// The first record at or after a time.
        func first(atTime time: WallTime) -> TimedOffset {
            for batch in batches {
                guard let records = try? batch.records() else { continue }
                for record in records where record.offset >= start && record.timestamp >= time {
                    return TimedOffset(record.offset, record.timestamp)
                }
            }
            return TimedOffset(end, nil)
        }
    }

    private struct Pending {
        let session: InMemoryLogSession
        let content: Content
        let then: (Result<UInt64, LogError>) -> Void
    }

    private enum Content {
        case records([(partition: PartitionID, timestamp: WallTime, body: [UInt8])])
        case batch(PartitionID, SharedBytes)
    }

    /// When appended records become durable.
    package var commits: Commits
    /// How many batches per partition `recent` finds; older ones have to be read.
    package var recentBatchCount: Int
    /// How long a read takes.
    package var readDelay: Duration = .zero
    /// While set, every append is refused with it.
    package var refusal: LogError?
    /// While set, every read of that partition fails with it.
    package var readFailures: [PartitionID: LogError] = [:]
    /// The number of the last durable round.
    package private(set) var round: UInt64 = 0

    private(set) var partitions: [PartitionID: Partition] = [:]
    /// What sessions saved, by name.
    package var snapshots: [String: [UInt8]] = [:]
    private var table = TopicTable([])
    private var lastTopic: UInt32 = 0
    var lastProducer: Int64 = -1
    private var pending: [Pending] = []
    private var sessions: [InMemoryLogSession] = []
    private var commitIsDue = false
    private var life = 0

    /// Makes an empty log.
    package init(commits: Commits = .soon, recentBatchCount: Int = .max) {
        self.commits = commits
        self.recentBatchCount = recentBatchCount
    }

    package var topics: TopicTable { table }
    package var lastRound: UInt64 { round }

    package func bounds(of partition: PartitionID) -> PartitionBounds? {
        partitions[partition].map {
            PartitionBounds(start: $0.start, end: $0.end, byteCount: $0.byteCount, lastStable: $0.lastStable)
        }
    }

    package func producers(in partition: PartitionID) -> [ProducerStatus]? {
        guard let found = partitions[partition] else { return nil }
        var known: [Int64: ProducerStatus] = [:]
        for batch in found.batches {
            guard let header = try? RecordBatchHeader(reading: batch.bytes), header.producerID >= 0 else { continue }
            known[header.producerID] = ProducerStatus(
                producer: header.producerID, epoch: header.producerEpoch,
                lastSequence: header.isControl ? nil : header.baseSequence &+ header.lastOffsetDelta,
                lastHeard: WallTime(millis: header.maxTimestamp), coordinatorEpoch: header.isControl ? 0 : -1,
                transactionStart: found.open[header.producerID]?.first?.baseOffset)
        }
        return known.values.sorted { $0.producer < $1.producer }
    }

    package func session(on loop: any Loop) -> any LogSession {
        let session = InMemoryLogSession(self, loop)
        sessions.append(session)
        return session
    }

    /// The durable batches of a partition, in order.
    package func batches(of partition: PartitionID) -> [StoredBatch] { partitions[partition]?.batches ?? [] }

    /// Creates a topic at once; the existing one when there is one of that name.
    @discardableResult
    package func makeTopic(
        _ name: TopicName, partitions count: Int32, settings: TopicSettings = TopicSettings()
    ) -> TopicDescription {
        if let known = table[name] { return known }
        lastTopic += 1
        let topic = TopicDescription(
            id: TopicID(lastTopic), uuid: UUID128(high: UInt64(lastTopic), low: 1), name: name, partitionCount: count,
            settings: settings)
        table = TopicTable(table.all + [topic], version: table.version + 1)
        for partition in topic.partitions { partitions[partition] = Partition() }
        return topic
    }

    /// Makes everything appended so far durable as one round, answers its appends and tells the followers.
    package func commit() {
        commitIsDue = false
        let taken = pending
        pending = []
        let round = taken.isEmpty ? nil : store(taken.map(\.content))
        for append in taken {
            append.session.later { append.then(.success(round?.number ?? self.round)) }
        }
        guard let round, !round.batches.isEmpty else { return }
        for session in sessions { session.later { session.tell(round) } }
    }

    /// Forgets every session and what they still had to answer, as a killed process does.
    /// - Parameter keepsPending: whether what was appended and not answered yet turns out to be durable.
    package func crash(keepsPending: Bool = false) {
        let taken = pending
        pending = []
        if keepsPending, !taken.isEmpty { _ = store(taken.map(\.content)) }
        for partition in partitions.values { partition.next = partition.end }
        for session in sessions { session.die() }
        sessions = []
        commitIsDue = false
        life += 1
    }

    func append(
        _ buffer: inout AppendBuffer, _ session: InMemoryLogSession,
        _ then: @escaping (Result<UInt64, LogError>) -> Void
    )
        throws(LogError)
    {
        if let refusal { throw refusal }
        for entry in buffer.entries where partitions[entry.partition] == nil {
            throw LogError(.unknownTopic, "there is no partition \(entry.partition)")
        }
        for entry in buffer.entries where entry.chosenAmong > 0 {
            guard let topic = table[entry.partition.topic], topic.partitionCount == entry.chosenAmong else {
                throw LogError(.layoutChanged, "the topic has another number of partitions")
            }
        }
        var records: [(partition: PartitionID, timestamp: WallTime, body: [UInt8])] = []
        for index in buffer.entries.indices {
            let entry = buffer.entries[index]
            let partition = partitions[entry.partition]!
            buffer.entries[index].offset = partition.next
            partition.next = partition.next.next
            records.append((entry.partition, entry.timestamp, [UInt8](buffer.bodies.bytes[entry.body])))
        }
        pending.append(Pending(session: session, content: .records(records), then: then))
        commitLater(session)
    }

    func append(
        batch: UnsafeRawBufferPointer, to id: PartitionID, _ session: InMemoryLogSession,
        _ then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset {
        if let refusal { throw refusal }
        guard let partition = partitions[id] else {
            throw LogError(.unknownTopic, "there is no partition \(id)")
        }
        let header: RecordBatchHeader
        do throws(RecordError) {
            header = try RecordBatchHeader(verifying: batch, isFresh: true)
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        let bytes = SharedBytes(copying: batch.part(0..<header.totalByteCount))
        let offset = partition.next
        partition.next = offset + Int64(header.recordCount)
        pending.append(Pending(session: session, content: .batch(id, bytes), then: then))
        commitLater(session)
        return offset
    }

    private func commitLater(_ session: InMemoryLogSession) {
        guard !commitIsDue else { return }
        commitIsDue = true
        let life = life
        switch commits {
        case .soon: session.loop.post { [self] in if life == self.life { commit() } }
        case .after(let delay):
            _ = session.loop.schedule(after: delay) { [self] in if life == self.life { commit() } }
        case .whenTold: commitIsDue = false
        }
    }

    /// Stores what was appended as one round: records of one partition that follow each other become one batch.
    private func store(_ contents: [Content]) -> CommittedRound {
        round += 1
        var batches: [StoredBatch] = []
        var open: [PartitionID: [(timestamp: WallTime, body: [UInt8])]] = [:]
        func close(_ id: PartitionID) {
            guard let records = open.removeValue(forKey: id), let partition = partitions[id] else { return }
            var builder = RecordBatchBuilder()
            for (timestamp, body) in records {
                body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: timestamp) }
            }
            let bytes = SharedBytes(copying: builder.seal(baseOffset: partition.end))
            batches.append(keep(bytes, Int64(records.count), id, partition))
        }
        for content in contents {
            switch content {
            case .records(let records):
                for record in records { open[record.partition, default: []].append((record.timestamp, record.body)) }
            case .batch(let id, let bytes):
                close(id)
                guard let partition = partitions[id],
                    let header = try? RecordBatchHeader(reading: bytes.buffer)
                else { continue }
                let placed = SharedBytes(capacity: bytes.count) { room in
                    room.copyMemory(from: bytes.buffer)
                    RecordBatchHeader.place(room, at: partition.end)
                    return bytes.count
                }
                batches.append(keep(placed, Int64(header.recordCount), id, partition))
            }
        }
        for id in open.keys.sorted() { close(id) }
        batches.sort { ($0.partition, $0.baseOffset) < ($1.partition, $1.baseOffset) }
        return CommittedRound(number: round, batches: batches)
    }

    private func keep(_ bytes: SharedBytes, _ count: Int64, _ id: PartitionID, _ partition: Partition) -> StoredBatch {
        let last = partition.end + (count - 1)
        let batch = StoredBatch(
            partition: id, baseOffset: partition.end, lastOffset: last, round: round, owner: bytes,
            range: 0..<bytes.count)
        partition.batches.append(batch)
        partition.byteCount += Int64(bytes.count)
        partition.end = last.next
        partition.next = max(partition.next, partition.end)
        partition.note(batch)
        return batch
    }

    /// Changes what a topic is.
    func change(
        _ id: TopicID, _ change: (TopicDescription) -> TopicDescription
    ) -> Result<TopicDescription, LogError> {
        guard let topic = table[id] else {
            return .failure(LogError(.unknownTopic, "there is no topic number \(id.number)"))
        }
        let changed = change(topic)
        table = TopicTable(table.all.filter { $0.id != id } + [changed], version: table.version + 1)
        for partition in changed.partitions where partitions[partition] == nil {
            partitions[partition] = Partition()
        }
        return .success(changed)
    }

    func addPartitions(_ id: TopicID, upTo count: Int32) -> Result<TopicDescription, LogError> {
        // Where the old ones end must not change any more.
        commit()
        return change(id) { topic in
            guard count > topic.partitionCount else { return topic }
            let ends = topic.partitions.map { partitions[$0]?.next ?? .zero }
            return topic.with(partitionCount: count, endingAt: ends)
        }
    }

    func delete(_ id: TopicID) {
        table = TopicTable(table.all.filter { $0.id != id }, version: table.version + 1)
        partitions = partitions.filter { $0.key.topic != id }
    }

    /// Takes the end of a partition away, as a power loss does that was not synced; while no session is open.
    package func lose(_ id: PartitionID, from offset: Offset) {
        guard let partition = partitions[id] else { return }
        partition.batches.removeAll { $0.lastOffset >= offset }
        partition.end = partition.batches.last?.lastOffset.next ?? partition.start
        partition.next = partition.end
        partition.byteCount = partition.batches.reduce(0) { $0 + Int64($1.bytes.count) }
    }

    func deleteRecords(_ id: PartitionID, before offset: Offset) -> Offset? {
        guard let partition = partitions[id] else { return nil }
        partition.start = max(partition.start, min(offset, partition.end))
        while let first = partition.batches.first, first.lastOffset < partition.start {
            partition.byteCount -= Int64(first.bytes.count)
            partition.batches.removeFirst()
        }
        return partition.start
    }
}
