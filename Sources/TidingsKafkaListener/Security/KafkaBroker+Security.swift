// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol

/// What is asked of authentication and access rules, of which there are none: the answers that Apache Kafka gives on a
/// listener without SASL and without an authorizer, so that clients and tools say what is the matter.
extension KafkaBroker {
    /// Refuses an exchange that cannot begin here.
    func saslHandshake(_ request: SaslHandshakeRequest, _ answer: KafkaAnswer) {
        give(answer, SaslHandshakeResponse(errorCode: ErrorCode.illegalSASLState.rawValue))
    }

    /// Refuses a step of an exchange that did not begin.
    func saslAuthenticate(_ request: SaslAuthenticateRequest, _ answer: KafkaAnswer) {
        give(
            answer,
            SaslAuthenticateResponse(
                errorCode: ErrorCode.illegalSASLState.rawValue, errorMessage: "this listener has no authentication"))
    }

    // MARK: - Access rules

    private static let noRules = "there are no access rules on this server"

    /// There are none to be listed.
    func describeACLs(_ request: DescribeAclsRequest, _ answer: KafkaAnswer) {
        give(
            answer,
            DescribeAclsResponse(errorCode: ErrorCode.securityDisabled.rawValue, errorMessage: Self.noRules))
    }

    /// Refuses each rule.
    func createACLs(_ request: CreateAclsRequest, _ answer: KafkaAnswer) {
        let refusal = CreateAclsResponse.AclCreationResult(
            errorCode: ErrorCode.securityDisabled.rawValue, errorMessage: Self.noRules)
        give(answer, CreateAclsResponse(results: request.creations.map { _ in refusal }))
    }

    /// Refuses each deletion.
    func deleteACLs(_ request: DeleteAclsRequest, _ answer: KafkaAnswer) {
        let refusal = DeleteAclsResponse.DeleteAclsFilterResult(
            errorCode: ErrorCode.securityDisabled.rawValue, errorMessage: Self.noRules)
        give(answer, DeleteAclsResponse(filterResults: request.filters.map { _ in refusal }))
    }

    // MARK: - Credentials

    /// Tells that no user has a password: all users are none, and one that is named is not there.
    func describeCredentials(_ request: DescribeUserScramCredentialsRequest, _ answer: KafkaAnswer) {
        let names = (request.users ?? []).map(\.name)
        let twice = Self.repeated(names)
        var told: Set<String> = []
        give(
            answer,
            DescribeUserScramCredentialsResponse(
                errorMessage: nil,
                results: names.filter { told.insert($0).inserted }.map { name in
                    twice.contains(name)
                        ? .init(
                            user: name, errorCode: ErrorCode.duplicateResource.rawValue,
                            errorMessage: "'\(name)' is named more than once in the request")
                        : .init(
                            user: name, errorCode: ErrorCode.resourceNotFound.rawValue,
                            errorMessage: "there are no credentials of '\(name)'")
                }))
    }

    /// Refuses passwords, which nobody would ask for.
    func alterCredentials(_ request: AlterUserScramCredentialsRequest, _ answer: KafkaAnswer) {
        var told: Set<String> = []
        let upserted = request.upsertions.map(\.name).filter { told.insert($0).inserted }
        let deleted = request.deletions.map(\.name).filter { told.insert($0).inserted }
        give(
            answer,
            AlterUserScramCredentialsResponse(
                results: upserted.map {
                    .init(
                        user: $0, errorCode: ErrorCode.securityDisabled.rawValue,
                        errorMessage: "this server has no authentication that a password would be for")
                }
                    + deleted.map {
                        .init(
                            user: $0, errorCode: ErrorCode.resourceNotFound.rawValue,
                            errorMessage: "there are no credentials of '\($0)'")
                    }))
    }
}
