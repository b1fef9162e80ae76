// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsAPI
import TidingsCore
import TidingsGroups
import TidingsKafkaListener

/// The groups of the Kafka listener, for the API.
final class KafkaGroups: GroupAdmin {
    private let coordinator: KafkaCoordinator
    private let log: any EventLog

    init(_ coordinator: KafkaCoordinator, log: any EventLog) {
        self.coordinator = coordinator
        self.log = log
    }

    func groups(
        of topic: String?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<[ClientGroup], Problem>) -> Void
    ) {
        let id = topic.flatMap { TopicName($0) }.flatMap { log.topics[$0]?.id }
        let topics = log.topics
        look(on: loop) { table in
            var found: [ClientGroup] = []
            for name in table.ids where after.map({ name > $0 }) ?? true {
                guard found.count < limit else { break }
                guard let group = Self.group(name, in: table, topics), group.state != .dead else { continue }
                guard topic == nil || group.reads(topic, id) else { continue }
                found.append(group)
            }
            return .success(found)
        } then: {
            then($0)
        }
    }

    func group(_ name: String, on loop: any Loop, then: @escaping (Result<ClientGroup, Problem>) -> Void) {
        let topics = log.topics
        look(on: loop) { table in
            guard let group = Self.group(name, in: table, topics), group.state != .dead else {
                return .failure(Self.problem(.groupIDNotFound, name))
            }
            return .success(group)
        } then: {
            then($0)
        }
    }

    func delete(_ name: String, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void) {
        change(name, on: loop, then: then) { $0.delete(name, $1, at: $2) }
    }

    func forgetOffsets(
        of name: String, in partitions: [PartitionID], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        let topics = log.topics
        change(name, on: loop, then: then) {
            $0.deleteOffsets(name, partitions, $1, at: $2) { topics[$0.topic]?.name.text }
        }
    }

    func setOffsets(
        of name: String, _ offsets: [(partition: PartitionID, offset: Offset)], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        let committed = offsets.map { OffsetToCommit($0.partition, $0.offset.value) }
        change(name, on: loop, then: then) { $0.reset(name, to: committed, $1, at: $2) }
    }

    // MARK: - On the coordinator's loop

    private func look<Found>(
        on loop: any Loop, _ body: @escaping (GroupTable) -> Result<Found, Problem>,
        then: @escaping (Result<Found, Problem>) -> Void
    ) {
        whenRead(on: loop) { [coordinator] isRead in
            guard isRead else { return then(.failure(Self.beingRead)) }
            coordinator.ask(on: loop) { (coordinator, reply: @escaping (Result<Found, Problem>) -> Void) in
                reply(coordinator.groups.map { body($0) } ?? .failure(Self.beingRead))
            } then: {
                then($0)
            }
        }
    }

    private func change(
        _ name: String, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void,
        _ body: @escaping (inout GroupTable, RequestToken, Moment) -> [GroupStep]
    ) {
        whenRead(on: loop) { [coordinator] isRead in
            guard isRead else { return then(.failure(Self.beingRead)) }
            coordinator.ask(on: loop) { (coordinator, reply: @escaping (GroupAnswer) -> Void) in
                coordinator.group(reply, body)
            } then: { answer in
                switch answer {
                case .refused(let refusal): then(.failure(Self.problem(refusal, name)))
                case .offsets(let offsets):
                    let refusal = offsets.lazy.compactMap(\.refusal).first
                    then(refusal.map { .failure(Self.problem($0, name)) } ?? .success(()))
                default: then(.success(()))
                }
            }
        }
    }

    /// Why groups and transactions are not served; nil when they are. Any thread.
    var fault: String? { coordinator.fault }

    /// Waits while a server that began just now reads its groups, for two seconds at most.
    private func whenRead(on loop: any Loop, patience: Int = 200, then: @escaping (Bool) -> Void) {
        coordinator.ask(on: loop) { (coordinator, reply: @escaping (Bool) -> Void) in
            reply(coordinator.groups != nil)
        } then: { [self] isRead in
            if isRead || patience == 0 { return then(isRead) }
            _ = loop.schedule(after: .milliseconds(10)) { [self] in
                whenRead(on: loop, patience: patience - 1, then: then)
            }
        }
    }

    private static let beingRead = Problem(
        .unavailable, "groups are being read just now", retryAfter: .seconds(1))

    private static func problem(_ refusal: GroupRefusal, _ name: String) -> Problem {
        switch refusal {
        case .groupIDNotFound: Problem(.notFound, "there is no group '\(name)'")
        case .nonEmptyGroup:
            Problem(.conflict, "group '\(name)' has members: this can be done once they have left")
        case .groupSubscribedToTopic: Problem(.conflict, "members of group '\(name)' read the topic")
        case .invalidGroupID:
            Problem(.invalidParameter, "'\(name)' is no group's name", [.init("path:name", "group", found: name)])
        case .policyViolation: Problem(.conflict, "there are as many groups as there may be, or no room for more")
        case .invalidCommitOffsetSize: Problem(.conflict, "a group holds no more offsets than that")
        case .coordinatorNotAvailable, .coordinatorLoadInProgress, .notCoordinator:
            Problem(.unavailable, "groups cannot be changed just now", retryAfter: .seconds(1))
        default: Problem(.internalError, "group '\(name)' refuses: \(refusal)")
        }
    }

    // MARK: - Values

    private static func group(_ name: String, in table: GroupTable, _ topics: TopicTable) -> ClientGroup? {
        guard let told = table.group(name)?.description else { return nil }
        var group = ClientGroup(name: name, since: told.since)
        group.state =
            switch told.phase {
            case .empty: .empty
            case .preparingRebalance: .preparingRebalance
            case .completingRebalance: .completingRebalance
            case .stable: .stable
            case .reconciling: told.isAssigning ? .assigning : .reconciling
            case .dead: .dead
            }
        group.protocolType = told.protocolType
        group.protocolName = told.protocolName
        group.generation = told.generation
        group.assignmentEpoch = told.coordinated?.assignmentEpoch
        group.members = told.members.map { member in
            ClientGroup.Member(
                id: member.memberID, instance: member.instanceID, client: member.clientID,
                host: host(member.clientHost), since: member.since,
                assigned: told.protocolType == "consumer" ? assigned(member.assignment) : [])
        }
        // Where the server shares out, it knows itself.
        group.members += (told.coordinated?.members ?? []).map { member in
            var shown = ClientGroup.Member(
                id: member.memberID, instance: member.instanceID, client: member.clientID,
                host: host(member.clientHost), since: member.since, assigned: places(member.assigned, topics))
            shown.epoch = member.epoch
            shown.target = places(member.target, topics)
            return shown
        }
        group.positions = table.fetch(name, stable: false).compactMap { partition, offset in
            guard case .committed(let committed) = offset else { return nil }
            return ClientGroup.Position(
                partition: partition, offset: committed.offset, committed: committed.committed,
                metadata: committed.metadata)
        }
        return group
    }

    /// Kafka writes an address behind a slash.
    private static func host(_ text: String) -> String { text.hasPrefix("/") ? String(text.dropFirst()) : text }

    private static func places(_ partitions: [PartitionID], _ topics: TopicTable) -> [ClientGroup.Place] {
        partitions.compactMap { partition in
            topics[partition.topic].map { ClientGroup.Place(topic: $0.name.text, partition: partition.index) }
        }.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    /// What a leader gave a member, as far as it can be read: the leader is a client.
    private static func assigned(_ bytes: [UInt8]) -> [ClientGroup.Place] {
        guard !bytes.isEmpty else { return [] }
        let read = bytes.withUnsafeBytes { try? ConsumerProtocolAssignment(assignment: $0) }
        return (read?.assignedPartitions ?? []).flatMap { topic in
            topic.partitions.map { ClientGroup.Place(topic: topic.topic, partition: $0) }
        }.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }
}

extension ClientGroup {
    fileprivate func reads(_ topic: String?, _ id: TopicID?) -> Bool {
        positions.contains { $0.partition.topic == id }
            || members.contains { $0.assigned.contains { $0.topic == topic } }
    }
}
