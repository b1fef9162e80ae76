// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@Suite struct MessageWriterTests {
    private func fetched(_ blocks: [Int]) -> FetchResponse {
        FetchResponse(responses: [
            .init(
                topic: "t",
                partitions: blocks.enumerated().map { index, count in
                    .init(partitionIndex: Int32(index), records: MessageBytes(place: index, count: count))
                })
        ])
    }

    @Test func `records go out from where they lie, and the frame's length counts them`() throws {
        let blocks: [[UInt8]] = [[1, 1, 1], [], [2, 2, 2, 2]]
        for version in APIKey.fetch.versions {
            var writer = MessageWriter(capacity: 16)
            try writer.frame(
                ApiVersionsResponse(errorCode: 35), to: .apiVersions, version: 0, correlationID: 1)
            try writer.frame(fetched(blocks.map(\.count)), to: .fetch, version: version, correlationID: 2)
            #expect(writer.insertions.map(\.bytes.place) == [0, 2], "an empty block has no place")
            var output: [UInt8] = []
            writer.forEachPiece { written, inserted in
                output += written
                if let inserted { output += blocks[inserted.place] }
            }
            #expect(output.count == writer.totalCount)
            try output.withUnsafeBytes { raw in
                let first = Int(raw.loadUnaligned(as: Int32.self).bigEndian)
                let second = UnsafeRawBufferPointer(rebasing: raw[(4 + first)...])
                #expect(Int(second.loadUnaligned(as: Int32.self).bigEndian) == second.count - 4)
                var reader = MessageReader(UnsafeRawBufferPointer(rebasing: second[4...]))
                let header = try ResponseHeader(from: &reader, version: APIKey.fetch.responseHeaderVersion(version))
                #expect(header.correlationID == 2)
                let frame = UnsafeRawBufferPointer(rebasing: second[4...])
                let response = try FetchResponse(from: &reader, version: version)
                let read = response.responses[0].partitions.map { $0.records.map { Array($0.bytes(in: frame)) } }
                #expect(read == blocks)
                #expect(reader.remaining == 0)
            }
            writer.removeAll()
            #expect(writer.totalCount == 0)
        }
    }

    @Test func `what cannot be written takes its frame out again, and only that`() throws {
        var writer = MessageWriter()
        try writer.frame(fetched([5]), to: .fetch, version: 11, correlationID: 1)
        let (count, insertions) = (writer.totalCount, writer.insertions)

        func refusal(_ body: (inout MessageWriter) throws(MessageError) -> Void) -> MessageError? {
            do throws(MessageError) { try body(&writer) } catch { return error }
            return nil
        }
        let long = String(repeating: "x", count: 40_000)
        let tooLong = refusal { writer throws(MessageError) in
            let groups = ListGroupsResponse(groups: [.init(groupID: long)])
            try writer.frame(groups, to: .listGroups, version: 2, correlationID: 2)
        }
        #expect(tooLong?.code == .tooLong)
        #expect(tooLong?.description == "ListGroupsResponse is too long: 40000 bytes")
        let null = refusal { writer throws(MessageError) in
            let request = MetadataRequest(topics: nil)
            try writer.frame(request, of: .metadata, version: 0, correlationID: 3)
        }
        #expect(null?.code == .nullNotAllowed)
        let version = refusal { writer throws(MessageError) in
            try writer.frame(fetched([7]), to: .fetch, version: 13, correlationID: 4)
        }
        #expect(version?.code == .unsupportedVersion)
        #expect((writer.totalCount, writer.insertions) == (count, insertions))

        let fits = ListGroupsResponse(groups: [.init(groupID: long)])
        #expect(
            refusal { writer throws(MessageError) in
                try writer.frame(fits, to: .listGroups, version: 3, correlationID: 5)
            } == nil, "compact lengths reach further")
    }

    @Test func `a tagged field of any size has its size in front`() throws {
        for count in [0, 1, 120, 125, 126, 127, 128, 200, 16_381, 16_382, 16_383, 16_384] {
            let request = FetchRequest(clusterID: String(repeating: "c", count: count))
            let bytes = try encoded(request, 12, source: [])
            try bytes.withUnsafeBytes { raw in
                var reader = MessageReader(raw)
                let again = try FetchRequest(from: &reader, version: 12)
                #expect(again == request)
                #expect(reader.remaining == 0)
            }
        }
    }

    @Test func `the table of requests is Kafka's`() {
        #expect(APIKey.produce.versions == 3...12)
        #expect(APIKey.produce.advertisedVersions == 0...12, "librdkafka compresses only if it sees version 0")
        #expect(APIKey.fetch.advertisedVersions == 4...12)
        #expect(APIKey.allCases.count == 43)
        #expect(APIKey(rawValue: 69) == .consumerGroupDescribe)
        #expect("\(APIKey.initProducerID.name)" == "InitProducerId")
        #expect(APIKey.apiVersions.responseHeaderVersion(4) == 0)
        #expect(APIKey.apiVersions.requestHeaderVersion(4) == 2)
        #expect(APIKey.saslHandshake.requestHeaderVersion(1) == 1)
        #expect(APIKey.metadata.responseHeaderVersion(9) == 1 && APIKey.metadata.responseHeaderVersion(8) == 0)
    }

    @Test func `errors have Kafka's names`() {
        #expect(ErrorCode.allCases.map(\.rawValue) == Array(-1...133))
        #expect(ErrorCode.allCases.map(\.name).joined(separator: " ") == Self.errorNames)
    }

    /// `org.apache.kafka.common.protocol.Errors` of Apache Kafka 4.3.1, in order, from -1 on.
    static let errorNames = """
        UNKNOWN_SERVER_ERROR NONE OFFSET_OUT_OF_RANGE CORRUPT_MESSAGE UNKNOWN_TOPIC_OR_PARTITION \
        INVALID_FETCH_SIZE LEADER_NOT_AVAILABLE NOT_LEADER_OR_FOLLOWER REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE \
        REPLICA_NOT_AVAILABLE MESSAGE_TOO_LARGE STALE_CONTROLLER_EPOCH OFFSET_METADATA_TOO_LARGE \
        NETWORK_EXCEPTION COORDINATOR_LOAD_IN_PROGRESS COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR \
        INVALID_TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE NOT_ENOUGH_REPLICAS NOT_ENOUGH_REPLICAS_AFTER_APPEND \
        INVALID_REQUIRED_ACKS ILLEGAL_GENERATION INCONSISTENT_GROUP_PROTOCOL INVALID_GROUP_ID UNKNOWN_MEMBER_ID \
        INVALID_SESSION_TIMEOUT REBALANCE_IN_PROGRESS INVALID_COMMIT_OFFSET_SIZE TOPIC_AUTHORIZATION_FAILED \
        GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED INVALID_TIMESTAMP UNSUPPORTED_SASL_MECHANISM \
        ILLEGAL_SASL_STATE UNSUPPORTED_VERSION TOPIC_ALREADY_EXISTS INVALID_PARTITIONS INVALID_REPLICATION_FACTOR \
        INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG NOT_CONTROLLER INVALID_REQUEST UNSUPPORTED_FOR_MESSAGE_FORMAT \
        POLICY_VIOLATION OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER INVALID_PRODUCER_EPOCH \
        INVALID_TXN_STATE INVALID_PRODUCER_ID_MAPPING INVALID_TRANSACTION_TIMEOUT CONCURRENT_TRANSACTIONS \
        TRANSACTION_COORDINATOR_FENCED TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED \
        OPERATION_NOT_ATTEMPTED KAFKA_STORAGE_ERROR LOG_DIR_NOT_FOUND SASL_AUTHENTICATION_FAILED \
        UNKNOWN_PRODUCER_ID REASSIGNMENT_IN_PROGRESS DELEGATION_TOKEN_AUTH_DISABLED DELEGATION_TOKEN_NOT_FOUND \
        DELEGATION_TOKEN_OWNER_MISMATCH DELEGATION_TOKEN_REQUEST_NOT_ALLOWED \
        DELEGATION_TOKEN_AUTHORIZATION_FAILED DELEGATION_TOKEN_EXPIRED INVALID_PRINCIPAL_TYPE NON_EMPTY_GROUP \
        GROUP_ID_NOT_FOUND FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH LISTENER_NOT_FOUND \
        TOPIC_DELETION_DISABLED FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH UNSUPPORTED_COMPRESSION_TYPE \
        STALE_BROKER_EPOCH OFFSET_NOT_AVAILABLE MEMBER_ID_REQUIRED PREFERRED_LEADER_NOT_AVAILABLE \
        GROUP_MAX_SIZE_REACHED FENCED_INSTANCE_ID ELIGIBLE_LEADERS_NOT_AVAILABLE ELECTION_NOT_NEEDED \
        NO_REASSIGNMENT_IN_PROGRESS GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD UNSTABLE_OFFSET_COMMIT \
        THROTTLING_QUOTA_EXCEEDED PRODUCER_FENCED RESOURCE_NOT_FOUND DUPLICATE_RESOURCE UNACCEPTABLE_CREDENTIAL \
        INCONSISTENT_VOTER_SET INVALID_UPDATE_VERSION FEATURE_UPDATE_FAILED PRINCIPAL_DESERIALIZATION_FAILURE \
        SNAPSHOT_NOT_FOUND POSITION_OUT_OF_RANGE UNKNOWN_TOPIC_ID DUPLICATE_BROKER_REGISTRATION \
        BROKER_ID_NOT_REGISTERED INCONSISTENT_TOPIC_ID INCONSISTENT_CLUSTER_ID TRANSACTIONAL_ID_NOT_FOUND \
        FETCH_SESSION_TOPIC_ID_ERROR INELIGIBLE_REPLICA NEW_LEADER_ELECTED OFFSET_MOVED_TO_TIERED_STORAGE \
        FENCED_MEMBER_EPOCH UNRELEASED_INSTANCE_ID UNSUPPORTED_ASSIGNOR STALE_MEMBER_EPOCH \
        MISMATCHED_ENDPOINT_TYPE UNSUPPORTED_ENDPOINT_TYPE UNKNOWN_CONTROLLER_ID UNKNOWN_SUBSCRIPTION_ID \
        TELEMETRY_TOO_LARGE INVALID_REGISTRATION TRANSACTION_ABORTABLE INVALID_RECORD_STATE \
        SHARE_SESSION_NOT_FOUND INVALID_SHARE_SESSION_EPOCH FENCED_STATE_EPOCH INVALID_VOTER_KEY DUPLICATE_VOTER \
        VOTER_NOT_FOUND INVALID_REGULAR_EXPRESSION REBOOTSTRAP_REQUIRED STREAMS_INVALID_TOPOLOGY \
        STREAMS_INVALID_TOPOLOGY_EPOCH STREAMS_TOPOLOGY_FENCED SHARE_SESSION_LIMIT_REACHED
        """
}
