// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// Transactional producers with requests that come late or twice, and a server that ends at any moment.
@Suite struct TransactionSimulationTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `each transaction counts whole or not at all`(_ part: UInt64) throws {
        for seed in part * 25..<(part + 1) * 25 {
            let simulation = TransactionSimulation(seed: seed)
            try simulation.run(steps: 500)
            if !simulation.faults.isEmpty { Issue.record("seed \(seed): \(simulation.faults.prefix(3))") }
        }
    }

    #if TIDINGS_MUTATIONS
        @Test(arguments: [GroupMutation.ignoresEpochs, .forgetsDecided, .ignoresAborts])
        func `a planted fault is found`(_ mutation: GroupMutation) throws {
            for seed in 0..<40 as Range<UInt64> {
                let simulation = TransactionSimulation(seed: seed, mutation: mutation)
                try simulation.run(steps: 500)
                if !simulation.faults.isEmpty { return }
            }
            Issue.record("\(mutation) was not found")
        }
    #endif
}

/// Two producers, three partitions, one group, and what each transaction left in them.
private final class TransactionSimulation {
    private struct Client {
        enum Phase {
            case starting(RequestToken?)
            /// So many parts are still to be written.
            case writing(Int)
            case appending(Int, RequestToken)
            case ending(Bool, RequestToken?)
        }

        let id: String
        /// Whether each of its transactions has an epoch of its own.
        let bumps: Bool
        var phase = Phase.starting(nil)
        var identity: ProducerIdentity?
        var transaction = 0
    }

    /// What a client knows of one of its transactions.
    private struct Sent {
        let client: Int
        var askedCommit = false
        var answer: Bool?
    }

    private enum Entry {
        case data(transaction: Int, ProducerIdentity)
        case marker(TransactionEnd)
    }

    /// What is written in one go.
    private enum Write {
        case coordinator([StoredRecord], TransactionTicket)
        case groups([StoredRecord], GroupTicket)
        case data(Int32, transaction: Int, ProducerIdentity, RequestToken)
        case markers(TransactionEnd, [PartitionID], TransactionTicket)
    }

    private let random: SeededRandom
    private let limits: TransactionLimits
    private let groupLimits: GroupLimits
    private var coordinator: TransactionCoordinator
    private var groups: GroupTable
    private var clients = [Client(id: "a", bumps: true), Client(id: "b", bumps: true), Client(id: "c", bumps: false)]
    private(set) var faults: [String] = []

    // The disk: what is durable, and what is on its way, in order.
    private var coordinatorLog: [StoredRecord] = []
    private var groupLog: [StoredRecord] = []
    private var partitions: [Int32: [Entry]] = [:]
    private var writes: [Write] = []
    /// What each partition knows of the producers in it, with what is on its way: the log's rules.
    private var staged: [Int32: [Int64: (epoch: Int16, isOpen: Bool)]] = [:]
    private var allocations: [TransactionTicket] = []
    private var lastProducer: Int64 = 0

    private var millis: Int64 = 1_000
    private var lastToken: UInt64 = 0
    private var answers: [RequestToken: TransactionAnswer] = [:]
    /// Appends and commits that were answered, and whether they were done.
    private var written: [RequestToken: Bool] = [:]
    /// Group requests that tell the coordinator's ticket.
    private var told: [RequestToken: TransactionTicket] = [:]
    /// What was asked to be admitted: of which client, for which transaction.
    private var asked: [RequestToken: (client: Int, transaction: Int, work: TransactionWork)] = [:]
    /// What was admitted and is not yet on its way to the disk: that is another loop's.
    private var admitted: [RequestToken] = []
    /// What was admitted and is not over, and of which client.
    private var working: [RequestToken: Int] = [:]
    private var sent: [Int: Sent] = [:]
    private var lastTransaction = 0
    /// Ends that come once more, some time: of which client, who, and how.
    private var late: [(client: Int, ProducerIdentity, Bool)] = []

    init(seed: UInt64, mutation: GroupMutation? = nil) {
        random = SeededRandom(seed: seed &* 91 &+ 7)
        var limits = TransactionLimits()
        var groupLimits = GroupLimits()
        #if TIDINGS_MUTATIONS
            limits.mutation = mutation
            groupLimits.mutation = mutation
        #endif
        self.limits = limits
        self.groupLimits = groupLimits
        coordinator = TransactionCoordinator(limits: limits)
        let moment = Moment(now: MonotonicTime(nanos: 0), wall: WallTime(millis: 0))
        groups = GroupTable(limits: groupLimits, random: random, at: moment)
    }

