// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// The requests of Kafka's protocol that are read here, by their number on the wire.
package enum APIKey: Int16, CaseIterable, Sendable {
    /// Appends batches to partitions.
    case produce = 0
    /// Reads batches of partitions, waiting for some if asked.
    case fetch = 1
    /// Finds offsets by time, and the ends of partitions.
    case listOffsets = 2
    /// Tells brokers, topics and partitions.
    case metadata = 3
    /// Stores a group's offsets.
    case offsetCommit = 8
    /// Reads a group's offsets.
    case offsetFetch = 9
    /// Finds the broker that coordinates a group or transactional id.
    case findCoordinator = 10
    /// Makes a consumer a member of its group's next generation.
    case joinGroup = 11
    /// Says that a member is alive, hears of a rebalance.
    case heartbeat = 12
    /// Takes members out of a group.
    case leaveGroup = 13
    /// Hands in and hears the assignment of a generation.
    case syncGroup = 14
    /// Tells states and members of groups.
    case describeGroups = 15
    /// Lists groups.
    case listGroups = 16
    /// Chooses a SASL mechanism.
    case saslHandshake = 17
    /// Tells which APIs and versions are served.
    case apiVersions = 18
    /// Creates topics.
    case createTopics = 19
    /// Deletes topics.
    case deleteTopics = 20
    /// Moves the start of partitions.
    case deleteRecords = 21
    /// Gives a producer its id and epoch.
    case initProducerID = 22
    /// Tells where a leader's epoch ends.
    case offsetForLeaderEpoch = 23
    /// Makes partitions part of a transaction.
    case addPartitionsToTxn = 24
    /// Makes a group's offsets part of a transaction.
    case addOffsetsToTxn = 25
    /// Commits or aborts a transaction.
    case endTxn = 26
    /// Stores a group's offsets with a transaction.
    case txnOffsetCommit = 28
    /// Lists access rules.
    case describeACLs = 29
    /// Creates access rules.
    case createACLs = 30
    /// Deletes access rules.
    case deleteACLs = 31
    /// Tells configurations.
    case describeConfigs = 32
    /// Replaces configurations.
    case alterConfigs = 33
    /// Tells the sizes of partitions.
    case describeLogDirs = 35
    /// Carries one step of a SASL exchange.
    case saslAuthenticate = 36
    /// Adds partitions to topics.
    case createPartitions = 37
    /// Deletes groups.
    case deleteGroups = 42
    /// Changes single values of configurations.
    case incrementalAlterConfigs = 44
    /// Deletes a group's offsets.
    case offsetDelete = 47
    /// Lists SCRAM credentials.
    case describeUserScramCredentials = 50
    /// Changes SCRAM credentials.
    case alterUserScramCredentials = 51
    /// Tells the brokers of the cluster.
    case describeCluster = 60
    /// Tells the producers of partitions.
    case describeProducers = 61
    /// Tells the state of transactions.
    case describeTransactions = 65
    /// Lists transactions.
    case listTransactions = 66
    /// All of the next-generation group protocol (KIP-848).
    case consumerGroupHeartbeat = 68
    /// Tells states and members of next-generation groups.
    case consumerGroupDescribe = 69

    /// The name in Kafka's definitions.
    package var name: StaticString {
        switch self {
        case .produce: "Produce"
        case .fetch: "Fetch"
        case .listOffsets: "ListOffsets"
        case .metadata: "Metadata"
        case .offsetCommit: "OffsetCommit"
        case .offsetFetch: "OffsetFetch"
        case .findCoordinator: "FindCoordinator"
        case .joinGroup: "JoinGroup"
        case .heartbeat: "Heartbeat"
        case .leaveGroup: "LeaveGroup"
        case .syncGroup: "SyncGroup"
        case .describeGroups: "DescribeGroups"
        case .listGroups: "ListGroups"
        case .saslHandshake: "SaslHandshake"
        case .apiVersions: "ApiVersions"
        case .createTopics: "CreateTopics"
        case .deleteTopics: "DeleteTopics"
        case .deleteRecords: "DeleteRecords"
        case .initProducerID: "InitProducerId"
        case .offsetForLeaderEpoch: "OffsetForLeaderEpoch"
        case .addPartitionsToTxn: "AddPartitionsToTxn"
        case .addOffsetsToTxn: "AddOffsetsToTxn"
        case .endTxn: "EndTxn"
        case .txnOffsetCommit: "TxnOffsetCommit"
        case .describeACLs: "DescribeAcls"
        case .createACLs: "CreateAcls"
        case .deleteACLs: "DeleteAcls"
        case .describeConfigs: "DescribeConfigs"
        case .alterConfigs: "AlterConfigs"
        case .describeLogDirs: "DescribeLogDirs"
        case .saslAuthenticate: "SaslAuthenticate"
        case .createPartitions: "CreatePartitions"
        case .deleteGroups: "DeleteGroups"
        case .incrementalAlterConfigs: "IncrementalAlterConfigs"
        case .offsetDelete: "OffsetDelete"
        case .describeUserScramCredentials: "DescribeUserScramCredentials"
        case .alterUserScramCredentials: "AlterUserScramCredentials"
        case .describeCluster: "DescribeCluster"
        case .describeProducers: "DescribeProducers"
        case .describeTransactions: "DescribeTransactions"
        case .listTransactions: "ListTransactions"
        case .consumerGroupHeartbeat: "ConsumerGroupHeartbeat"
        case .consumerGroupDescribe: "ConsumerGroupDescribe"
        }
    }

    /// The versions that are read and written here.
    package var versions: ClosedRange<Int16> {
        switch self {
        case .produce: 3...12
        case .fetch: 4...12
        case .listOffsets: 1...10
        case .metadata: 0...12
        case .offsetCommit: 2...9
        case .offsetFetch: 1...9
        case .findCoordinator: 0...4
        case .joinGroup: 0...9
        case .heartbeat: 0...4
        case .leaveGroup: 0...5
        case .syncGroup: 0...5
        case .describeGroups: 0...6
        case .listGroups: 0...5
        case .saslHandshake: 0...1
        case .apiVersions: 0...4
        case .createTopics: 0...7
        case .deleteTopics: 0...6
        case .deleteRecords: 0...2
        case .initProducerID: 0...5
        case .offsetForLeaderEpoch: 2...4
        case .addPartitionsToTxn: 0...3
        case .addOffsetsToTxn: 0...4
        case .endTxn: 0...5
        case .txnOffsetCommit: 0...5
        case .describeACLs: 1...3
        case .createACLs: 1...3
        case .deleteACLs: 1...3
        case .describeConfigs: 0...4
        case .alterConfigs: 0...2
        case .describeLogDirs: 1...4
        case .saslAuthenticate: 0...2
        case .createPartitions: 0...3
        case .deleteGroups: 0...2
        case .incrementalAlterConfigs: 0...1
        case .offsetDelete: 0...0
        case .describeUserScramCredentials: 0...0
        case .alterUserScramCredentials: 0...0
        case .describeCluster: 0...1
        case .describeProducers: 0...0
        case .describeTransactions: 0...0
        case .listTransactions: 0...2
        case .consumerGroupHeartbeat: 0...1
        case .consumerGroupDescribe: 0...1
        }
    }

    /// The first version with compact lengths and tagged fields; `Int16.max` for none.
    package var firstFlexibleVersion: Int16 {
        switch self {
        case .produce: 9
        case .fetch: 12
        case .listOffsets: 6
        case .metadata: 9
        case .offsetCommit: 8
        case .offsetFetch: 6
        case .findCoordinator: 3
        case .joinGroup: 6
        case .heartbeat: 4
        case .leaveGroup: 4
        case .syncGroup: 4
        case .describeGroups: 5
        case .listGroups: 3
        case .saslHandshake: .max
        case .apiVersions: 3
        case .createTopics: 5
        case .deleteTopics: 4
        case .deleteRecords: 2
        case .initProducerID: 2
        case .offsetForLeaderEpoch: 4
        case .addPartitionsToTxn: 3
        case .addOffsetsToTxn: 3
        case .endTxn: 3
        case .txnOffsetCommit: 3
        case .describeACLs: 2
        case .createACLs: 2
        case .deleteACLs: 2
        case .describeConfigs: 4
        case .alterConfigs: 2
        case .describeLogDirs: 2
        case .saslAuthenticate: 2
        case .createPartitions: 2
        case .deleteGroups: 2
        case .incrementalAlterConfigs: 1
        case .offsetDelete: .max
        case .describeUserScramCredentials: 0
        case .alterUserScramCredentials: 0
        case .describeCluster: 0
        case .describeProducers: 0
        case .describeTransactions: 0
        case .listTransactions: 0
        case .consumerGroupHeartbeat: 0
        case .consumerGroupDescribe: 0
        }
    }

    /// The lowest version that an ApiVersions response names, which may be one that is not served.
    package var lowestAdvertisedVersion: Int16 {
        switch self {
        case .produce: 0
        default: versions.lowerBound
        }
    }
}
