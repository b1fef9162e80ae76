// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// A table of groups with a log that stores at once, or when a test says so.
final class GroupBench {
    static let orders = TopicID(7)
    static func partition(_ index: Int32) -> PartitionID { PartitionID(orders, index) }

    private(set) var table: GroupTable
    let limits: GroupLimits
    /// Everything that was stored.
    private(set) var log: [StoredRecord] = []
    /// Appends that are not answered yet, in order; used when `holds` is set.
    private(set) var waiting: [(records: [StoredRecord], ticket: GroupTicket)] = []
    var holds = false
    private(set) var answers: [RequestToken: GroupAnswer] = [:]
    /// Requests that were answered more than once.
    private(set) var answeredAgain: [RequestToken] = []
    var millis: Int64 = 1_000_000
    private var lastToken: UInt64 = 0
    private let random: SeededRandom

    init(_ limits: GroupLimits = GroupLimits(), seed: UInt64 = 1) {
        self.limits = limits
        random = SeededRandom(seed: seed)
        table = GroupTable(
            limits: limits, random: random, at: Moment(now: MonotonicTime(nanos: 0), wall: WallTime(millis: 0)))
    }

    var moment: Moment { Moment(now: MonotonicTime(nanos: millis * 1_000_000), wall: WallTime(millis: millis)) }

    /// The answer to a request; nil while it waits.
    func answer(to token: RequestToken) -> GroupAnswer? { answers[token] }

    func token() -> RequestToken {
        lastToken += 1
        return RequestToken(lastToken)
    }

    /// Obeys steps.
    func obey(_ steps: [GroupStep]) {
        for step in steps {
            switch step {
            case .answer(let token, let answer):
                if answers.updateValue(answer, forKey: token) != nil { answeredAgain.append(token) }
            case .store(let records, let ticket): waiting.append((records, ticket))
            }
        }
        while !holds, !waiting.isEmpty { settle() }
    }

    /// The oldest append is answered.
    func settle(_ failure: StoreFailure? = nil) {
        let (records, ticket) = waiting.removeFirst()
        if failure == nil { log += records }
        obey(table.stored(ticket, failure, at: moment))
    }

    /// The server ends, having stored so many of the appends that were not answered, and begins again.
    func restart(storing count: Int = 0) throws {
        for (records, _) in waiting.prefix(count) { log += records }
        waiting.removeAll()
        table = GroupTable(try state(), limits: limits, random: random, at: moment)
    }

    /// What the log adds up to.
    func state() throws -> GroupState {
        var state = GroupState()
        for record in log { try state.fold(record) }
        return state
    }

    /// Asks something of the table.
    func change(_ body: (inout GroupTable) -> [GroupStep]) { obey(body(&table)) }

    func expire() { change { $0.expire(at: moment, named: Self.name) } }

    func pass(_ duration: Duration) {
        let end = millis + duration.millis
        while let deadline = table.deadline, deadline.nanos <= end * 1_000_000 {
            millis = max(millis, (deadline.nanos + 999_999) / 1_000_000)
            obey(table.pass(moment))
        }
        millis = end
    }

    // MARK: - Requests

    @discardableResult
    func join(_ id: String = "", _ change: (inout JoinRequest) -> Void = { _ in }) -> RequestToken {
        var request = JoinRequest(protocols: [GroupProtocol(name: "range", metadata: Self.subscription("orders"))])
        request.memberID = id
        request.clientID = "client"
        change(&request)
        let token = token()
        obey(table.join("g", request, token, at: moment))
        return token
    }

    @discardableResult
    func sync(_ member: String, _ generation: Int32, _ assignments: [String: [UInt8]] = [:]) -> RequestToken {
        let token = token()
        let told = assignments.sorted { $0.key < $1.key }.map { (memberID: $0.key, assignment: $0.value) }
        obey(
            table.sync(
                "g", SyncRequest(MemberIdentity(member), generation: generation, assignments: told), token, at: moment))
        return token
    }

    func heartbeat(_ member: String, _ generation: Int32, instance: String? = nil) -> GroupRefusal? {
        table.heartbeat("g", MemberIdentity(member, instanceID: instance), generation: generation, at: moment)
    }

