// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension KafkaBroker {
    /// Reads batches of partitions, waiting for some if asked.
    func fetch(_ request: FetchRequest, _ answer: KafkaAnswer) {
        let connection = answer.connection
        let named = request.topics.reduce(0) { $0 + $1.partitions.count }
        let start =
            answer.version < 7
            ? .sessionless
            : FetchSession.start(request.sessionID, request.sessionEpoch, in: connection.fetchSession)
        func refuse(_ code: ErrorCode) { give(answer, FetchResponse(errorCode: code.rawValue)) }
        switch start {
        case .unknownSession: return refuse(.fetchSessionIDNotFound)
        case .wrongEpoch: return refuse(.invalidFetchSessionEpoch)
        case .sessionless:
            connection.fetchSession = nil
            guard named <= settings.fetchPartitions else { return refuse(.invalidRequest) }
            var session = FetchSession(id: 0)
            Self.add(request, to: &session)
            run(session, 0, isIncremental: false, request, answer)
        case .new:
            guard named <= settings.fetchPartitions else { return refuse(.invalidRequest) }
            var session = FetchSession(id: nextFetchSession())
            Self.add(request, to: &session)
            connection.fetchSession = session
            run(session, session.id, isIncremental: false, request, answer)
        case .incremental:
            guard var session = connection.fetchSession else { return refuse(.fetchSessionIDNotFound) }
            guard session.entries.count + named <= settings.fetchPartitions else { return refuse(.invalidRequest) }
            connection.fetchSession = nil
            for topic in request.forgottenTopicsData {
                for index in topic.partitions { session.forget(topic.topic, index) }
            }
            Self.add(request, to: &session)
            session.advance()
            connection.fetchSession = session
            run(session, session.id, isIncremental: true, request, answer)
        }
    }

    private static func add(_ request: FetchRequest, to session: inout FetchSession) {
        for topic in request.topics {
            for partition in topic.partitions {
                session.set(
                    topic.topic, partition.partition, offset: partition.fetchOffset,
                    maxBytes: partition.partitionMaxBytes, leaderEpoch: partition.currentLeaderEpoch)
            }
        }
    }

    private func run(
        _ session: FetchSession, _ id: Int32, isIncremental: Bool, _ request: FetchRequest, _ answer: KafkaAnswer
    ) {
        var known: (name: String, topic: TopicDescription?) = ("", nil)
        let wanted = session.entries.map { entry in
            if known.name != entry.topic { known = (entry.topic, topic(entry.topic)) }
            return FetchTask.Wanted(
                topic: entry.topic, index: entry.index, offset: entry.offset, maxBytes: entry.maxBytes,
                leaderEpoch: entry.leaderEpoch, id: partition(known.topic, entry.index))
        }
        FetchTask(self, answer, wanted, request: request, sessionID: id, isIncremental: isIncremental).run()
    }

    // MARK: - Offsets

    /// Finds offsets by time, and the ends of partitions.
    func listOffsets(_ request: ListOffsetsRequest, _ answer: KafkaAnswer) {
        let gather = Gather(
            ListOffsetsResponse(
                topics: request.topics.map { topic in
                    .init(
                        name: topic.name, partitions: topic.partitions.map { .init(partitionIndex: $0.partitionIndex) })
                })
        ) { [self] in give(answer, $0) }
        for (place, topic) in request.topics.enumerated() {
            let known = self.topic(topic.name)
            for (index, wanted) in topic.partitions.enumerated() {
                func set(_ body: (inout ListOffsetsResponse.ListOffsetsPartitionResponse) -> Void) {
                    body(&gather.value.topics[place].partitions[index])
                }
                guard let id = partition(known, wanted.partitionIndex), let bounds = log.bounds(of: id) else {
                    set { $0.errorCode = ErrorCode.unknownTopicOrPartition.rawValue }
                    continue
                }
                guard wanted.currentLeaderEpoch <= 0 else {
                    set { $0.errorCode = ErrorCode.unknownLeaderEpoch.rawValue }
                    continue
                }
                let end = request.isolationLevel == 1 ? bounds.lastStable : bounds.end
                func found(_ offset: Offset, _ time: WallTime?) {
                    set {
                        $0.offset = offset.value
                        $0.timestamp = time?.millis ?? -1
                        $0.leaderEpoch = 0
                    }
                }
                switch wanted.timestamp {
                case -1: found(end, nil)
                // Everything is local; nothing lies elsewhere.
                case -2, -4: found(bounds.start, nil)
                case -5: set { $0.leaderEpoch = -1 }
                case -3:
                    gather.begin()
                    session.latest(in: id) { result in
                        switch result {
                        case .success(let timed) where timed.timestamp != nil: found(timed.offset, timed.timestamp)
                        case .success: set { $0.leaderEpoch = -1 }
                        case .failure(let error): set { $0.errorCode = ErrorCode(error).rawValue }
                        }
                        gather.end()
                    }
                case 0...:
                    gather.begin()
                    session.offset(in: id, atTime: WallTime(millis: wanted.timestamp)) { result in
                        switch result {
                        case .success(let timed) where timed.timestamp != nil && timed.offset < end:
                            found(timed.offset, timed.timestamp)
                        case .success: set { $0.leaderEpoch = -1 }
                        case .failure(let error): set { $0.errorCode = ErrorCode(error).rawValue }
                        }
                        gather.end()
                    }
                default: set { $0.errorCode = ErrorCode.unsupportedVersion.rawValue }
                }
            }
        }
        gather.end()
    }

    /// Tells where a leader's epoch ends: there is one epoch, 0, and it goes on.
    func offsetForLeaderEpoch(_ request: OffsetForLeaderEpochRequest, _ answer: KafkaAnswer) {
        give(
            answer,
            OffsetForLeaderEpochResponse(
                topics: request.topics.map { topic in
                    let known = self.topic(topic.topic)
                    return .init(
                        topic: topic.topic,
                        partitions: topic.partitions.map { wanted in
                            guard let id = partition(known, wanted.partition), let bounds = log.bounds(of: id) else {
                                return .init(
                                    errorCode: ErrorCode.unknownTopicOrPartition.rawValue, partition: wanted.partition)
                            }
                            guard wanted.currentLeaderEpoch <= 0 else {
                                return .init(
                                    errorCode: ErrorCode.unknownLeaderEpoch.rawValue, partition: wanted.partition)
                            }
                            // Of an epoch that never was nothing is known.
                            let isKnown = wanted.leaderEpoch >= 0
                            return .init(
                                partition: wanted.partition, leaderEpoch: isKnown ? 0 : -1,
                                endOffset: isKnown ? bounds.end.value : -1)
                        })
                }))
    }
}

/// An answer that is put together out of several.
///
/// - Concurrency: lives on one loop.
final class Gather<Value> {
    var value: Value
    private var left = 1
    private let then: (Value) -> Void

    /// Begins; ``end()`` is called once for this, too.
    init(_ value: Value, then: @escaping (Value) -> Void) {
        self.value = value
        self.then = then
    }

    func begin() { left += 1 }

    func end() {
        left -= 1
        if left == 0 { then(value) }
    }
}
