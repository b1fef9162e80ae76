// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups
import TidingsNetwork

/// Groups whose partitions the server shares out: Kafka's next-generation protocol (KIP-848).
extension KafkaBroker {
    /// A member says that it is there, joins or leaves.
    func consumerHeartbeat(_ request: ConsumerGroupHeartbeatRequest, _ answer: KafkaAnswer) {
        func refuse(_ code: ErrorCode, _ sentence: String?) {
            give(answer, ConsumerGroupHeartbeatResponse(errorCode: code.rawValue, errorMessage: sentence))
        }
        let topics = log.topics
        var beat = ConsumerHeartbeat(request.memberID, epoch: request.memberEpoch)
        beat.wantsID = answer.version == 0
        beat.instanceID = request.instanceID
        beat.rackID = request.rackID
        beat.clientID = answer.clientID
        beat.clientHost = "/" + answer.connection.stream.remoteAddress.ip
        beat.rebalanceTimeout = request.rebalanceTimeoutMs < 0 ? nil : .milliseconds(request.rebalanceTimeoutMs)
        beat.topics = request.subscribedTopicNames
        beat.pattern = request.subscribedTopicRegex
        beat.assignor = request.serverAssignor
        beat.owned = request.topicPartitions.map { Self.partitions($0, topics) }
        let asked = beat
        let layouts = TopicLayouts(
            version: topics.version,
            names: { topics.all.filter { !$0.name.isInternal }.map(\.name.text) }
        ) { name in
            guard let name = TopicName(name), !name.isInternal, let topic = topics[name] else { return nil }
            return (topic.id, topic.partitionCount)
        }
        group({ $0.heartbeat(request.groupID, asked, layouts, $1, at: $2) }) { [self] result in
            switch result {
            case .beat(let told):
                give(
                    answer,
                    ConsumerGroupHeartbeatResponse(
                        memberID: told.memberID, memberEpoch: told.epoch,
                        heartbeatIntervalMs: Int32(clamping: coordinator.groupLimits.heartbeatInterval.millis),
                        assignment: told.assignment.map { .init(topicPartitions: Self.byTopic($0, log.topics)) }))
            case .refused(let refusal): refuse(ErrorCode(refusal), Self.sentence(refusal, request))
            default: answer.connection.refuse("a heartbeat has no such answer")
            }
        }
    }

    private static func sentence(_ refusal: GroupRefusal, _ request: ConsumerGroupHeartbeatRequest) -> String? {
        switch refusal {
        case .invalidRequest:
            "a heartbeat names its member; one that joins also its topics and rebalance timeout, and has no partitions"
        case .unsupportedAssignor: "there is no assignor '\(request.serverAssignor ?? "")'; uniform and range are known"
        case .invalidRegularExpression:
            "'\(request.subscribedTopicRegex ?? "")' is no regular expression of RE2's syntax that is read here"
        case .groupIDNotFound: "there is no group '\(request.groupID)' whose partitions the server shares out"
        case .unknownMemberID: "group '\(request.groupID)' has no member '\(request.memberID)'"
        case .fencedMemberEpoch: "epoch \(request.memberEpoch) is not the member's: it has to join again"
        case .unreleasedInstanceID: "instance '\(request.instanceID ?? "")' is in use by another member"
        default: nil
        }
    }

    private static func partitions(
        _ topics: [ConsumerGroupHeartbeatRequest.TopicPartitions], _ table: TopicTable
    ) -> Set<PartitionID> {
        guard !topics.isEmpty else { return [] }
        let ids = Dictionary(table.all.map { ($0.uuid, $0.id) }) { first, _ in first }
        // Of a topic that is gone a member has nothing.
        return Set(
            topics.flatMap { topic in
                ids[topic.topicID].map { id in
                    topic.partitions.filter { $0 >= 0 }.map { PartitionID(id, $0) }
                } ?? []
            })
    }

    private static func byTopic(
        _ partitions: [PartitionID], _ table: TopicTable
    ) -> [ConsumerGroupHeartbeatResponse.TopicPartitions] {
        var found: [ConsumerGroupHeartbeatResponse.TopicPartitions] = []
        for partition in partitions.sorted() {
            guard let topic = table[partition.topic] else { continue }
            if found.last?.topicID != topic.uuid { found.append(.init(topicID: topic.uuid)) }
            found[found.count - 1].partitions.append(partition.index)
        }
        return found
    }

    /// Tells states and members of groups whose partitions the server shares out.
    func describeConsumerGroups(_ request: ConsumerGroupDescribeRequest, _ answer: KafkaAnswer) {
        let wanted = request.groupIDs.once { $0 }
        look({ table in wanted.map { table.group($0)?.description } }) { [self] found in
            let topics = log.topics
            let groups = wanted.enumerated().map {
                place, id -> ConsumerGroupDescribeResponse.DescribedGroup in
                guard let found else {
                    return .init(errorCode: ErrorCode.coordinatorLoadInProgress.rawValue, groupID: id)
                }
                guard let group = found[place], let told = group.coordinated else {
                    return .init(
                        errorCode: ErrorCode.groupIDNotFound.rawValue,
                        errorMessage: "there is no group '\(id)' whose partitions the server shares out", groupID: id)
                }
                return .init(
                    groupID: id, groupState: Self.state(of: group), groupEpoch: told.epoch,
                    assignmentEpoch: told.assignmentEpoch, assignorName: told.assignor,
                    members: told.members.map { member in
                        .init(
                            memberID: member.memberID, instanceID: member.instanceID, rackID: member.rackID,
                            memberEpoch: member.epoch, clientID: member.clientID, clientHost: member.clientHost,
                            subscribedTopicNames: member.topics, subscribedTopicRegex: member.pattern,
                            assignment: .init(topicPartitions: Self.named(member.assigned, topics)),
                            targetAssignment: .init(topicPartitions: Self.named(member.target, topics)), memberType: 1)
                    })
            }
            give(answer, ConsumerGroupDescribeResponse(groups: groups))
        }
    }

    private static func named(
        _ partitions: [PartitionID], _ table: TopicTable
    ) -> [ConsumerGroupDescribeResponse.TopicPartitions] {
        var found: [ConsumerGroupDescribeResponse.TopicPartitions] = []
        for partition in partitions {
            guard let topic = table[partition.topic] else { continue }
            if found.last?.topicID != topic.uuid {
                found.append(.init(topicID: topic.uuid, topicName: topic.name.text))
            }
            found[found.count - 1].partitions.append(partition.index)
        }
        return found
    }
}
