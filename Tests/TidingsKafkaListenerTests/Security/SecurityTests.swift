// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore

@testable import TidingsKafkaListener

@Suite struct SecurityTests {
    @Test func `who asks for authentication or access rules learns that there are none`() throws {
        let client = BrokerBench().connect()
        let versions: (response: ApiVersionsResponse, body: [UInt8]) = try #require(
            client.ask(ApiVersionsRequest(), .apiVersions, 0))
        let told = versions.response.apiKeys.compactMap { APIKey(rawValue: $0.apiKey) }
        #expect(!told.contains(.saslHandshake) && !told.contains(.saslAuthenticate))
        #expect(told.contains(.describeACLs) && told.contains(.describeUserScramCredentials))

        let handshake: (response: SaslHandshakeResponse, body: [UInt8]) = try #require(
            client.ask(SaslHandshakeRequest(mechanism: "PLAIN"), .saslHandshake, 1))
        #expect(handshake.response.errorCode == ErrorCode.illegalSASLState.rawValue)
        #expect(handshake.response.mechanisms.isEmpty)
        let step: (response: SaslAuthenticateResponse, body: [UInt8]) = try #require(
            client.ask(SaslAuthenticateRequest(), .saslAuthenticate, 2))
        #expect(step.response.errorCode == ErrorCode.illegalSASLState.rawValue)

        let disabled = ErrorCode.securityDisabled.rawValue
        let listed: (response: DescribeAclsResponse, body: [UInt8]) = try #require(
            client.ask(DescribeAclsRequest(resourceTypeFilter: 1, operation: 1, permissionType: 1), .describeACLs, 3))
        #expect(listed.response.errorCode == disabled && listed.response.errorMessage?.isEmpty == false)
        let created: (response: CreateAclsResponse, body: [UInt8]) = try #require(
            client.ask(CreateAclsRequest(creations: [.init(), .init()]), .createACLs, 2))
        #expect(created.response.results.map(\.errorCode) == [disabled, disabled])
        let deleted: (response: DeleteAclsResponse, body: [UInt8]) = try #require(
            client.ask(DeleteAclsRequest(filters: [.init()]), .deleteACLs, 1))
        #expect(deleted.response.filterResults.map(\.errorCode) == [disabled])
    }

    @Test func `no user has a password, and none gets one`() throws {
        let client = BrokerBench().connect()
        func described(_ names: [String]?) throws -> [Int16] {
            let request = DescribeUserScramCredentialsRequest(users: names.map { $0.map { .init(name: $0) } })
            let found: (response: DescribeUserScramCredentialsResponse, body: [UInt8]) = try #require(
                client.ask(request, .describeUserScramCredentials, 0))
            #expect(found.response.errorCode == 0)
            return found.response.results.map(\.errorCode)
        }
        let missing = ErrorCode.resourceNotFound.rawValue
        #expect(try described(nil) == [] && described([]) == [])
        #expect(try described(["a", "b", "b"]) == [missing, ErrorCode.duplicateResource.rawValue])
        let request = AlterUserScramCredentialsRequest(
            deletions: [.init(name: "b", mechanism: 1)], upsertions: [.init(name: "a", mechanism: 1)])
        let altered: (response: AlterUserScramCredentialsResponse, body: [UInt8]) = try #require(
            client.ask(request, .alterUserScramCredentials, 0))
        #expect(altered.response.results.map(\.errorCode) == [ErrorCode.securityDisabled.rawValue, missing])
    }
}
