// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups

extension ErrorCode {
    /// What Kafka calls a refusal of a transaction, to a client that knows the later names or not.
    init(_ refusal: TransactionRefusal, knowsFenced: Bool = true, knowsAbortable: Bool = true) {
        self =
            switch refusal {
            case .coordinatorNotAvailable: .coordinatorNotAvailable
            case .coordinatorLoadInProgress: .coordinatorLoadInProgress
            case .notCoordinator: .notCoordinator
            case .unknownServerError: .unknownServerError
            case .invalidRequest: .invalidRequest
            case .policyViolation: .policyViolation
            case .invalidTransactionTimeout: .invalidTransactionTimeout
            case .invalidProducerIDMapping: .invalidProducerIDMapping
            case .producerFenced: knowsFenced ? .producerFenced : .invalidProducerEpoch
            case .invalidProducerEpoch: .invalidProducerEpoch
            case .concurrentTransactions: .concurrentTransactions
            case .invalidTxnState: .invalidTxnState
            case .transactionAbortable: knowsAbortable ? .transactionAbortable : .invalidTxnState
            case .transactionalIDNotFound: .transactionalIDNotFound
            }
    }
}

extension KafkaBroker {
    /// Asks the transactions' rules; `then` runs on this loop.
    func transaction(
        _ body: @escaping (inout TransactionCoordinator, RequestToken, Moment) -> [TransactionStep],
        then: @escaping (TransactionAnswer) -> Void
    ) {
        coordinator.ask(on: loop) {
            $0.transaction($1, body)
        } then: {
            then($0)
        }
    }

    private func code(_ answer: TransactionAnswer, knowsFenced: Bool) -> ErrorCode {
        if case .refused(let refusal) = answer { return ErrorCode(refusal, knowsFenced: knowsFenced) }
        return .noError
    }

    /// Gives a producer its id and epoch.
    func initProducerID(_ request: InitProducerIdRequest, _ answer: KafkaAnswer) {
        let expected =
            request.producerID == -1 && request.producerEpoch == -1
            ? nil : ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        let timeout = Duration.milliseconds(request.transactionTimeoutMs)
        transaction({ $0.initialise(request.transactionalID, expected: expected, timeout: timeout, $1, at: $2) }) {
            [self] result in
            if case .producer(let producer) = result {
                return give(answer, InitProducerIdResponse(producerID: producer.id, producerEpoch: producer.epoch))
            }
            give(
                answer,
                InitProducerIdResponse(
                    errorCode: code(result, knowsFenced: answer.version >= 4).rawValue, producerID: -1,
                    producerEpoch: -1))
        }
    }

    /// Makes partitions part of a transaction: all or none.
    func addPartitions(_ request: AddPartitionsToTxnRequest, _ answer: KafkaAnswer) {
        var partitions: Set<PartitionID> = []
        var isUnknown = false
        var codes = request.v3AndBelowTopics.map { topic -> [ErrorCode] in
            let known = self.topic(topic.name)
            return topic.partitions.map { index in
                guard let id = partition(known, index) else {
                    isUnknown = true
                    return .unknownTopicOrPartition
                }
                partitions.insert(id)
                return .noError
            }
        }
        func answered(_ codes: [[ErrorCode]]) {
            give(
                answer,
                AddPartitionsToTxnResponse(
                    resultsByTopicV3AndBelow: zip(request.v3AndBelowTopics, codes).map { topic, codes in
                        .init(
                            name: topic.name,
                            resultsByPartition: zip(topic.partitions, codes).map {
                                .init(partitionIndex: $0, partitionErrorCode: $1.rawValue)
                            })
                    }))
        }
        func all(_ code: ErrorCode) -> [[ErrorCode]] {
            request.v3AndBelowTopics.map { Array(repeating: code, count: $0.partitions.count) }
        }
        guard !isUnknown else {
            codes = codes.map { $0.map { $0 == .noError ? .operationNotAttempted : $0 } }
            return answered(codes)
        }
        let producer = ProducerIdentity(id: request.v3AndBelowProducerID, epoch: request.v3AndBelowProducerEpoch)
        let added = partitions
        transaction({ $0.add(request.v3AndBelowTransactionalID, producer, partitions: added, $1, at: $2) }) {
            [self] result in
            answered(all(code(result, knowsFenced: answer.version >= 2)))
        }
    }

