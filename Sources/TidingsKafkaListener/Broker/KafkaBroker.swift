// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Answers the requests of one loop's connections out of the log.
///
/// - Concurrency: lives on its loop.
package final class KafkaBroker {
    let log: any EventLog
    let loop: any Loop
    let session: any LogSession
    let settings: KafkaListenerSettings
    let identity: KafkaIdentity
    let coordinator: KafkaCoordinator
    let logger: Logger
    /// What all answers are written with.
    var writer = MessageWriter(capacity: 4 << 10)
    let waiters: FetchWaiters
    unowned var server: KafkaServer!
    private var lastFetchSession: Int32 = 0

    /// Makes a loop's broker; on that loop.
    init(
        log: any EventLog, loop: any Loop, settings: KafkaListenerSettings, identity: KafkaIdentity,
        coordinator: KafkaCoordinator, logger: Logger
    ) {
        self.log = log
        self.loop = loop
        self.settings = settings
        self.identity = identity
        self.coordinator = coordinator
        self.logger = logger
        let session = log.session(on: loop)
        self.session = session
        waiters = FetchWaiters(session)
    }

    /// Ends what waits.
    func stop() { waiters.stop() }

    /// Gives an answer.
    func give(_ answer: KafkaAnswer, _ message: some WritableMessage, blocks: [[StoredBatch]] = []) {
        answer.give(message, &writer, blocks: blocks)
    }

    /// A number for a fetch session; never 0.
    func nextFetchSession() -> Int32 {
        lastFetchSession = lastFetchSession == .max ? 1 : lastFetchSession + 1
        return lastFetchSession
    }

    // MARK: - Requests

    /// Answers a request, now or later.
    /// - Parameters:
    ///   - frame: what `reader` reads: `records` fields are ranges of it, and it is lent for this call only.
    ///   - room: what the frame lies in, when it may be kept.
    /// - Throws: the request cannot be read.
    func handle(
        _ answer: KafkaAnswer, _ reader: inout MessageReader, _ frame: UnsafeRawBufferPointer, in room: PageRoom?
    ) throws(MessageError) {
        let version = answer.version
        switch answer.api {
        case .produce: try produce(ProduceRequest(from: &reader, version: version), answer, frame, in: room)
        case .fetch: try fetch(FetchRequest(from: &reader, version: version), answer)
        case .listOffsets: try listOffsets(ListOffsetsRequest(from: &reader, version: version), answer)
        case .metadata: try metadata(MetadataRequest(from: &reader, version: version), answer)
        case .apiVersions: try apiVersions(ApiVersionsRequest(from: &reader, version: version), answer)
        case .offsetForLeaderEpoch:
            try offsetForLeaderEpoch(OffsetForLeaderEpochRequest(from: &reader, version: version), answer)
        case .describeCluster:
            try describeCluster(DescribeClusterRequest(from: &reader, version: version), answer)
        case .createTopics: try createTopics(CreateTopicsRequest(from: &reader, version: version), answer)
        case .deleteTopics: try deleteTopics(DeleteTopicsRequest(from: &reader, version: version), answer)
        case .createPartitions: try createPartitions(CreatePartitionsRequest(from: &reader, version: version), answer)
        case .deleteRecords: try deleteRecords(DeleteRecordsRequest(from: &reader, version: version), answer)
        case .describeConfigs: try describeConfigs(DescribeConfigsRequest(from: &reader, version: version), answer)
        case .alterConfigs: try alterConfigs(AlterConfigsRequest(from: &reader, version: version), answer)
        case .incrementalAlterConfigs:
            try incrementalAlterConfigs(IncrementalAlterConfigsRequest(from: &reader, version: version), answer)
        case .describeLogDirs: try describeLogDirs(DescribeLogDirsRequest(from: &reader, version: version), answer)
        case .findCoordinator: try findCoordinator(FindCoordinatorRequest(from: &reader, version: version), answer)
        case .joinGroup: try joinGroup(JoinGroupRequest(from: &reader, version: version), answer, frame)
        case .syncGroup: try syncGroup(SyncGroupRequest(from: &reader, version: version), answer, frame)
        case .heartbeat: try heartbeat(HeartbeatRequest(from: &reader, version: version), answer)
        case .leaveGroup: try leaveGroup(LeaveGroupRequest(from: &reader, version: version), answer)
        case .describeGroups: try describeGroups(DescribeGroupsRequest(from: &reader, version: version), answer)
        case .listGroups: try listGroups(ListGroupsRequest(from: &reader, version: version), answer)
        case .deleteGroups: try deleteGroups(DeleteGroupsRequest(from: &reader, version: version), answer)
        case .offsetCommit: try offsetCommit(OffsetCommitRequest(from: &reader, version: version), answer)
        case .offsetFetch: try offsetFetch(OffsetFetchRequest(from: &reader, version: version), answer)
        case .offsetDelete: try offsetDelete(OffsetDeleteRequest(from: &reader, version: version), answer)
        case .initProducerID: try initProducerID(InitProducerIdRequest(from: &reader, version: version), answer)
        case .addPartitionsToTxn:
            try addPartitions(AddPartitionsToTxnRequest(from: &reader, version: version), answer)
        case .addOffsetsToTxn: try addOffsets(AddOffsetsToTxnRequest(from: &reader, version: version), answer)
        case .endTxn: try endTransaction(EndTxnRequest(from: &reader, version: version), answer)
        case .txnOffsetCommit:
            try commitInTransaction(TxnOffsetCommitRequest(from: &reader, version: version), answer)
        case .describeTransactions:
            try describeTransactions(DescribeTransactionsRequest(from: &reader, version: version), answer)
        case .listTransactions:
            try listTransactions(ListTransactionsRequest(from: &reader, version: version), answer)
        case .describeProducers:
            try describeProducers(DescribeProducersRequest(from: &reader, version: version), answer)
        case .saslHandshake: try saslHandshake(SaslHandshakeRequest(from: &reader, version: version), answer)
        case .saslAuthenticate: try saslAuthenticate(SaslAuthenticateRequest(from: &reader, version: version), answer)
        case .describeACLs: try describeACLs(DescribeAclsRequest(from: &reader, version: version), answer)
        case .createACLs: try createACLs(CreateAclsRequest(from: &reader, version: version), answer)
        case .deleteACLs: try deleteACLs(DeleteAclsRequest(from: &reader, version: version), answer)
        case .describeUserScramCredentials:
            try describeCredentials(DescribeUserScramCredentialsRequest(from: &reader, version: version), answer)
        case .alterUserScramCredentials:
            try alterCredentials(AlterUserScramCredentialsRequest(from: &reader, version: version), answer)
        case .consumerGroupHeartbeat:
            try consumerHeartbeat(ConsumerGroupHeartbeatRequest(from: &reader, version: version), answer)
        case .consumerGroupDescribe:
            try describeConsumerGroups(ConsumerGroupDescribeRequest(from: &reader, version: version), answer)
        }
    }

    // MARK: - Topics

    /// The topic of a name from outside that clients may see; nil when there is none.
    func topic(_ name: String) -> TopicDescription? {
        guard let name = TopicName(name), !name.isInternal else { return nil }
        return log.topics[name]
    }

    /// A partition of a topic, if it has it.
    func partition(_ topic: TopicDescription?, _ index: Int32) -> PartitionID? {
        guard let topic, index >= 0, index < topic.partitionCount else { return nil }
        return PartitionID(topic.id, index)
    }
}

