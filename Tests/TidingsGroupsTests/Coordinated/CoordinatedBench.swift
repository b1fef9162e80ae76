// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// Members of a coordinated group, as their clients behave: told of an assignment they give back what is not in it, say
/// so, and only then read what is new.
final class CoordinatedBench {
    final class Client {
        let id: String
        var instance: String?
        var topics: [String]
        var epoch: Int32 = 0
        var owned: Set<PartitionID> = []
        /// What it was told last.
        var target: Set<PartitionID> = []
        /// What it says with the next heartbeat; all of it after a join or a lost answer.
        var isFull = true
        var saysOwned = true

        init(_ id: String, _ topics: [String], instance: String? = nil) {
            self.id = id
            self.topics = topics
            self.instance = instance
        }
    }

    static let ids = ["orders": TopicID(7), "bills": TopicID(8), "news": TopicID(9)]
    let bench: GroupBench
    var partitions: [String: Int32] = ["orders": 6, "bills": 4]
    var version: UInt64 = 1
    private(set) var clients: [String: Client] = [:]
    var assignor: String?

    init(_ limits: GroupLimits = GroupLimits()) { bench = GroupBench(limits) }

    static func partition(_ topic: String, _ index: Int32) -> PartitionID { PartitionID(ids[topic]!, index) }

    var layouts: TopicLayouts {
        let partitions = partitions
        return TopicLayouts(version: version, names: { Array(partitions.keys) }) { name in
            partitions[name].map { (Self.ids[name]!, $0) }
        }
    }

    /// All partitions of some topics.
    func all(_ topics: String...) -> Set<PartitionID> {
        Set(topics.flatMap { topic in (0..<(partitions[topic] ?? 0)).map { Self.partition(topic, $0) } })
    }

    @discardableResult
    func add(_ id: String, _ topics: [String] = ["orders"], instance: String? = nil) -> Client {
        let client = Client(id, topics, instance: instance)
        clients[id] = client
        return client
    }

    func forget(_ id: String) { clients[id] = nil }

    var members: CoordinatedMembers? { bench.table.group("g")?.coordinated }

    /// Sends a heartbeat.
    func send(_ client: Client, epoch: Int32? = nil, _ change: (inout ConsumerHeartbeat) -> Void = { _ in })
        -> RequestToken
    {
        var request = ConsumerHeartbeat(client.id, epoch: epoch ?? client.epoch)
        request.instanceID = client.instance
        if client.isFull || request.epoch == 0 {
            request.topics = client.topics
            request.rebalanceTimeout = .seconds(60)
            request.assignor = assignor
        }
        if client.isFull || client.saysOwned || request.epoch == 0 { request.owned = client.owned }
        if request.epoch == 0 { request.owned = [] }
        change(&request)
        let token = bench.token()
        let asked = request
        bench.change { $0.heartbeat("g", asked, layouts, token, at: bench.moment) }
        return token
    }

    /// A client takes an answer in.
    func take(_ client: Client, _ answer: GroupAnswer?) {
        switch answer {
        case .beat(let told):
            client.epoch = told.epoch
            client.isFull = false
            client.saysOwned = false
            guard let assignment = told.assignment else { return }
            client.target = Set(assignment)
            client.saysOwned = client.owned != client.target
            // First it gives back; what is new it has at once, as nobody else may.
            client.owned = client.target
        case .refused(.fencedMemberEpoch), .refused(.unknownMemberID), .refused(.groupIDNotFound):
            client.epoch = 0
            client.owned = []
            client.isFull = true
        default: client.isFull = true
        }
    }

    /// A heartbeat and its answer.
    @discardableResult
    func beat(_ id: String, _ change: (inout ConsumerHeartbeat) -> Void = { _ in }) -> GroupAnswer? {
        guard let client = clients[id] else { return nil }
        let answer = bench.answer(to: send(client, change))
        take(client, answer)
        return answer
    }

    func refusal(_ id: String, _ change: (inout ConsumerHeartbeat) -> Void) -> GroupRefusal? {
        guard let client = clients[id],
            case .refused(let refusal)? = bench.answer(to: send(client, change))
        else { return nil }
        return refusal
    }

    /// All beat until nothing changes.
    func settle() {
        for _ in 0..<12 { for id in clients.keys.sorted() { beat(id) } }
    }

    /// Nobody reads what another one reads.
    var isExclusive: Bool {
        let all = clients.values.flatMap(\.owned)
        return Set(all).count == all.count
    }
}
