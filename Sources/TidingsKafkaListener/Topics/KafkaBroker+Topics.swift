// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension KafkaBroker {
    /// Creates topics, each with its own answer.
    func createTopics(_ request: CreateTopicsRequest, _ answer: KafkaAnswer) {
        let gather = Gather(CreateTopicsResponse(topics: request.topics.map { .init(name: $0.name) })) {
            [self] in give(answer, $0)
        }
        let twice = Self.repeated(request.topics.map(\.name))
        for (place, wanted) in request.topics.enumerated() {
            func refuse(_ code: ErrorCode, _ sentence: String) {
                gather.value.topics[place].errorCode = code.rawValue
                gather.value.topics[place].errorMessage = sentence
            }
            if twice.contains(wanted.name) {
                refuse(.invalidRequest, "the topic is named more than once in the request")
                continue
            }
            let plan: (name: TopicName, partitions: Int32, settings: TopicSettings)
            do throws(AdminRefusal) {
                plan = try self.plan(wanted)
            } catch {
                refuse(error.code, error.sentence)
                continue
            }
            func created(_ topic: TopicID?, _ uuid: UUID128) {
                gather.value.topics[place].topicID = uuid
                gather.value.topics[place].numPartitions = plan.partitions
                gather.value.topics[place].replicationFactor = 1
                gather.value.topics[place].configs = ConfigEntry.all(of: plan.settings, log: self.settings).map {
                    .init(name: $0.name, value: $0.value, configSource: $0.source.rawValue)
                }
            }
            if request.validateOnly {
                created(nil, UUID128(high: 0, low: 0))
                continue
            }
            gather.begin()
            let version = log.topics.version
            session.createTopic(plan.name, partitions: plan.partitions, settings: plan.settings) { result in
                switch result {
                case .success(let topic):
                    // Somebody else made it meanwhile, as it is.
                    if topic.settings != plan.settings || topic.partitionCount != plan.partitions,
                        version != self.log.topics.version
                    {
                        refuse(.topicAlreadyExists, "the topic \(plan.name) exists")
                    } else {
                        created(topic.id, topic.uuid)
                    }
                case .failure(let error): refuse(ErrorCode(error), error.description)
                }
                gather.end()
            }
        }
        gather.end()
    }

    /// What is to be made of a request for a topic.
    private func plan(
        _ wanted: CreateTopicsRequest.CreatableTopic
    ) throws(AdminRefusal) -> (name: TopicName, partitions: Int32, settings: TopicSettings) {
        guard let name = TopicName(wanted.name) else {
            throw AdminRefusal(.invalidTopicException, "a topic's name is \(TopicName.rule)")
        }
        guard !name.isInternal else {
            throw AdminRefusal(.invalidTopicException, "names that begin with __ are Tidings's own")
        }
        guard log.topics[name] == nil else { throw AdminRefusal(.topicAlreadyExists, "the topic \(name) exists") }
        var partitions = wanted.numPartitions
        if !wanted.assignments.isEmpty {
            guard partitions == -1, wanted.replicationFactor == -1 else {
                throw AdminRefusal(
                    .invalidRequest, "numbers of partitions and replicas besides an assignment of replicas")
            }
            let indexes = wanted.assignments.map(\.partitionIndex).sorted()
            guard indexes == Array(0..<Int32(indexes.count)) else {
                throw AdminRefusal(.invalidReplicaAssignment, "the partitions of an assignment are 0, 1, and so on")
            }
            for assignment in wanted.assignments where assignment.brokerIDs != [settings.nodeID] {
                try checkReplicas(Int16(clamping: assignment.brokerIDs.count), assigned: assignment.brokerIDs)
            }
            partitions = Int32(indexes.count)
        } else {
            if partitions == -1 { partitions = settings.partitions }
            guard (1...settings.mostPartitions).contains(partitions) else {
                throw AdminRefusal(
                    .invalidPartitions, "a topic has 1 to \(settings.mostPartitions) partitions, not \(partitions)")
            }
            if wanted.replicationFactor != -1 { try checkReplicas(wanted.replicationFactor, assigned: nil) }
        }
        var topic = TopicSettings()
        for config in wanted.configs {
            guard let value = config.value else {
                throw AdminRefusal(.invalidConfig, "'\(config.name)' is set to nothing")
            }
            try ConfigEntry.set(config.name, to: value, in: &topic)
        }
        return (name, partitions, topic)
    }

    private func checkReplicas(_ factor: Int16, assigned: [Int32]?) throws(AdminRefusal) {
        guard factor >= 1 else {
            throw AdminRefusal(.invalidReplicationFactor, "a replication factor is at least 1, not \(factor)")
        }
        guard factor == 1 || settings.acceptsReplication else {
            throw AdminRefusal(
                .invalidReplicationFactor,
                "a replication factor of \(factor); this server is one, and kafka.accept_replication is off")
        }
        if let other = assigned?.first(where: { $0 != settings.nodeID }), !settings.acceptsReplication {
            throw AdminRefusal(.invalidReplicaAssignment, "there is no broker \(other)")
        }
    }

    /// Deletes topics.
    func deleteTopics(_ request: DeleteTopicsRequest, _ answer: KafkaAnswer) {
        let wanted: [(name: String?, id: UUID128)] =
            answer.version >= 6
            ? request.topics.map { ($0.name, $0.topicID) }
            : request.topicNames.map { ($0, UUID128(high: 0, low: 0)) }
        let gather = Gather(
            DeleteTopicsResponse(responses: wanted.map { .init(name: $0.name, topicID: $0.id) })
        ) { [self] in give(answer, $0) }
        for (place, entry) in wanted.enumerated() {
            func refuse(_ code: ErrorCode, _ sentence: String?) {
                gather.value.responses[place].errorCode = code.rawValue
                gather.value.responses[place].errorMessage = sentence
            }
            let known =
                entry.name.map { self.topic($0) }
                ?? log.topics.all.first { $0.uuid == entry.id && !$0.name.isInternal }
            guard let known else {
                refuse(entry.name == nil ? .unknownTopicID : .unknownTopicOrPartition, nil)
                continue
            }
            gather.value.responses[place].name = known.name.text
            gather.value.responses[place].topicID = known.uuid
            gather.begin()
            session.deleteTopic(known.id) { result in
                if case .failure(let error) = result { refuse(ErrorCode(error), error.description) }
                gather.end()
            }
        }
        gather.end()
    }

    /// Adds partitions to topics.
    func createPartitions(_ request: CreatePartitionsRequest, _ answer: KafkaAnswer) {
        let gather = Gather(CreatePartitionsResponse(results: request.topics.map { .init(name: $0.name) })) {
            [self] in give(answer, $0)
        }
        let twice = Self.repeated(request.topics.map(\.name))
        for (place, wanted) in request.topics.enumerated() {
            func refuse(_ code: ErrorCode, _ sentence: String?) {
                gather.value.results[place].errorCode = code.rawValue
                gather.value.results[place].errorMessage = sentence
            }
            if twice.contains(wanted.name) {
                refuse(.invalidRequest, "the topic is named more than once in the request")
                continue
            }
            guard let known = topic(wanted.name) else {
                refuse(.unknownTopicOrPartition, "there is no topic \(wanted.name)")
                continue
            }
            guard wanted.count > known.partitionCount, wanted.count <= settings.mostPartitions else {
                refuse(
                    .invalidPartitions,
                    wanted.count > settings.mostPartitions
                        ? "a topic has at most \(settings.mostPartitions) partitions"
                        : "the topic has \(known.partitionCount) partitions already; \(wanted.count) are not more")
                continue
            }
            if let assignments = wanted.assignments, assignments.count != Int(wanted.count - known.partitionCount) {
                refuse(.invalidReplicaAssignment, "\(assignments.count) assignments of new partitions")
                continue
            }
            guard !request.validateOnly else { continue }
            gather.begin()
            session.addPartitions(known.id, upTo: wanted.count) { result in
                if case .failure(let error) = result { refuse(ErrorCode(error), error.description) }
                gather.end()
            }
        }
        gather.end()
    }

    /// Moves the start of partitions.
    func deleteRecords(_ request: DeleteRecordsRequest, _ answer: KafkaAnswer) {
        let gather = Gather(
            DeleteRecordsResponse(
                topics: request.topics.map { topic in
                    .init(
                        name: topic.name,
                        partitions: topic.partitions.map { .init(partitionIndex: $0.partitionIndex, lowWatermark: -1) })
                })
        ) { [self] in give(answer, $0) }
        for (place, topic) in request.topics.enumerated() {
            let known = self.topic(topic.name)
            for (index, wanted) in topic.partitions.enumerated() {
                func refuse(_ code: ErrorCode) {
                    gather.value.topics[place].partitions[index].errorCode = code.rawValue
                }
                guard let known, let id = partition(known, wanted.partitionIndex), let bounds = log.bounds(of: id)
                else {
                    refuse(.unknownTopicOrPartition)
                    continue
                }
                // What compaction keeps is not deleted by place.
                guard known.settings.cleanup.contains(.delete) else {
                    refuse(.policyViolation)
                    continue
                }
                let offset = wanted.offset == -1 ? bounds.end.value : wanted.offset
                guard offset >= 0, offset <= bounds.end.value else {
                    refuse(.offsetOutOfRange)
                    continue
                }
                gather.begin()
                session.deleteRecords(id, before: Offset(offset)) { result in
                    switch result {
                    case .success(let start):
                        gather.value.topics[place].partitions[index].lowWatermark = start.value
                    case .failure(let error): refuse(ErrorCode(error))
                    }
                    gather.end()
                }
            }
        }
        gather.end()
    }

    /// Tells the sizes of partitions.
    func describeLogDirs(_ request: DescribeLogDirsRequest, _ answer: KafkaAnswer) {
        let wanted: [(String, [Int32])] =
            request.topics.map { $0.map { ($0.topic, $0.partitions) } }
            ?? log.topics.all.filter { !$0.name.isInternal }.map { ($0.name.text, Array(0..<$0.partitionCount)) }
        let topics = wanted.compactMap { name, indexes -> DescribeLogDirsResponse.DescribeLogDirsTopic? in
            let known = topic(name)
            let partitions = indexes.compactMap { index -> DescribeLogDirsResponse.DescribeLogDirsPartition? in
                guard let id = partition(known, index), let bounds = log.bounds(of: id) else { return nil }
                return .init(partitionIndex: index, partitionSize: bounds.byteCount)
            }
            return partitions.isEmpty ? nil : .init(name: name, partitions: partitions)
        }
        give(answer, DescribeLogDirsResponse(results: [.init(logDir: "/log", topics: topics)]))
    }

    /// The names that come more than once.
    static func repeated(_ names: [String]) -> Set<String> {
        var seen: Set<String> = []
        return Set(names.filter { !seen.insert($0).inserted })
    }
}

/// Why a wish of an administrator is refused.
struct AdminRefusal: Error {
    let code: ErrorCode
    let sentence: String

    init(_ code: ErrorCode, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
