// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups

extension KafkaBroker {
    /// Appends batches; answers when they are as durable as their topics promise.
    func produce(
        _ request: ProduceRequest, _ answer: KafkaAnswer, _ frame: UnsafeRawBufferPointer, in room: PageRoom?
    ) {
        let found = transactionalWork(of: request, answer.version, in: frame)
        guard let work = found.first else {
            return append(request, answer, frame, in: room, ProduceWait(self, answer, request))
        }
        // The coordinator lives on another loop: the batches are kept meanwhile.
        let wait = ProduceWait(self, answer, request)
        func refuseAll(_ code: ErrorCode) {
            for (place, topic) in request.topicData.enumerated() {
                for index in topic.partitionData.indices { wait.refuse(.init(topic: place, partition: index), code) }
            }
            wait.allAreStaged()
        }
        // Who is admitted is one producer; another one's batch would begin a transaction that nobody ends.
        guard found.count == 1 else { return refuseAll(.invalidProducerIDMapping) }
        let copy = room == nil ? [UInt8](frame) : []
        let id = request.transactionalID ?? ""
        transaction({ $0.admit(id, work, $1, at: $2) }) { [self] result in
            if case .admitted = result {
                let coordinator = coordinator
                wait.whenOver = { coordinator.loop.post { coordinator.workEnded(id) } }
                if let room { return append(request, answer, frame, in: room, wait) }
                return copy.withUnsafeBytes { append(request, answer, $0, in: nil, wait) }
            }
            var code = ErrorCode.unknownServerError
            if case .refused(let refusal) = result {
                code = Self.code(refusal, answer.version)
            }
            refuseAll(code)
        }
    }

    /// What a producer is told that may not append just now or at all.
    private static func code(_ refusal: TransactionRefusal, _ version: Int16) -> ErrorCode {
        switch refusal {
        // Names of this kind mean nothing to who produces; what it knows, and comes again for, is that replicas are few.
        case .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator: .notEnoughReplicas
        case .concurrentTransactions where version < 12: .notEnoughReplicas
        default: ErrorCode(refusal, knowsFenced: false, knowsAbortable: version >= 12)
        }
    }

    /// What a request with batches of transactions wants to do, for each producer in it; empty when it has none.
    private func transactionalWork(
        of request: ProduceRequest, _ version: Int16, in frame: UnsafeRawBufferPointer
    ) -> [TransactionWork] {
        var work: [TransactionWork] = []
        for topic in request.topicData {
            for partition in topic.partitionData {
                guard let batch = partition.records?.bytes(in: frame), batch.count >= RecordBatchHeader.byteCount,
                    batch.number(21, Int16.self) & 16 != 0
                else { continue }
                let producer = ProducerIdentity(id: batch.number(43, Int64.self), epoch: batch.number(51, Int16.self))
                if work.last?.producer != producer { work.append(TransactionWork(producer, adds: version >= 12)) }
                if let id = self.partition(self.topic(topic.name), partition.index) {
                    work[work.count - 1].partitions.insert(id)
                }
            }
        }
        return work
    }

    private func append(
        _ request: ProduceRequest, _ answer: KafkaAnswer, _ frame: UnsafeRawBufferPointer, in room: PageRoom?,
        _ wait: ProduceWait
    ) {
        // A room with more than one batch in it cannot be handed on as one.
        let room = request.topicData.count == 1 && request.topicData[0].partitionData.count == 1 ? room : nil
        // What a client may ask for: no answer, or one that means what the topic promises.
        let isKnown = (-1...1).contains(request.acks)
        for (place, topic) in request.topicData.enumerated() {
            let known = self.topic(topic.name)
            for (index, partition) in topic.partitionData.enumerated() {
                let at = ProduceWait.Place(topic: place, partition: index)
                guard isKnown else {
                    wait.refuse(at, .invalidRequiredAcks, "acks \(request.acks); -1, 0 and 1 are known")
                    continue
                }
                guard let id = self.partition(known, partition.index) else {
                    wait.refuse(at, TopicName(topic.name) == nil ? .invalidTopicException : .unknownTopicOrPartition)
                    continue
                }
                guard let records = partition.records else {
                    wait.refuse(at, .invalidRecord, "a partition without records")
                    continue
                }
                let topic = known?.settings ?? TopicSettings()
                append(records.bytes(in: frame), in: room, to: id, topic, at, wait, answer.version)
            }
        }
        wait.allAreStaged()
    }