    /// Makes a group's offsets part of a transaction.
    func addOffsets(_ request: AddOffsetsToTxnRequest, _ answer: KafkaAnswer) {
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        transaction({ $0.add(request.transactionalID, producer, groups: [request.groupID], $1, at: $2) }) {
            [self] result in
            give(answer, AddOffsetsToTxnResponse(errorCode: code(result, knowsFenced: answer.version >= 2).rawValue))
        }
    }

    /// Commits or aborts a transaction; answered when its partitions and groups know.
    func endTransaction(_ request: EndTxnRequest, _ answer: KafkaAnswer) {
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        let bumps = answer.version >= 5
        transaction({
            $0.end(
                request.transactionalID, producer, isCommit: request.committed, bumpsEpoch: bumps, $1, at: $2)
        }) { [self] result in
            if case .producer(let next) = result {
                return give(answer, EndTxnResponse(producerID: next.id, producerEpoch: next.epoch))
            }
            give(
                answer,
                EndTxnResponse(
                    errorCode: code(result, knowsFenced: answer.version >= 2).rawValue, producerID: -1,
                    producerEpoch: -1))
        }
    }

    /// Commits a group's offsets with a transaction.
    func commitInTransaction(_ request: TxnOffsetCommitRequest, _ answer: KafkaAnswer) {
        var response = TxnOffsetCommitResponse(
            topics: request.topics.map { topic in
                .init(name: topic.name, partitions: topic.partitions.map { .init(partitionIndex: $0.partitionIndex) })
            })
        var offsets: [OffsetToCommit] = []
        var places: [(topic: Int, partition: Int)] = []
        for (place, topic) in request.topics.enumerated() {
            let known = self.topic(topic.name)
            for (index, wanted) in topic.partitions.enumerated() {
                guard let id = partition(known, wanted.partitionIndex) else {
                    response.topics[place].partitions[index].errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    continue
                }
                offsets.append(
                    OffsetToCommit(
                        id, wanted.committedOffset, leaderEpoch: wanted.committedLeaderEpoch,
                        metadata: wanted.committedMetadata))
                places.append((place, index))
            }
        }
        guard !offsets.isEmpty else { return give(answer, response) }
        let producer = ProducerIdentity(id: request.producerID, epoch: request.producerEpoch)
        let work = TransactionWork(producer, groups: [request.groupID], adds: answer.version >= 5)
        let commit = CommitRequest(
            MemberIdentity(request.memberID, instanceID: request.groupInstanceID), generation: request.generationID,
            offsets: offsets, transaction: producer)
        let id = request.transactionalID
        let groupID = request.groupID
        let (prepared, all, version) = (response, places, answer.version)
        coordinator.ask(on: loop) { (coordinator, reply: @escaping ([ErrorCode]) -> Void) in
            coordinator.transaction({ admitted in
                guard case .admitted = admitted else {
                    var code = ErrorCode.unknownServerError
                    if case .refused(let refusal) = admitted {
                        code = ErrorCode(refusal, knowsFenced: false, knowsAbortable: version >= 5)
                    }
                    return reply(Array(repeating: code, count: all.count))
                }
                coordinator.group({ result in
                    coordinator.workEnded(id)
                    reply(Self.codes(result, count: all.count))
                }) { $0.commit(groupID, commit, $1, at: $2) }
            }) { $0.admit(id, work, $1, at: $2) }
        } then: { [self] codes in
            var response = prepared
            for (place, code) in zip(all, codes) {
                response.topics[place.topic].partitions[place.partition].errorCode = code.rawValue
            }
            give(answer, response)
        }
    }

    // MARK: - Administration

    /// Tells the producers of partitions that number their records.
    func describeProducers(_ request: DescribeProducersRequest, _ answer: KafkaAnswer) {
        give(
            answer,
            DescribeProducersResponse(
                topics: request.topics.once { $0.name }.map { topic in
                    let known = self.topic(topic.name)
                    return .init(
                        name: topic.name,
                        partitions: topic.partitionIndexes.once { $0 }.map { index in
                            guard let id = partition(known, index), let producers = log.producers(in: id) else {
                                return .init(
                                    partitionIndex: index, errorCode: ErrorCode.unknownTopicOrPartition.rawValue)
                            }
                            return .init(partitionIndex: index, activeProducers: producers.map { Self.described($0) })
                        })
                }))
    }

