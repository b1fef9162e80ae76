// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// One fetch on its way to its answer: looks what is there, reads what is not in memory, and waits when it is too little.
///
/// Batches are never copied: the answer names them, and they go out from where they lie, one copy for all readers.
///
/// - Concurrency: lives on its broker's loop.
final class FetchTask {
    /// A partition to be read.
    struct Wanted {
        let topic: String
        let index: Int32
        let offset: Int64
        let maxBytes: Int32
        let leaderEpoch: Int32
        var id: PartitionID?
    }

    /// What was found of it.
    struct Found {
        var error = ErrorCode.noError
        var bounds: PartitionBounds?
        var batches: [StoredBatch] = []
        var byteCount = 0
        var aborted: [AbortedTransaction]?
    }

    private let broker: KafkaBroker
    private let answer: KafkaAnswer
    private let wanted: [Wanted]
    private let minBytes: Int
    private let maxBytes: Int
    private let isCommittedOnly: Bool
    private let sessionID: Int32
    private let isIncremental: Bool
    private let deadline: MonotonicTime
    private var found: [Found] = []
    private var total = 0
    /// Reads that are under way, and one until all have begun.
    private var reads = 0
    private var timer: LoopTimer?
    /// Bytes that its reads may take until its answer is given.
    private var reserved = 0
    private var isWaiting = false
    private var isDone = false
    /// Bytes that came while it waits.
    private var heard = 0

    init(
        _ broker: KafkaBroker, _ answer: KafkaAnswer, _ wanted: [Wanted], request: FetchRequest, sessionID: Int32,
        isIncremental: Bool
    ) {
        self.broker = broker
        self.answer = answer
        self.wanted = wanted
        self.sessionID = sessionID
        self.isIncremental = isIncremental
        minBytes = Int(max(request.minBytes, 0))
        maxBytes = min(max(Int(request.maxBytes), 0), broker.settings.fetchBytes)
        isCommittedOnly = request.isolationLevel == 1
        let wait = min(Duration.milliseconds(max(request.maxWaitMs, 0)), broker.settings.fetchWait)
        deadline = broker.loop.time.now + wait
    }

    /// What it waits for.
    var partitions: [PartitionID] { wanted.compactMap(\.id) }

    // MARK: - Looking

    /// Looks at every partition, from the beginning.
    func run() {
        guard !isDone else { return }
        reserve(-reserved)
        found = Array(repeating: Found(), count: wanted.count)
        total = 0
        reads = 1
        for place in wanted.indices { look(at: place) }
        readEnded()
    }

    private func look(at place: Int) {
        let partition = wanted[place]
        guard let id = partition.id, let bounds = broker.log.bounds(of: id) else {
            found[place].error =
                TopicName(partition.topic) == nil ? .invalidTopicException : .unknownTopicOrPartition
            return
        }
        found[place].bounds = bounds
        if partition.leaderEpoch > 0 {
            found[place].error = .unknownLeaderEpoch
            return
        }
        guard partition.offset >= bounds.start.value, partition.offset <= bounds.end.value else {
            found[place].error = .offsetOutOfRange
            return
        }
        let limit = isCommittedOnly ? bounds.lastStable : bounds.end
        var next = Offset(partition.offset)
        while next < limit, hasRoom(place), let batch = broker.session.recent(id, from: next) {
            guard batch.baseOffset < limit, fits(batch, place) else { return }
            take(batch, place)
            next = Offset(batch.lastOffset.value + 1)
        }
        guard next < limit, found[place].batches.isEmpty, hasRoom(place) else { return }
        reads += 1
        let room = min(Int(max(partition.maxBytes, 1)), max(maxBytes - total, 1), broker.server.fetchRoom)
        reserve(room)
        broker.session.read(id, from: next, maxBytes: room) { [self] result in
            switch result {
            case .success(let batches):
                for batch in batches {
                    guard batch.baseOffset < limit, fits(batch, place) else { break }
                    take(batch, place)
                }
            case .failure(let error):
                found[place].error = ErrorCode(error)
            }
            readEnded()
        }
    }

    private func reserve(_ byteCount: Int) {
        reserved += byteCount
        broker.server.fetched(byteCount)
    }

    /// Whether more of a partition may be taken.
    private func hasRoom(_ place: Int) -> Bool {
        total == 0 || (total < maxBytes && found[place].byteCount < Int(wanted[place].maxBytes))
    }

    /// Whether a batch may be taken: the first of all always, however large, so that every reader gets on.
    private func fits(_ batch: StoredBatch, _ place: Int) -> Bool {
        let count = batch.bytes.count
        return total == 0
            || (total + count <= maxBytes && found[place].byteCount + count <= Int(wanted[place].maxBytes))
    }

