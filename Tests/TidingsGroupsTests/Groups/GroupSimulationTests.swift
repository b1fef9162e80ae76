// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// Members that join, work, die and come back, and a server that ends at any moment and goes on from its records.
@Suite struct GroupSimulationTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `whatever happens, the promises of a group hold`(_ part: UInt64) throws {
        for seed in part * 12..<(part + 1) * 12 {
            let simulation = GroupSimulation(seed: seed)
            try simulation.run(steps: 600)
            if !simulation.faults.isEmpty { Issue.record("seed \(seed): \(simulation.faults.prefix(3))") }
        }
    }

    #if TIDINGS_MUTATIONS
        @Test(arguments: [GroupMutation.answersBeforeStoring, .fencesNobody, .ignoresAborts])
        func `a planted fault is found`(_ mutation: GroupMutation) throws {
            for seed in 0..<40 as Range<UInt64> {
                let simulation = GroupSimulation(seed: seed, mutation: mutation)
                try simulation.run(steps: 600)
                if !simulation.faults.isEmpty { return }
            }
            Issue.record("\(mutation) was not found")
        }
    #endif
}

/// One group, its clients, and what each of them may rely on.
private final class GroupSimulation {
    /// A consumer's process.
    private struct Client {
        enum Phase { case out, joining(RequestToken), joined, syncing(RequestToken), working }

        let instance: String?
        var phase = Phase.out
        var id = ""
        var generation: Int32 = -1
        var leads: [String] = []
    }

    /// A transactional producer that commits offsets of a partition of its own.
    private struct Producer {
        let id: Int64
        var epoch: Int16 = 0
        var phase = Phase.idle
        var offset: Int64 = 0
        var committed: Int64 = -1

        enum Phase { case idle, pending(RequestToken?), ending(Bool, RequestToken?) }
    }

    private let bench: GroupBench
    private let random: SeededRandom
    private var clients: [Client]
    private var producers = [Producer(id: 1), Producer(id: 2)]
    private(set) var faults: [String] = []

    /// Requests of this life of the server.
    private var asked: Set<RequestToken> = []
    private var lastOffset: Int64 = 0
    private var lastPlan = 0
    /// The plan whose assignments a generation got, for good.
    private var chosen: [Int32: Int] = [:]
    private var newestStable: Int32 = 0
    /// Who got a share of a plan.
    private var owners: [[Int]: String] = [:]
    /// The newest id of each instance that was told to anybody.
    private var newestIDs: [String: String] = [:]
    /// Members by generation, as told to leaders in this life.
    private var membersOf: [Int32: Set<String>] = [:]
    /// The newest generation that was told in this life.
    private var newest: Int32 = 0
    /// What was committed by which request.
    private var commits: [RequestToken: (partition: Int32, offset: Int64)] = [:]
    /// Who asked for an assignment of which generation.
    private var syncs: [RequestToken: (generation: Int32, name: String)] = [:]
    private var unheard: Set<RequestToken> = []
    private var acknowledged: [Int32: Int64] = [:]
    /// Former selves, which must not come through: member, generation, instance.
    private var zombies: [(String, Int32, String?)] = []

    init(seed: UInt64, mutation: GroupMutation? = nil) {
        var limits = GroupLimits()
        #if TIDINGS_MUTATIONS
            limits.mutation = mutation
        #endif
        bench = GroupBench(limits, seed: seed)
        bench.holds = true
        random = SeededRandom(seed: seed &* 77 &+ 1)
        clients = [nil, nil, nil, "i1", "i2"].map { Client(instance: $0) }
    }

    private func draw(_ limit: Int) -> Int { Int(random.next(below: UInt64(limit))) }

    private func fault(_ text: String) { faults.append(text) }

