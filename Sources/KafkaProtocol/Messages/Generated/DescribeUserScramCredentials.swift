// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeUserScramCredentialsRequest (key 50, versions 0-0): lists SCRAM credentials.
package struct DescribeUserScramCredentialsRequest: Sendable {
    package var users: [UserName]? = []

    package init(users: [UserName]? = []) {
        self.users = users
    }

    /// An element of ``users``.
    package struct UserName: Sendable {
        package var name: String = ""

        package init(name: String = "") {
            self.name = name
        }
    }
}

extension DescribeUserScramCredentialsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeUserScramCredentialsRequest", version, 0...0, flexible: 0)
        users = try reader.nullableArray("Users", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DescribeUserScramCredentialsRequest.UserName: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 2 }
}

/// Kafka's DescribeUserScramCredentialsResponse (key 50, versions 0-0): answers ``DescribeUserScramCredentialsRequest``.
package struct DescribeUserScramCredentialsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String? = ""
    package var results: [DescribeUserScramCredentialsResult] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = "",
        results: [DescribeUserScramCredentialsResult] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.errorMessage = errorMessage
        self.results = results
    }

    /// An element of ``results``.
    package struct DescribeUserScramCredentialsResult: Sendable {
        package var user: String = ""
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var credentialInfos: [CredentialInfo] = []

        package init(
            user: String = "", errorCode: Int16 = 0, errorMessage: String? = "", credentialInfos: [CredentialInfo] = []
        ) {
            self.user = user; self.errorCode = errorCode; self.errorMessage = errorMessage
            self.credentialInfos = credentialInfos
        }
    }

    /// An element of ``credentialInfos``.
    package struct CredentialInfo: Sendable {
        package var mechanism: Int8 = 0
        package var iterations: Int32 = 0

        package init(mechanism: Int8 = 0, iterations: Int32 = 0) {
            self.mechanism = mechanism; self.iterations = iterations
        }
    }
}

extension DescribeUserScramCredentialsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeUserScramCredentialsResponse", version, 0...0, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(results, version)
        writer.noTags()
    }
}

extension DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(user)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(credentialInfos, version)
        writer.noTags()
    }
}

extension DescribeUserScramCredentialsResponse.CredentialInfo: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(mechanism)
        writer.int32(iterations)
        writer.noTags()
    }
}
