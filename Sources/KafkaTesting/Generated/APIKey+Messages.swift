// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension APIKey {
    /// The request and the response, to be made, read and written without knowing which.
    package var messages: (request: any TestableMessage.Type, response: any TestableMessage.Type) {
        switch self {
        case .produce: (ProduceRequest.self, ProduceResponse.self)
        case .fetch: (FetchRequest.self, FetchResponse.self)
        case .listOffsets: (ListOffsetsRequest.self, ListOffsetsResponse.self)
        case .metadata: (MetadataRequest.self, MetadataResponse.self)
        case .offsetCommit: (OffsetCommitRequest.self, OffsetCommitResponse.self)
        case .offsetFetch: (OffsetFetchRequest.self, OffsetFetchResponse.self)
        case .findCoordinator: (FindCoordinatorRequest.self, FindCoordinatorResponse.self)
        case .joinGroup: (JoinGroupRequest.self, JoinGroupResponse.self)
        case .heartbeat: (HeartbeatRequest.self, HeartbeatResponse.self)
        case .leaveGroup: (LeaveGroupRequest.self, LeaveGroupResponse.self)
        case .syncGroup: (SyncGroupRequest.self, SyncGroupResponse.self)
        case .describeGroups: (DescribeGroupsRequest.self, DescribeGroupsResponse.self)
        case .listGroups: (ListGroupsRequest.self, ListGroupsResponse.self)
        case .saslHandshake: (SaslHandshakeRequest.self, SaslHandshakeResponse.self)
        case .apiVersions: (ApiVersionsRequest.self, ApiVersionsResponse.self)
        case .createTopics: (CreateTopicsRequest.self, CreateTopicsResponse.self)
        case .deleteTopics: (DeleteTopicsRequest.self, DeleteTopicsResponse.self)
        case .deleteRecords: (DeleteRecordsRequest.self, DeleteRecordsResponse.self)
        case .initProducerID: (InitProducerIdRequest.self, InitProducerIdResponse.self)
        case .offsetForLeaderEpoch: (OffsetForLeaderEpochRequest.self, OffsetForLeaderEpochResponse.self)
        case .addPartitionsToTxn: (AddPartitionsToTxnRequest.self, AddPartitionsToTxnResponse.self)
        case .addOffsetsToTxn: (AddOffsetsToTxnRequest.self, AddOffsetsToTxnResponse.self)
        case .endTxn: (EndTxnRequest.self, EndTxnResponse.self)
        case .txnOffsetCommit: (TxnOffsetCommitRequest.self, TxnOffsetCommitResponse.self)
        case .describeACLs: (DescribeAclsRequest.self, DescribeAclsResponse.self)
        case .createACLs: (CreateAclsRequest.self, CreateAclsResponse.self)
        case .deleteACLs: (DeleteAclsRequest.self, DeleteAclsResponse.self)
        case .describeConfigs: (DescribeConfigsRequest.self, DescribeConfigsResponse.self)
        case .alterConfigs: (AlterConfigsRequest.self, AlterConfigsResponse.self)
        case .describeLogDirs: (DescribeLogDirsRequest.self, DescribeLogDirsResponse.self)
        case .saslAuthenticate: (SaslAuthenticateRequest.self, SaslAuthenticateResponse.self)
        case .createPartitions: (CreatePartitionsRequest.self, CreatePartitionsResponse.self)
        case .deleteGroups: (DeleteGroupsRequest.self, DeleteGroupsResponse.self)
        case .incrementalAlterConfigs: (IncrementalAlterConfigsRequest.self, IncrementalAlterConfigsResponse.self)
        case .offsetDelete: (OffsetDeleteRequest.self, OffsetDeleteResponse.self)
        case .describeUserScramCredentials: (DescribeUserScramCredentialsRequest.self, DescribeUserScramCredentialsResponse.self)
        case .alterUserScramCredentials: (AlterUserScramCredentialsRequest.self, AlterUserScramCredentialsResponse.self)
        case .describeCluster: (DescribeClusterRequest.self, DescribeClusterResponse.self)
        case .describeProducers: (DescribeProducersRequest.self, DescribeProducersResponse.self)
        case .describeTransactions: (DescribeTransactionsRequest.self, DescribeTransactionsResponse.self)
        case .listTransactions: (ListTransactionsRequest.self, ListTransactionsResponse.self)
        case .consumerGroupHeartbeat: (ConsumerGroupHeartbeatRequest.self, ConsumerGroupHeartbeatResponse.self)
        case .consumerGroupDescribe: (ConsumerGroupDescribeRequest.self, ConsumerGroupDescribeResponse.self)
        }
    }
}