    private var moment: Moment { Moment(now: MonotonicTime(nanos: millis * 1_000_000), wall: WallTime(millis: millis)) }

    private func draw(_ limit: Int) -> Int { Int(random.next(below: UInt64(limit))) }

    private func token() -> RequestToken {
        lastToken += 1
        return RequestToken(lastToken)
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            switch draw(200) {
            case 0..<90: act(draw(clients.count))
            case 90..<100: haunt()
            case 100..<130: perform()
            case 130..<190: for _ in 0...draw(2) { write(fails: draw(60) == 0) }
            case 190..<198: pass(Int64(draw(1_000)))
            default: try crash()
            }
        }
        // Nobody goes on: what is open is aborted in time.
        for _ in 0..<100 {
            while !writes.isEmpty || !allocations.isEmpty || !admitted.isEmpty {
                perform()
                write(fails: false)
            }
            pass(2_000)
        }
        judge()
    }

    private func pass(_ more: Int64) {
        millis += more
        obey(coordinator.pass(moment))
        obey(groups.pass(moment))
    }

    // MARK: - The server

    private func obey(_ steps: [TransactionStep]) {
        for step in steps {
            switch step {
            case .answer(let token, let answer):
                if answers.updateValue(answer, forKey: token) != nil { faults.append("\(token) was answered twice") }
                if answer == .admitted { admitted.append(token) }
            case .store(let records, let ticket): writes.append(.coordinator(records, ticket))
            case .allocateProducerID(let ticket): allocations.append(ticket)
            case .mark(let end, let partitions, let ticket):
                if partitions.contains(where: { refuses(end, in: $0.index) }) { faults.append("a log refuses \(end)") }
                stage(.markers(end, partitions, ticket))
            case .endOffsets(let producer, let group, let isCommit, let ticket):
                let token = token()
                told[token] = ticket
                obey(groups.endTransaction(of: producer, in: group, isCommit: isCommit, token, at: moment))
            }
        }
    }

    private func obey(_ steps: [GroupStep]) {
        for step in steps {
            switch step {
            case .store(let records, let ticket): writes.append(.groups(records, ticket))
            case .answer(let token, let answer):
                if let ticket = told.removeValue(forKey: token) {
                    obey(coordinator.told(ticket, answer == .done ? nil : .unavailable, at: moment))
                } else if case .offsets(let results) = answer {
                    finish(token, isDone: results[0].refusal == nil)
                } else {
                    finish(token, isDone: false)
                }
            }
        }
    }

    /// Something that was admitted is over.
    private func finish(_ token: RequestToken, isDone: Bool) {
        written[token] = isDone
        guard let client = working.removeValue(forKey: token) else { return }
        coordinator.workEnded(clients[client].id)
    }

    private func perform() {
        guard !admitted.isEmpty else { return }
        let token = admitted.removeFirst()
        guard let (client, transaction, work) = asked.removeValue(forKey: token) else { return }
        working[token] = client
        if let partition = work.partitions.first {
            let known = staged[partition.index]?[work.producer.id]?.epoch ?? 0
            if work.producer.epoch < known { faults.append("a log refuses what was admitted") }
            stage(.data(partition.index, transaction: transaction, work.producer, token))
        } else {
            let offset = OffsetToCommit(PartitionID(TopicID(9), Int32(client)), Int64(transaction))
            let request = CommitRequest(offsets: [offset], transaction: work.producer)
            obey(groups.commit("g", request, token, at: moment))
        }
    }

    private func write(fails: Bool) {
        if !allocations.isEmpty {
            lastProducer += 1
            obey(
                coordinator.allocated(
                    allocations.removeFirst(), fails ? .failure(.unavailable) : .success(lastProducer), at: moment))
        }
        guard !writes.isEmpty else { return }
        let write = writes.removeFirst()
        if fails { restage() } else { keep(write) }
        switch write {
        case .coordinator(_, let ticket): obey(coordinator.stored(ticket, fails ? .unavailable : nil, at: moment))
        case .groups(_, let ticket): obey(groups.stored(ticket, fails ? .unavailable : nil, at: moment))
        case .data(_, _, _, let token): finish(token, isDone: !fails)
        case .markers(_, _, let ticket): obey(coordinator.told(ticket, fails ? .unavailable : nil, at: moment))
        }
    }

    private func stage(_ write: Write) {
        writes.append(write)
        note(write)
    }

    private func note(_ write: Write) {
        switch write {
        case .coordinator, .groups: break
        case .data(let partition, _, let producer, _):
            staged[partition, default: [:]][producer.id] = (producer.epoch, true)
        case .markers(let end, let marked, _):
            for partition in marked { staged[partition.index, default: [:]][end.producer] = (end.epoch, false) }
        }
    }

    /// What was on its way did not arrive: partitions know what is durable and what still comes.
    private func restage() {
        staged.removeAll()
        for (partition, entries) in partitions {
            for entry in entries {
                switch entry {
                case .data(_, let producer): staged[partition, default: [:]][producer.id] = (producer.epoch, true)
                case .marker(let end): staged[partition, default: [:]][end.producer] = (end.epoch, false)
                }
            }
        }
        for write in writes { note(write) }
    }

    private func refuses(_ end: TransactionEnd, in partition: Int32) -> Bool {
        guard let known = staged[partition]?[end.producer] else { return false }
        return end.epoch < known.epoch || end.beginsEpoch && end.epoch == known.epoch && known.isOpen
    }

    private func keep(_ write: Write) {
        switch write {
        case .coordinator(let records, _): coordinatorLog += records
        case .groups(let records, _): groupLog += records
        case .data(let partition, let transaction, let producer, _):
            partitions[partition, default: []].append(.data(transaction: transaction, producer))
        case .markers(let end, let marked, _):
            for partition in marked { partitions[partition.index, default: []].append(.marker(end)) }
        }
    }

    private func crash() throws {
        for write in writes.prefix(draw(writes.count + 1)) { keep(write) }
        writes.removeAll()
        restage()
        allocations.removeAll()
        told.removeAll()
        working.removeAll()
        asked.removeAll()
        admitted.removeAll()
        answers.removeAll()
        written.removeAll()
        var state = TransactionState()
        for record in coordinatorLog { try state.fold(record) }
        var groupState = GroupState()
        for record in groupLog { try groupState.fold(record) }
        coordinator = TransactionCoordinator(state, limits: limits)
        groups = GroupTable(groupState, limits: groupLimits, random: random, at: moment)
        obey(coordinator.resume(at: moment))
        for index in clients.indices {
            switch clients[index].phase {
            case .starting: clients[index].phase = .starting(nil)
            case .writing: break
            // It does not know what became of that part: the transaction cannot be committed.
            case .appending: clients[index].phase = .ending(false, nil)
            case .ending(let isCommit, _): clients[index].phase = .ending(isCommit, nil)
            }
        }
    }

    // MARK: - The clients

    private func act(_ index: Int) {
        let client = clients[index]
        switch client.phase {
        case .starting(nil):
            let token = token()
            clients[index].phase = .starting(token)
            obey(coordinator.initialise(client.id, timeout: .seconds(5), token, at: moment))
        case .starting(let token?):
            guard let answer = answers[token] else { return }
            clients[index].phase = .starting(nil)
            if case .producer(let producer) = answer { begin(index, producer) }
        case .writing(0): clients[index].phase = .ending(draw(5) > 0, nil)
        case .writing(let left): admit(index, left)
        case .appending(let left, let token):
            if case .refused(let refusal) = answers[token] { return retry(index, refusal, as: .writing(left)) }
            guard let isDone = written[token] else { return }
            clients[index].phase = isDone ? .writing(left - 1) : .ending(false, nil)
        case .ending(let isCommit, nil): end(index, isCommit)
        case .ending(let isCommit, let token?): hearEnd(index, isCommit, token)
        }
        if draw(400) == 0 { clients[index].phase = .starting(nil) }
    }

    private func begin(_ index: Int, _ producer: ProducerIdentity) {
        lastTransaction += 1
        sent[lastTransaction] = Sent(client: index)
        clients[index].identity = producer
        clients[index].transaction = lastTransaction
        clients[index].phase = .writing(1 + draw(3))
    }

    /// The last part is an offset, the others are records.
    private func admit(_ index: Int, _ left: Int) {
        guard let producer = clients[index].identity else { return }
        let isOffset = left == 1
        var work = TransactionWork(producer, adds: true)
        if isOffset { work.groups = ["g"] } else { work.partitions = [PartitionID(TopicID(7), Int32(draw(3)))] }
        let token = token()
        clients[index].phase = .appending(left, token)
        asked[token] = (index, clients[index].transaction, work)
        obey(coordinator.admit(clients[index].id, work, token, at: moment))
    }

    private func end(_ index: Int, _ isCommit: Bool) {
        guard let producer = clients[index].identity else { return }
        let token = token()
        clients[index].phase = .ending(isCommit, token)
        if isCommit { sent[clients[index].transaction]?.askedCommit = true }
        // Of earlier versions one that comes late is not known for what it is: that is why there is version 5.
        if clients[index].bumps, draw(3) == 0 { late.append((index, producer, isCommit)) }
        obey(
            coordinator.end(
                clients[index].id, producer, isCommit: isCommit, bumpsEpoch: clients[index].bumps, token, at: moment))
    }

    private func hearEnd(_ index: Int, _ isCommit: Bool, _ token: RequestToken) {
        switch answers[token] {
        case .producer(let producer):
            sent[clients[index].transaction]?.answer = isCommit
            begin(index, clients[index].bumps ? producer : clients[index].identity ?? producer)
        case .refused(let refusal): retry(index, refusal, as: .ending(isCommit, nil))
        default: break
        }
    }

    private func retry(_ index: Int, _ refusal: TransactionRefusal, as phase: Client.Phase) {
        switch refusal {
        case .concurrentTransactions, .coordinatorNotAvailable: clients[index].phase = phase
        default: clients[index].phase = .starting(nil)
        }
    }

    private func haunt() {
        guard !late.isEmpty else { return }
        let (index, producer, isCommit) = late.remove(at: draw(late.count))
        obey(coordinator.end(clients[index].id, producer, isCommit: isCommit, bumpsEpoch: true, token(), at: moment))
    }

    // MARK: - What must hold

    private func judge() {
        // How each transaction ended in each partition, by the marker behind its records.
        var fates: [Int: [Bool]] = [:]
        for (index, entries) in partitions.sorted(by: { $0.key < $1.key }) {
            var open: [Int64: [Int]] = [:]
            for entry in entries {
                switch entry {
                case .data(let transaction, let producer): open[producer.id, default: []].append(transaction)
                case .marker(let end):
                    let ended = open.removeValue(forKey: end.producer) ?? []
                    if Set(ended).count > 1 { faults.append("one marker ends \(Set(ended))") }
                    for transaction in ended { fates[transaction, default: []].append(end.isCommit) }
                }
            }
            if !open.isEmpty { faults.append("partition \(index) has open transactions \(open)") }
        }
        for (transaction, fate) in fates.sorted(by: { $0.key < $1.key }) {
            if Set(fate).count > 1 { faults.append("transaction \(transaction) is torn: \(fate)") }
        }
        for (transaction, sent) in sent.sorted(by: { $0.key < $1.key }) {
            let fate = fates[transaction]?.first
            if let answer = sent.answer, let fate, answer != fate {
                faults.append("transaction \(transaction) was answered \(answer) and is \(fate)")
            }
            if fate == true, !sent.askedCommit { faults.append("nobody committed transaction \(transaction)") }
        }
        // The offset of each client is that of its last committed transaction.
        for index in clients.indices {
            let found = groups.fetch("g", [PartitionID(TopicID(9), Int32(index))], stable: true)[0].offset
            let known = sent.filter { $0.value.client == index && $0.value.answer == true }.keys.max()
            switch found {
            case .committed(let offset):
                let transaction = Int(offset.offset)
                if sent[transaction]?.askedCommit != true || fates[transaction]?.first == false {
                    faults.append("the offset of transaction \(transaction), which was not committed")
                }
                if let known, transaction < known { faults.append("offset \(transaction) and not \(known)") }
            case .unknown: if let known { faults.append("the offset of transaction \(known) is lost") }
            case .unstable: faults.append("an offset stays unstable")
            }
        }
    }
}