    private func ask(_ token: RequestToken) -> RequestToken {
        asked.insert(token)
        unheard.insert(token)
        return token
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            switch draw(200) {
            case 0..<140: act(draw(clients.count))
            case 140..<155: act(onProducer: draw(producers.count))
            case 155..<190: if !bench.waiting.isEmpty { bench.settle(draw(25) == 0 ? .unavailable : nil) }
            case 190..<198: bench.pass(.milliseconds(draw(4_000)))
            default: try restart()
            }
            check()
        }
        // Nobody asks any more: everything is answered in the end.
        while !bench.waiting.isEmpty { bench.settle() }
        bench.pass(.seconds(3_600))
        while !bench.waiting.isEmpty { bench.settle() }
        check()
        for token in asked where bench.answer(to: token) == nil { fault("\(token) was never answered") }
        if !bench.answeredAgain.isEmpty { fault("answered again: \(bench.answeredAgain)") }
        if let group = bench.group, group.phase != .empty { fault("the group ends as \(group.phase)") }
        let image = try bench.state().groups["g"]
        if image?.offsets.committed != bench.group?.offsets.committed { fault("offsets differ from their records") }
        if image?.offsets.pending != bench.group?.offsets.pending { fault("pending offsets differ from their records") }
        if let record = image?.record, record.generation != bench.group?.generation { fault("another generation") }
    }

    private func restart() throws {
        try bench.restart(storing: draw(bench.waiting.count + 1))
        asked.removeAll()
        unheard.removeAll()
        let record = try bench.state().groups["g"]?.record
        newest = record?.generation ?? 0
        membersOf = [newest: Set(record?.members.map(\.id) ?? [])]
        // An id that was told and not stored is gone, and the one before is valid again, as its generation is.
        newestIDs.removeAll()
        for member in record?.members ?? [] {
            if let instance = member.instanceID { newestIDs[instance] = member.id }
        }
        for index in clients.indices {
            switch clients[index].phase {
            case .joining, .syncing: clients[index].phase = .out
            case .out, .joined, .working: break
            }
        }
        for index in producers.indices {
            switch producers[index].phase {
            case .pending(_?):
                // It does not know: it aborts, and begins anew.
                producers[index].phase = .ending(false, nil)
            case .ending(let isCommit, _): producers[index].phase = .ending(isCommit, nil)
            case .idle, .pending(nil): break
            }
        }
    }

    // MARK: - Consumers

    private func act(_ index: Int) {
        let client = clients[index]
        if !zombies.isEmpty, draw(12) == 0 { haunt() }
        if draw(100) == 0 { return die(index) }
        switch client.phase {
        case .out: join(index)
        case .joining(let token): hearJoin(index, token)
        case .joined: sync(index)
        case .syncing(let token): hearSync(index, token)
        case .working: work(index)
        }
    }

    private func die(_ index: Int) {
        remember(clients[index])
        clients[index] = Client(instance: clients[index].instance)
    }

    private func remember(_ client: Client) {
        guard !client.id.isEmpty, client.generation >= 0 else { return }
        zombies.append((client.id, client.generation, client.instance))
        if zombies.count > 6 { zombies.removeFirst() }
    }

    private func join(_ index: Int) {
        let requires = draw(2) == 0
        let token = ask(
            bench.join(clients[index].id) { request in
                request.instanceID = clients[index].instance
                request.requiresMemberID = requires
                request.skipsAssignment = draw(2) == 0
                request.sessionTimeout = .seconds(10)
                request.rebalanceTimeout = .seconds(10)
                if draw(10) == 0 { request.protocols[0] = GroupProtocol(name: "range", metadata: [UInt8(draw(200))]) }
            })
        clients[index].phase = .joining(token)
    }

    private func hearJoin(_ index: Int, _ token: RequestToken) {
        switch bench.answer(to: token) {
        case .joined(let answer):
            if clients[index].id != answer.memberID { remember(clients[index]) }
            clients[index].id = answer.memberID
            clients[index].generation = answer.generation
            clients[index].leads = answer.skipsAssignment ? [] : answer.members.map(\.memberID)
            clients[index].phase = .joined
        case .notJoined(let refusal, let id):
            clients[index].phase = .out
            if refusal == .memberIDRequired { clients[index].id = id }
            if refusal == .unknownMemberID || refusal == .fencedInstanceID {
                remember(clients[index])
                clients[index].id = ""
            }
        case nil where draw(80) == 0: clients[index].phase = .out
        default: break
        }
    }

    private func sync(_ index: Int) {
        let client = clients[index]
        var assignments: [String: [UInt8]] = [:]
        if !client.leads.isEmpty {
            lastPlan += 1
            for (slot, id) in client.leads.enumerated() {
                assignments[id] = [UInt8(lastPlan >> 8), UInt8(lastPlan & 255), UInt8(slot)]
            }
        }
        let token = ask(bench.sync(client.id, client.generation, assignments))
        syncs[token] = (client.generation, client.instance ?? client.id)
        clients[index].phase = .syncing(token)
    }

    private func hearSync(_ index: Int, _ token: RequestToken) {
        switch bench.answer(to: token) {
        case .synced: clients[index].phase = .working
        case .refused(let refusal): leaveWork(index, refusal)
        case nil where draw(80) == 0: clients[index].phase = .out
        default: break
        }
    }

    private func take(_ assignment: [UInt8], in generation: Int32, by name: String) {
        if generation < newestStable { fault("generation \(generation) after \(newestStable)") }
        newestStable = max(newestStable, generation)
        guard assignment.count == 3 else { return }
        let plan = Int(assignment[0]) << 8 | Int(assignment[1])
        if chosen[generation, default: plan] != plan { fault("two plans in generation \(generation)") }
        chosen[generation] = plan
        let share = [plan, Int(assignment[2])]
        if owners[share, default: name] != name { fault("\(owners[share]!) and \(name) have the same share") }
        owners[share] = name
    }

    private func work(_ index: Int) {
        let client = clients[index]
        let member = MemberIdentity(client.id, instanceID: client.instance)
        switch draw(10) {
        case 0..<4:
            if let refusal = bench.heartbeat(client.id, client.generation, instance: client.instance) {
                leaveWork(index, refusal)
            }
        case 4..<9: commit(member, client.generation)
        default:
            if draw(3) == 0, client.instance == nil {
                _ = ask(bench.leave(member))
                die(index)
            }
        }
    }

    private func leaveWork(_ index: Int, _ refusal: GroupRefusal) {
        remember(clients[index])
        clients[index].phase = .out
        if refusal == .unknownMemberID || refusal == .fencedInstanceID { clients[index].id = "" }
    }

    /// Whether a commit may be accepted, as far as anybody outside can know.
    private func commit(_ member: MemberIdentity, _ generation: Int32) {
        lastOffset += 1
        let partition = Int32(draw(4))
        let mayCommit =
            generation == newest && membersOf[generation]?.contains(member.memberID) == true
            && (member.instanceID.map { newestIDs[$0] == member.memberID } ?? true)
        let stores = bench.waiting.count
        let token = ask(bench.commit(member, generation: generation, [partition: lastOffset]))
        commits[token] = (partition, lastOffset)
        if bench.waiting.count > stores, !mayCommit {
            fault("a commit of \(member.memberID) in \(generation) was taken; the newest is \(newest)")
        }
    }

    private func haunt() {
        let (id, generation, instance) = zombies[draw(zombies.count)]
        // One that is still a member is nobody's ghost.
        if clients.contains(where: { $0.id == id }) { return }
        commit(MemberIdentity(id, instanceID: instance), generation)
    }

    // MARK: - Producers

    private func act(onProducer index: Int) {
        let producer = producers[index]
        let partition = Int32(10 + index)
        switch producer.phase {
        case .idle:
            producers[index].offset += 1
            let identity = ProducerIdentity(id: producer.id, epoch: producer.epoch)
            let token = ask(bench.commit([partition: producer.offset + 1], in: identity))
            producers[index].phase = .pending(token)
        case .pending(let token?):
            switch bench.answer(to: token) {
            case .offsets(let results): producers[index].phase = .ending(results[0].refusal == nil && draw(2) == 0, nil)
            case .refused: producers[index].phase = .ending(false, nil)
            default: break
            }
        case .pending(nil): producers[index].phase = .ending(false, nil)
        case .ending(let isCommit, nil):
            let token = ask(bench.end(ProducerIdentity(id: producer.id, epoch: producer.epoch), isCommit: isCommit))
            producers[index].phase = .ending(isCommit, token)
        case .ending(let isCommit, let token?):
            guard let answer = bench.answer(to: token) else { return }
            guard answer == .done else { return producers[index].phase = .ending(isCommit, nil) }
            if isCommit { producers[index].committed = producer.offset }
            producers[index].epoch += 1
            producers[index].phase = .idle
        }
    }

    // MARK: - What must hold

    private func check() {
        for token in unheard.sorted(by: { $0.number < $1.number }) {
            guard let answer = bench.answer(to: token) else { continue }
            unheard.remove(token)
            switch answer {
            case .joined(let joined): hear(joined)
            case .offsets(let results):
                guard results[0].refusal == nil, let (partition, offset) = commits[token] else { continue }
                acknowledged[partition] = max(acknowledged[partition] ?? 0, offset)
            case .synced(let synced):
                if let (generation, name) = syncs[token] { take(synced.assignment, in: generation, by: name) }
            case .notJoined, .done, .left, .beat, .refused: break
            }
        }
        for (partition, offset) in acknowledged where bench.fetch(partition)[0] < offset {
            fault("offset \(offset) of partition \(partition) is lost")
        }
        for (index, producer) in producers.enumerated() {
            var possible = [producer.committed]
            if case .ending(true, _) = producer.phase { possible.append(producer.offset) }
            let found = bench.fetch(Int32(10 + index))[0]
            if !possible.contains(found) { fault("producer \(index) finds \(found) instead of \(possible)") }
        }
    }

    private func hear(_ answer: JoinAnswer) {
        newest = max(newest, answer.generation)
        if let instance = clients.compactMap(\.instance).first(where: { answer.memberID.hasPrefix($0 + "-") }) {
            newestIDs[instance] = answer.memberID
        }
        membersOf[answer.generation, default: []].insert(answer.memberID)
        guard !answer.members.isEmpty else { return }
        if answer.leader != answer.memberID { fault("\(answer.memberID) is told all and does not lead") }
        if !answer.members.contains(where: { $0.memberID == answer.memberID }) { fault("a leader is no member") }
        membersOf[answer.generation]?.formUnion(answer.members.map(\.memberID))
    }
}