    @discardableResult
    func leave(_ members: MemberIdentity...) -> RequestToken {
        let token = token()
        obey(table.leave("g", members, token, at: moment))
        return token
    }

    @discardableResult
    func commit(
        _ member: MemberIdentity, generation: Int32, _ offsets: [Int32: Int64], in transaction: ProducerIdentity? = nil,
        change: (inout CommitRequest) -> Void = { _ in }
    ) -> RequestToken {
        let token = token()
        let told = offsets.sorted { $0.key < $1.key }.map { OffsetToCommit(Self.partition($0.key), $0.value) }
        var request = CommitRequest(member, generation: generation, offsets: told, transaction: transaction)
        change(&request)
        obey(table.commit("g", request, token, at: moment))
        return token
    }

    /// Commits as somebody who is no member.
    @discardableResult
    func commit(
        _ offsets: [Int32: Int64], in transaction: ProducerIdentity? = nil,
        change: (inout CommitRequest) -> Void = { _ in }
    ) -> RequestToken {
        commit(MemberIdentity(""), generation: -1, offsets, in: transaction, change: change)
    }

    @discardableResult
    func end(_ producer: ProducerIdentity, isCommit: Bool) -> RequestToken {
        let token = token()
        obey(table.endTransaction(of: producer, in: "g", isCommit: isCommit, token, at: moment))
        return token
    }

    /// What is committed, by partition; -1 for what is not, -2 for what is not stable.
    func fetch(_ partitions: Int32..., stable: Bool = false) -> [Int64] {
        table.fetch("g", partitions.map(Self.partition), stable: stable).map { _, offset in
            switch offset {
            case .committed(let committed): committed.offset
            case .unknown: -1
            case .unstable: -2
            }
        }
    }

    // MARK: - Groups that stand

    var group: ConsumerGroup? { table.group("g") }

    /// Members of a stable group, each with an assignment of one byte; static ones with an instance.
    func stable(_ instances: [String?]) throws -> [String] {
        var ids: [String] = []
        for instance in instances {
            let new = join { request in
                request.instanceID = instance
                request.requiresMemberID = false
            }
            // Those who are there come together with it.
            if answers[new] == nil {
                for (id, instance) in zip(ids, instances) { join(id) { $0.instanceID = instance } }
            }
            ids.append(try joined(new).memberID)
        }
        let generation = group?.generation ?? -1
        let assignments = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, [UInt8($0 + 1)]) })
        for id in ids { sync(id, generation, id == group?.leader ? assignments : [:]) }
        #expect(group?.phase == .stable)
        return ids
    }

    func joined(_ token: RequestToken) throws -> JoinAnswer {
        guard case .joined(let answer) = answers[token] else {
            throw RecordError("not joined: \(String(describing: answers[token]))")
        }
        return answer
    }

    /// A consumer's subscription in its first version, with what later versions would add.
    static func subscription(_ topics: String..., version: Int16 = 0) -> [UInt8] {
        var bytes = ByteBuffer()
        bytes.append(bigEndian: version)
        bytes.append(bigEndian: Int32(topics.count))
        for topic in topics {
            bytes.append(bigEndian: Int16(topic.utf8.count))
            bytes.append(topic)
        }
        bytes.append(bigEndian: Int32(-1))
        if version > 0 { bytes.append(bigEndian: Int32(0)) }
        return bytes.array()
    }

    static func name(_ partition: PartitionID) -> String? { partition.topic == orders ? "orders" : nil }
}

extension GroupAnswer {
    /// Why the request was refused as a whole; nil when it was not.
    var refusal: GroupRefusal? {
        switch self {
        case .refused(let refusal), .notJoined(let refusal, _): refusal
        case .joined, .synced, .done, .left, .beat, .offsets: nil
        }
    }

    /// What became of each offset or member.
    var results: [GroupRefusal?] {
        switch self {
        case .offsets(let results): results.map(\.refusal)
        case .left(let results): results.map(\.refusal)
        case .joined, .notJoined, .synced, .done, .beat, .refused: []
        }
    }
}