/// Who the server is, to clients.
package struct KafkaIdentity: Sendable, Hashable {
    /// The same for all clients of one data folder.
    package let clusterID: String

    /// Names a cluster.
    package init(clusterID: String) { self.clusterID = clusterID }
}

extension ErrorCode {
    /// What Kafka calls a refusal of the log.
    init(_ error: LogError) {
        self =
            switch error.code {
            case .unknownTopic: .unknownTopicOrPartition
            case .recordTooLarge: .messageTooLarge
            case .corruptBatch, .quarantined: .corruptMessage
            case .invalidSetting: .invalidRecord
            case .invalidTimestamp: .invalidTimestamp
            case .outOfOrderSequence: .outOfOrderSequenceNumber
            case .fencedProducer: .invalidProducerEpoch
            case .duplicateSequence: .duplicateSequenceNumber
            case .tooManyProducers: .policyViolation
            case .invalidTransaction: .invalidTxnState
            case .fencedCoordinator: .transactionCoordinatorFenced
            // The client looks at the metadata and chooses again.
            case .layoutChanged, .stopping: .notLeaderOrFollower
            case .outOfRange: .offsetOutOfRange
            case .tooManyTopics: .policyViolation
            case .overloaded: .requestTimedOut
            case .diskFull, .offline, .folderInUse, .unknownFormat, .corruptMetadata, .corruptSnapshot:
                .kafkaStorageError
            }
    }
}