    private func take(_ batch: StoredBatch, _ place: Int) {
        // Apache Kafka answers an old client so too: it would not know what it reads.
        if answer.version < 10, batch.bytes.number(21, Int16.self) & 7 == RecordCodec.zstd.rawValue {
            found[place].error = .unsupportedCompressionType
            found[place].batches = []
            return
        }
        found[place].batches.append(batch)
        found[place].byteCount += batch.bytes.count
        total += batch.bytes.count
    }

    private func readEnded() {
        reads -= 1
        guard reads == 0, !isDone else { return }
        let isEnough =
            total >= minBytes || broker.loop.time.now >= deadline || wanted.isEmpty
            || found.contains { $0.error != .noError }
        if isEnough || !waits() { findAborted() }
    }

    // MARK: - Waiting

    private func waits() -> Bool {
        guard broker.waiters.add(self) else { return false }
        isWaiting = true
        heard = 0
        answer.whenGivenUp = { [weak self] in self?.end() }
        timer = broker.loop.schedule(after: deadline - broker.loop.time.now) { [weak self] in
            self?.timer = nil
            self?.wake()
        }
        // What came while it was looked is there already.
        if hasNews { wake() }
        return true
    }

    private var hasNews: Bool {
        for (place, partition) in wanted.enumerated() {
            guard let id = partition.id, let old = found[place].bounds, let new = broker.log.bounds(of: id) else {
                continue
            }
            if isCommittedOnly ? new.lastStable > old.lastStable : new.end > old.end { return true }
        }
        return false
    }

    /// A batch has come; whether it makes the fetch look again.
    func hears(of batch: StoredBatch) -> Bool {
        let before = heard
        heard += batch.bytes.count
        return before + total < minBytes && heard + total >= minBytes
    }

    /// Looks again: records have come, or it is time.
    func wake() {
        guard isWaiting else { return }
        stopWaiting()
        run()
    }

    private func stopWaiting() {
        isWaiting = false
        broker.waiters.remove(self)
        if let timer { broker.loop.cancel(timer) }
        timer = nil
    }

    /// Nobody wants the answer any more.
    private func end() {
        isDone = true
        reserve(-reserved)
        if isWaiting { stopWaiting() }
    }

    // MARK: - The answer

    /// Asks for the aborted transactions that the reader has to leave out, where there are any.
    private func findAborted() {
        reads = 1
        for place in wanted.indices {
            guard isCommittedOnly, let id = wanted[place].id, let last = found[place].batches.last,
                found[place].batches.contains(where: { $0.fate == .aborted })
            else { continue }
            reads += 1
            let from = found[place].batches[0].baseOffset
            broker.session.abortedTransactions(in: id, from: from, to: Offset(last.lastOffset.value + 1)) {
                [self] result in
                switch result {
                case .success(let aborted): found[place].aborted = aborted
                case .failure(let error):
                    found[place].error = ErrorCode(error)
                    found[place].batches = []
                }
                abortedFound()
            }
        }
        abortedFound()
    }

    private func abortedFound() {
        reads -= 1
        guard reads == 0, !isDone else { return }
        isDone = true
        give()
    }

    private func give() {
        reserve(-reserved)
        var blocks: [[StoredBatch]] = []
        var topics: [FetchResponse.FetchableTopicResponse] = []
        for (place, partition) in wanted.enumerated() {
            let found = found[place]
            let end = found.bounds?.end.value ?? -1
            let lastStable = found.bounds?.lastStable.value ?? -1
            let start = found.bounds?.start.value ?? -1
            let told = FetchSession.Told(
                end: end, lastStable: lastStable, start: start, error: found.error.rawValue)
            // A session that the client has left meanwhile is another one.
            let isSame = sessionID != 0 && answer.connection.fetchSession?.id == sessionID
            let isNews =
                isSame
                ? answer.connection.fetchSession?.tell(partition.topic, partition.index, told) ?? true : true
            if isIncremental, !isNews, found.batches.isEmpty, found.error == .noError { continue }
            var data = FetchResponse.PartitionData(
                partitionIndex: partition.index, errorCode: found.error.rawValue, highWatermark: end,
                lastStableOffset: lastStable, logStartOffset: start,
                abortedTransactions: isCommittedOnly
                    ? (found.aborted ?? []).map { .init(producerID: $0.producer, firstOffset: $0.first.value) } : nil,
                records: MessageBytes(place: blocks.count, count: found.error == .noError ? found.byteCount : 0))
            if found.error == .noError, !found.batches.isEmpty {
                blocks.append(found.batches)
            } else {
                data.records = MessageBytes()
            }
            if topics.last?.topic == partition.topic {
                topics[topics.count - 1].partitions.append(data)
            } else {
                topics.append(.init(topic: partition.topic, partitions: [data]))
            }
        }
        if isIncremental, answer.connection.fetchSession?.id == sessionID { answer.connection.fetchSession?.rotate() }
        broker.give(answer, FetchResponse(sessionID: sessionID, responses: topics), blocks: blocks)
    }
}
