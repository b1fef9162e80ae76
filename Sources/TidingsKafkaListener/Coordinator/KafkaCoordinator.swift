// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups

/// The server's consumer groups and transactions: does what their rules say, in the log, on one loop.
///
/// What is acknowledged is durable: a rule says which records an answer waits for, and gets to know what became of them.
///
/// - Concurrency: lives on its loop; ``ask(on:_:then:)`` from any loop.
package final class KafkaCoordinator: @unchecked Sendable {
    /// Groups, members and offsets; compacted by key.
    static let groupsTopic = TopicName("__tidings.groups")!
    /// Transactional ids; compacted by key.
    static let transactionsTopic = TopicName("__tidings.transactions")!
    /// The topics that it keeps its state in: a new folder may begin with them.
    package static var topics: [(name: TopicName, partitions: Int32, settings: TopicSettings)] {
        [(groupsTopic, 1, topicSettings), (transactionsTopic, 1, topicSettings)]
    }
    static let topicSettings: TopicSettings = {
        var settings = TopicSettings()
        settings.cleanup = .compact
        settings.retentionTime = nil
        return settings
    }()
    /// How often what is too old is looked for.
    private static let expiryPause = Duration.seconds(300)
    /// How long after a failure what was recorded is read again.
    private static let readPause = Duration.seconds(5)

    let loop: any Loop
    private let log: any EventLog
    private let session: any LogSession
    private let random: any RandomSource
    private let logger: Logger
    /// What groups and transactions hold at most.
    let groupLimits: GroupLimits
    let transactionLimits: TransactionLimits
    private var groupsPartition: PartitionID?
    private var transactionsPartition: PartitionID?
    private var buffer = AppendBuffer()
    private var timer: LoopTimer?
    private var timerAt: MonotonicTime?
    private var expiry: LoopTimer?
    private var lastToken: UInt64 = 0
    private var groupReplies: [RequestToken: (GroupAnswer) -> Void] = [:]
    private var transactionReplies: [RequestToken: (TransactionAnswer) -> Void] = [:]
    private var isStopped = false
    /// Nil until what was recorded is read.
    package private(set) var groups: GroupTable?
    private(set) var transactions: TransactionCoordinator?
    private let readFault = Locked<String?>("groups and transactions are being read")
    /// Why groups and transactions are not served; nil when they are. Any thread.
    package var fault: String? { readFault.withLock { $0 } }

    /// Makes a coordinator. ``start()``, on its loop, reads what was recorded.
    package init(
        log: any EventLog, loop: any Loop, random: any RandomSource, logger: Logger,
        groups: GroupLimits = GroupLimits(), transactions: TransactionLimits = TransactionLimits()
    ) {
        self.log = log
        self.loop = loop
        self.random = random
        self.logger = logger
        groupLimits = groups
        transactionLimits = transactions
        session = log.session(on: loop)
    }

    private var moment: Moment { Moment(loop.time) }

    // MARK: - The beginning and the end

    /// Reads what was recorded, and goes on with it; until then requests are told to come again. What cannot be read is
    /// tried again.
    func start() {
        guard !isStopped else { return }
        var state = GroupState()
        StateTopic.load(Self.groupsTopic, Self.topicSettings, session, logger) { [logger] record in
            do {
                try state.fold(record)
            } catch {
                logger.error("a record of groups cannot be understood: \(error)")
            }
        } then: { [self] result in
            switch result {
            case .failure(let error): startAgain(error)
            case .success(let partition): startTransactions(partition, state)
            }
        }
    }

    private func startTransactions(_ groupsPartition: PartitionID, _ groupState: GroupState) {
        var state = TransactionState()
        StateTopic.load(Self.transactionsTopic, Self.topicSettings, session, logger) { [logger] record in
            do {
                try state.fold(record)
            } catch {
                logger.error("a record of transactions cannot be understood: \(error)")
            }
        } then: { [self] result in
            switch result {
            case .failure(let error): startAgain(error)
            case .success(let partition):
                guard !isStopped else { return }
                self.groupsPartition = groupsPartition
                groups = GroupTable(groupState, limits: groupLimits, random: random, at: moment)
                transactionsPartition = partition
                transactions = TransactionCoordinator(state, limits: transactionLimits)
                readFault.withLock { $0 = nil }
                change { (transactions: inout TransactionCoordinator, now) in transactions.resume(at: now) }
                expireLater()
            }
        }
    }

    private func startAgain(_ error: LogError) {
        let fault = "groups and transactions cannot be read: \(error)"
        if readFault.withLock({ known in
            defer { known = fault }
            return known != fault
        }) {
            logger.error("\(fault)")
        }
        guard !isStopped else { return }
        expiry = loop.schedule(after: Self.readPause) { [weak self] in
            self?.expiry = nil
            self?.start()
        }
    }

    /// Ends what waits; nothing is recorded any more.
    func stop() {
        isStopped = true
        if let timer { loop.cancel(timer) }
        if let expiry { loop.cancel(expiry) }
        timer = nil
        expiry = nil
        let (waitingForGroups, waitingForTransactions) = (groupReplies, transactionReplies)
        groupReplies = [:]
        transactionReplies = [:]
        for reply in waitingForGroups.values { reply(.refused(.notCoordinator)) }
        for reply in waitingForTransactions.values { reply(.refused(.notCoordinator)) }
    }

    /// Runs `work` with the coordinator on its loop, and `then` with its answer on the caller's loop.
    package func ask<Answer>(
        on caller: any Loop, _ work: @escaping (KafkaCoordinator, @escaping (Answer) -> Void) -> Void,
        then: @escaping (Answer) -> Void
    ) {
        if loop === caller { return work(self, then) }
        let way = Way(work: work, then: then)
        loop.post { [self] in
            way.work(self) { answer in
                let answer = Answered(value: answer)
                caller.post { way.then(answer.value) }
            }
        }
    }

    /// What is carried between two loops, and touched on one at a time.
    private struct Way<Answer>: @unchecked Sendable {
        let work: (KafkaCoordinator, @escaping (Answer) -> Void) -> Void
        let then: (Answer) -> Void
    }

    private struct Answered<Answer>: @unchecked Sendable { let value: Answer }

    // MARK: - Groups

    /// Asks the groups' rules something that is answered now or later.
    package func group(
        _ then: @escaping (GroupAnswer) -> Void, _ body: (inout GroupTable, RequestToken, Moment) -> [GroupStep]
    ) {
        guard !isStopped else { return then(.refused(.notCoordinator)) }
        guard groups != nil else { return then(.refused(.coordinatorLoadInProgress)) }
        lastToken += 1
        let token = RequestToken(lastToken)
        groupReplies[token] = then
        change { (groups: inout GroupTable, now) in body(&groups, token, now) }
    }

    /// Changes groups without an answer to anybody.
    func change(_ body: (inout GroupTable, Moment) -> [GroupStep]) {
        guard groups != nil, !isStopped else { return }
        perform(body(&groups!, moment))
        armTimer()
    }

    /// A heartbeat, the most frequent request of all: answered at once.
    func heartbeat(_ id: String, _ member: MemberIdentity, generation: Int32) -> ErrorCode {
        guard !isStopped else { return .notCoordinator }
        // Apache Kafka says so blindly while it reads its groups, and clients (aiokafka) end at anything else.
        guard groups != nil else { return .noError }
        return groups!.heartbeat(id, member, generation: generation, at: moment).map { ErrorCode($0) } ?? .noError
    }

    private func perform(_ steps: [GroupStep]) {
        for step in steps {
            switch step {
            case .answer(let token, let answer): groupReplies.removeValue(forKey: token)?(answer)
            case .store(let records, let ticket):
                append(records, to: groupsPartition) { [self] failure in
                    change { (groups: inout GroupTable, now) in groups.stored(ticket, failure, at: now) }
                }
            }
        }
    }

    // MARK: - Transactions

    /// Asks the transactions' rules something that is answered now or later.
    func transaction(
        _ then: @escaping (TransactionAnswer) -> Void,
        _ body: (inout TransactionCoordinator, RequestToken, Moment) -> [TransactionStep]
    ) {
        guard !isStopped else { return then(.refused(.notCoordinator)) }
        guard transactions != nil else { return then(.refused(.coordinatorLoadInProgress)) }
        lastToken += 1
        let token = RequestToken(lastToken)
        transactionReplies[token] = then
        change { (transactions: inout TransactionCoordinator, now) in body(&transactions, token, now) }
    }

    func change(_ body: (inout TransactionCoordinator, Moment) -> [TransactionStep]) {
        guard transactions != nil, !isStopped else { return }
        perform(body(&transactions!, moment))
        armTimer()
    }

    private func perform(_ steps: [TransactionStep]) {
        for step in steps {
            switch step {
            case .answer(let token, let answer): transactionReplies.removeValue(forKey: token)?(answer)
            case .store(let records, let ticket):
                append(records, to: transactionsPartition) { [self] failure in
                    change { (transactions: inout TransactionCoordinator, now) in
                        transactions.stored(ticket, failure, at: now)
                    }
                }
            case .allocateProducerID(let ticket):
                session.allocateProducerID { [self] result in
                    change { (transactions: inout TransactionCoordinator, now) in
                        transactions.allocated(ticket, result.mapError { Self.failure($0) }, at: now)
                    }
                }
            case .mark(let end, in: let partitions, as: let ticket): mark(end, partitions, ticket)
            case .endOffsets(let producer, in: let id, let isCommit, as: let ticket):
                group({ [self] answer in
                    var failure: MarkFailure?
                    if case .refused = answer { failure = .unavailable }
                    change { (transactions: inout TransactionCoordinator, now) in
                        transactions.told(ticket, failure, at: now)
                    }
                }) { $0.endTransaction(of: producer, in: id, isCommit: isCommit, $1, at: $2) }
            }
        }
    }

    /// Something that a transaction admitted is over.
    func workEnded(_ id: String) { transactions?.workEnded(id) }

    private func mark(_ end: TransactionEnd, _ partitions: [PartitionID], _ ticket: TransactionTicket) {
        func told(_ failure: MarkFailure?) {
            change { (transactions: inout TransactionCoordinator, now) in transactions.told(ticket, failure, at: now) }
        }
        // Of a topic that is gone nothing is left to tell.
        let there = partitions.filter { partition in
            log.topics[partition.topic].map { partition.index < $0.partitionCount } ?? false
        }
        guard !there.isEmpty else { return later { told(nil) } }
        do throws(LogError) {
            try session.append(end, to: there) { result in
                switch result {
                case .success: told(nil)
                case .failure(let error): told(Self.markFailure(error))
                }
            }
        } catch {
            let failure = Self.markFailure(error)
            later { told(failure) }
        }
    }

    private static func markFailure(_ error: LogError) -> MarkFailure {
        switch error.code {
        case .fencedProducer, .fencedCoordinator, .invalidTransaction: .refused
        default: .unavailable
        }
    }

    private static func failure(_ error: LogError) -> StoreFailure {
        switch error.code {
        case .offline, .stopping: .offline
        case .recordTooLarge: .tooLarge
        default: .unavailable
        }
    }

    // MARK: - Records and time

    private func append(_ records: [StoredRecord], to partition: PartitionID?, then: @escaping (StoreFailure?) -> Void)
    {
        guard let partition else { return later { then(.offline) } }
        buffer.removeAll()
        for record in records {
            buffer.add(to: partition, at: loop.time.wall) { body in
                record.key.withUnsafeBytes { key in
                    guard let value = record.value else {
                        return EventRecord.encodeBody(key: key, value: nil, into: &body)
                    }
                    value.withUnsafeBytes { EventRecord.encodeBody(key: key, value: $0, into: &body) }
                }
            }
        }
        do throws(LogError) {
            try session.append(&buffer) { result in
                switch result {
                case .success: then(nil)
                case .failure(let error): then(Self.failure(error))
                }
            }
        } catch {
            let failure = Self.failure(error)
            logger.warning("groups or transactions could not be recorded", [("reason", error.description)])
            later { then(failure) }
        }
    }

    /// Runs `work` in a turn of its own: rules are never told something while they say what to do.
    private func later(_ work: @escaping () -> Void) {
        let way = Way<Void>(work: { _, _ in work() }, then: {})
        loop.post { [self] in way.work(self) {} }
    }

    private func armTimer() {
        let next = [groups?.deadline, transactions?.deadline].compactMap(\.self).min()
        guard next != timerAt else { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        timerAt = next
        guard let next else { return }
        timer = loop.schedule(after: max(next - loop.time.now, .zero)) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.timerAt = nil
            self.change { (groups: inout GroupTable, now) in groups.pass(now) }
            self.change { (transactions: inout TransactionCoordinator, now) in transactions.pass(now) }
            self.armTimer()
        }
    }

    private func expireLater() {
        expiry = loop.schedule(after: Self.expiryPause) { [weak self] in
            guard let self else { return }
            let topics = self.log.topics
            self.change { (groups: inout GroupTable, now) in
                groups.expire(at: now) { topics[$0.topic]?.name.text }
            }
            self.change { (transactions: inout TransactionCoordinator, now) in transactions.expire(at: now) }
            self.expireLater()
        }
    }

    /// Topics are gone: what was committed in them is forgotten.
    func forget(_ topics: [TopicID]) {
        for topic in topics { change { (groups: inout GroupTable, now) in groups.forget(topic, at: now) } }
    }
}
