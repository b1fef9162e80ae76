// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups

extension KafkaBroker {
    /// Stores a group's offsets.
    func offsetCommit(_ request: OffsetCommitRequest, _ answer: KafkaAnswer) {
        var response = OffsetCommitResponse(
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
        var commit = CommitRequest(
            MemberIdentity(request.memberID, instanceID: request.groupInstanceID),
            generation: request.generationIDOrMemberEpoch, offsets: offsets)
        commit.namesMissingGroup = answer.version >= 9
        let asked = commit
        let prepared = response
        group({ $0.commit(request.groupID, asked, $1, at: $2) }) { [self] result in
            var response = prepared
            let codes = Self.codes(result, count: places.count)
            for (place, code) in zip(places, codes) {
                response.topics[place.topic].partitions[place.partition].errorCode = code.rawValue
            }
            give(answer, response)
        }
    }

    /// What became of each offset.
    static func codes(_ answer: GroupAnswer, count: Int) -> [ErrorCode] {
        switch answer {
        case .offsets(let refusals): refusals.map { $0.refusal.map { ErrorCode($0) } ?? .noError }
        case .refused(let refusal): Array(repeating: ErrorCode(refusal), count: count)
        default: Array(repeating: .unknownServerError, count: count)
        }
    }

    // MARK: - Fetching

    private struct Wanted {
        let group: String
        /// Who asks, where a member does.
        var memberID: String?
        var epoch: Int32 = -1
        /// Nil for all that the group has.
        let topics: [(name: String, partitions: [Int32])]?
    }

    private struct Told {
        let topic: String
        let partition: Int32
        let offset: FetchedOffset
    }

    /// Tells what groups have committed; what they have not is -1, and no error.
    func offsetFetch(_ request: OffsetFetchRequest, _ answer: KafkaAnswer) {
        let wanted: [Wanted] =
            answer.version >= 8
            ? request.groups.once { $0.groupID }.map { group in
                Wanted(
                    group: group.groupID, memberID: group.memberID, epoch: group.memberEpoch,
                    topics: group.topics.map { $0.map { ($0.name, $0.partitionIndexes) } })
            }
            : [
                Wanted(
                    group: request.groupID, topics: request.topics.map { $0.map { ($0.name, $0.partitionIndexes) } })
            ]
        let topics = log.topics
        let stable = request.requireStable
        coordinator.ask(on: loop) { (coordinator, reply: @escaping ([Result<[Told], GroupRefusal>]?) -> Void) in
            reply(
                coordinator.groups.map { table in
                    wanted.map { wanted in
                        if let refusal = table.refusal(ofFetch: wanted.group, by: wanted.memberID, epoch: wanted.epoch)
                        {
                            return .failure(refusal)
                        }
                        return .success(Self.look(up: wanted, in: table, topics, stable: stable))
                    }
                })
        } then: { [self] found in
            give(answer, found: found, wanted)
        }
    }

    private static func look(
        up wanted: Wanted, in table: GroupTable, _ topics: TopicTable, stable: Bool
    ) -> [Told] {
        guard let named = wanted.topics else {
            return table.fetch(wanted.group, stable: stable).compactMap { partition, offset in
                topics[partition.topic].map { Told(topic: $0.name.text, partition: partition.index, offset: offset) }
            }.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        }
        return named.flatMap { name, partitions in
            let topic = TopicName(name).flatMap { topics[$0] }
            return partitions.map { index -> Told in
                guard let topic, index >= 0, index < topic.partitionCount else {
                    return Told(topic: name, partition: index, offset: .unknown)
                }
                let found = table.fetch(wanted.group, [PartitionID(topic.id, index)], stable: stable)
                return Told(topic: name, partition: index, offset: found.first?.offset ?? .unknown)
            }
        }
    }

    private func give(_ answer: KafkaAnswer, found: [Result<[Told], GroupRefusal>]?, _ wanted: [Wanted]) {
        var response = OffsetFetchResponse()
        let loading = ErrorCode.coordinatorLoadInProgress.rawValue
        if answer.version >= 8 {
            response.groups = wanted.enumerated().map { place, group in
                guard let found else { return .init(groupID: group.group, errorCode: loading) }
                var told = OffsetFetchResponse.OffsetFetchResponseGroup(groupID: group.group)
                let offsets: [Told]
                switch found[place] {
                case .success(let told): offsets = told
                case .failure(let refusal):
                    told.errorCode = ErrorCode(refusal).rawValue
                    return told
                }
                for one in offsets {
                    let (offset, epoch, metadata, code) = Self.parts(one.offset)
                    if told.topics.last?.name != one.topic { told.topics.append(.init(name: one.topic)) }
                    told.topics[told.topics.count - 1].partitions.append(
                        .init(
                            partitionIndex: one.partition, committedOffset: offset, committedLeaderEpoch: epoch,
                            metadata: metadata, errorCode: code))
                }
                return told
            }
            return give(answer, response)
        }
        guard let found else {
            // Version 1 has no place for it but the partitions.
            response.errorCode = loading
            if answer.version < 2 {
                response.topics = (wanted[0].topics ?? []).map { name, partitions in
                    .init(
                        name: name,
                        partitions: partitions.map {
                            .init(partitionIndex: $0, committedOffset: -1, errorCode: loading)
                        })
                }
            }
            return give(answer, response)
        }
        // Before version 8 nobody says who it is, and nobody is refused.
        for one in (try? found[0].get()) ?? [] {
            let (offset, epoch, metadata, code) = Self.parts(one.offset)
            if response.topics.last?.name != one.topic { response.topics.append(.init(name: one.topic)) }
            response.topics[response.topics.count - 1].partitions.append(
                .init(
                    partitionIndex: one.partition, committedOffset: offset, committedLeaderEpoch: epoch,
                    metadata: metadata, errorCode: code))
        }
        give(answer, response)
    }

    private static func parts(_ offset: FetchedOffset) -> (Int64, Int32, String, Int16) {
        switch offset {
        case .committed(let committed): (committed.offset, committed.leaderEpoch, committed.metadata, 0)
        case .unknown: (-1, -1, "", 0)
        case .unstable: (-1, -1, "", ErrorCode.unstableOffsetCommit.rawValue)
        }
    }

    // MARK: - Deleting

    /// Deletes offsets of topics that no member of the group reads.
    func offsetDelete(_ request: OffsetDeleteRequest, _ answer: KafkaAnswer) {
        var response = OffsetDeleteResponse(
            topics: request.topics.map { topic in
                .init(name: topic.name, partitions: topic.partitions.map { .init(partitionIndex: $0.partitionIndex) })
            })
        var partitions: [PartitionID] = []
        var places: [(topic: Int, partition: Int)] = []
        for (place, topic) in request.topics.enumerated() {
            let known = self.topic(topic.name)
            for (index, wanted) in topic.partitions.enumerated() {
                guard let id = partition(known, wanted.partitionIndex) else {
                    response.topics[place].partitions[index].errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    continue
                }
                partitions.append(id)
                places.append((place, index))
            }
        }
        let asked = partitions
        let prepared = response
        let topics = log.topics
        group({ table, token, now in
            table.deleteOffsets(request.groupID, asked, token, at: now) { topics[$0.topic]?.name.text }
        }) { [self] result in
            var response = prepared
            if case .refused(let refusal) = result {
                return give(answer, OffsetDeleteResponse(errorCode: ErrorCode(refusal).rawValue))
            }
            for (place, code) in zip(places, Self.codes(result, count: places.count)) {
                response.topics[place.topic].partitions[place.partition].errorCode = code.rawValue
            }
            give(answer, response)
        }
    }
}