    private func append(
        _ batch: UnsafeRawBufferPointer, in room: PageRoom?, to partition: PartitionID, _ topic: TopicSettings,
        _ place: ProduceWait.Place, _ wait: ProduceWait, _ version: Int16
    ) {
        if let refusal = Self.refusal(of: batch, version) {
            return wait.refuse(place, refusal.code, refusal.sentence)
        }
        wait.begins(place)
        do throws(LogError) {
            let offset =
                if let own = room?.part(batch) {
                    try session.append(batch: own, to: partition) { wait.ended(place, $0) }
                } else {
                    try session.append(batch: batch, to: partition) { wait.ended(place, $0) }
                }
            wait.staged(
                place, offset, log.bounds(of: partition)?.start ?? .zero,
                topic.timestampType == .appended ? loop.time.wall.millis : -1)
        } catch {
            wait.refused(place, ProduceRefusal(of: batch, error, topic, at: loop.time.wall))
        }
    }

    /// What is refused before the log looks at the batch: what a request of this version must not hold.
    static func refusal(
        of batch: UnsafeRawBufferPointer, _ version: Int16
    ) -> (code: ErrorCode, sentence: String)? {
        guard batch.count > 16 else { return (.corruptMessage, "\(batch.count) bytes are no batch") }
        let magic = batch.number(16, Int8.self)
        guard magic == 2 else {
            return (.invalidRecord, "records of format \(magic); a request of version \(version) has those of format 2")
        }
        guard let count = RecordBatchHeader.totalByteCount(batch), batch.count >= RecordBatchHeader.byteCount else {
            return (.corruptMessage, "the batch's length cannot be")
        }
        guard count == batch.count else {
            return count > batch.count
                ? (.corruptMessage, "a batch of \(count) bytes; \(batch.count) came")
                : (.invalidRecord, "\(batch.count - count) bytes behind the batch; a partition's records are one batch")
        }
        let attributes = batch.number(21, Int16.self)
        if attributes & 32 != 0 { return (.invalidRecord, "control batches are written by the server") }
        if attributes & 8 != 0 { return (.invalidTimestamp, "the time of an append is the server's to give") }
        if attributes & 7 == RecordCodec.zstd.rawValue, version < 7 {
            return (.unsupportedCompressionType, "zstd needs a request of version 7 or later")
        }
        return nil
    }
}

/// One produce request on its way to its answer.
///
/// - Concurrency: lives on its broker's loop.
final class ProduceWait {
    /// A partition of the request.
    struct Place {
        let topic: Int
        let partition: Int
    }

    private let broker: KafkaBroker
    private let answer: KafkaAnswer
    private let acks: Int16
    private var response: ProduceResponse
    /// Appends that were not answered, and one until all are staged.
    private var left = 1
    private var hasRefusal = false
    /// Told before the client is.
    var whenOver: (() -> Void)?

    init(_ broker: KafkaBroker, _ answer: KafkaAnswer, _ request: ProduceRequest) {
        self.broker = broker
        self.answer = answer
        acks = request.acks
        response = ProduceResponse(
            responses: request.topicData.map { topic in
                .init(
                    name: topic.name,
                    partitionResponses: topic.partitionData.map { .init(index: $0.index, baseOffset: -1) })
            })
        broker.server.recordsWait(answer.size)
    }

    private func update(
        _ place: Place, _ body: (inout ProduceResponse.PartitionProduceResponse) -> Void
    ) { body(&response.responses[place.topic].partitionResponses[place.partition]) }

    func begins(_ place: Place) { left += 1 }

    func staged(_ place: Place, _ offset: Offset, _ start: Offset, _ appendTime: Int64) {
        update(place) {
            $0.logAppendTimeMs = appendTime
            $0.baseOffset = offset.value
            $0.logStartOffset = start.value
        }
    }

    /// The log took it, or not; `begins` came before.
    func ended(_ place: Place, _ result: Result<UInt64, LogError>) {
        if case .failure(let error) = result { note(place, ErrorCode(error), error.description) }
        one()
    }

    func refused(_ place: Place, _ refusal: ProduceRefusal) {
        note(place, refusal.code, refusal.sentence)
        update(place) { $0.recordErrors = refusal.records }
        one()
    }

    /// Refuses a partition whose append did not begin.
    func refuse(_ place: Place, _ code: ErrorCode, _ sentence: String? = nil) { note(place, code, sentence) }

    private func note(_ place: Place, _ code: ErrorCode, _ sentence: String?) {
        hasRefusal = true
        update(place) {
            $0.errorCode = code.rawValue
            $0.errorMessage = sentence
            $0.baseOffset = -1
            $0.logStartOffset = -1
        }
    }

    func allAreStaged() {
        if acks == 0 {
            // Nobody waits; a refusal is told by closing the connection, as Apache Kafka does.
            answer.skip()
            if hasRefusal { answer.connection.refuse("records that nobody wants an answer for were refused") }
        }
        one()
    }

    private func one() {
        left -= 1
        guard left == 0 else { return }
        whenOver?()
        if acks != 0 { broker.give(answer, response) }
        broker.server.recordsAreStored(answer.size)
    }
}