    private static func described(_ producer: ProducerStatus) -> DescribeProducersResponse.ProducerState {
        .init(
            producerID: producer.producer, producerEpoch: Int32(producer.epoch),
            lastSequence: producer.lastSequence ?? -1, lastTimestamp: producer.lastHeard.millis,
            coordinatorEpoch: producer.coordinatorEpoch,
            currentTxnStartOffset: producer.transactionStart?.value ?? -1)
    }

    /// Tells the state of transactions.
    func describeTransactions(_ request: DescribeTransactionsRequest, _ answer: KafkaAnswer) {
        let topics = log.topics
        coordinator.ask(on: loop) {
            (coordinator, reply: @escaping ([DescribeTransactionsResponse.TransactionState]) -> Void) in
            reply(
                request.transactionalIDs.once { $0 }.map { id in
                    guard let transactions = coordinator.transactions else {
                        return .init(errorCode: ErrorCode.coordinatorLoadInProgress.rawValue, transactionalID: id)
                    }
                    if let refusal = transactions.refusal(ofDescribing: id) {
                        return .init(errorCode: ErrorCode(refusal).rawValue, transactionalID: id)
                    }
                    guard let found = transactions.transaction(id)?.description else {
                        return .init(errorCode: ErrorCode.transactionalIDNotFound.rawValue, transactionalID: id)
                    }
                    return Self.described(found, topics)
                })
        } then: { [self] states in
            give(answer, DescribeTransactionsResponse(transactionStates: states))
        }
    }

    private static func described(
        _ found: TransactionDescription, _ topics: TopicTable
    ) -> DescribeTransactionsResponse.TransactionState {
        var byTopic: [DescribeTransactionsResponse.TopicData] = []
        for partition in found.partitions.sorted() {
            guard let name = topics[partition.topic]?.name.text else { continue }
            if byTopic.last?.topic == name {
                byTopic[byTopic.count - 1].partitions.append(partition.index)
            } else {
                byTopic.append(.init(topic: name, partitions: [partition.index]))
            }
        }
        return .init(
            transactionalID: found.id, transactionState: name(of: found.phase),
            transactionTimeoutMs: Int32(clamping: found.timeout.millis),
            transactionStartTimeMs: found.started?.millis ?? -1, producerID: found.producer.id,
            producerEpoch: found.producer.epoch, topics: byTopic)
    }

    /// A phase, as Kafka calls it.
    private static func name(of phase: TransactionPhase) -> String {
        switch phase {
        case .empty: "Empty"
        case .ongoing: "Ongoing"
        case .prepareCommit: "PrepareCommit"
        case .prepareAbort: "PrepareAbort"
        case .completeCommit: "CompleteCommit"
        case .completeAbort: "CompleteAbort"
        }
    }

    /// Lists transactions.
    func listTransactions(_ request: ListTransactionsRequest, _ answer: KafkaAnswer) {
        let known = Set(TransactionPhase.allCases.map { Self.name(of: $0) })
        let unknown = request.stateFilters.filter { !known.contains($0) }
        let states = Set(request.stateFilters)
        let producers = Set(request.producerIDFilters)
        let now = loop.time.wall
        guard (request.transactionalIDPattern ?? "").isEmpty else {
            // A pattern is a regular expression of Java's, which is not read here.
            return give(
                answer, ListTransactionsResponse(errorCode: ErrorCode.invalidRegularExpression.rawValue))
        }
        coordinator.ask(on: loop) { (coordinator, reply: @escaping ([TransactionDescription]?) -> Void) in
            reply(
                coordinator.transactions.map { transactions in
                    transactions.ids.compactMap { transactions.transaction($0)?.description }
                })
        } then: { [self] found in
            guard let found else {
                return give(
                    answer, ListTransactionsResponse(errorCode: ErrorCode.coordinatorLoadInProgress.rawValue))
            }
            let shown = found.filter { transaction in
                if !states.isEmpty, !states.contains(Self.name(of: transaction.phase)) { return false }
                if !producers.isEmpty, !producers.contains(transaction.producer.id) { return false }
                guard request.durationFilter >= 0 else { return true }
                return transaction.started.map { now.millis - $0.millis > request.durationFilter } ?? false
            }
            give(
                answer,
                ListTransactionsResponse(
                    unknownStateFilters: unknown,
                    transactionStates: shown.map {
                        .init(
                            transactionalID: $0.id, producerID: $0.producer.id,
                            transactionState: Self.name(of: $0.phase))
                    }))
        }
    }
}
