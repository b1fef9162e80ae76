// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's AlterUserScramCredentialsRequest (key 51, versions 0-0): changes SCRAM credentials.
package struct AlterUserScramCredentialsRequest: Sendable {
    package var deletions: [ScramCredentialDeletion] = []
    package var upsertions: [ScramCredentialUpsertion] = []

    package init(deletions: [ScramCredentialDeletion] = [], upsertions: [ScramCredentialUpsertion] = []) {
        self.deletions = deletions; self.upsertions = upsertions
    }

    /// An element of ``deletions``.
    package struct ScramCredentialDeletion: Sendable {
        package var name: String = ""
        package var mechanism: Int8 = 0

        package init(name: String = "", mechanism: Int8 = 0) {
            self.name = name; self.mechanism = mechanism
        }
    }

    /// An element of ``upsertions``.
    package struct ScramCredentialUpsertion: Sendable {
        package var name: String = ""
        package var mechanism: Int8 = 0
        package var iterations: Int32 = 0
        package var salt: MessageBytes = MessageBytes()
        package var saltedPassword: MessageBytes = MessageBytes()

        package init(
            name: String = "", mechanism: Int8 = 0, iterations: Int32 = 0, salt: MessageBytes = MessageBytes(),
            saltedPassword: MessageBytes = MessageBytes()
        ) {
            self.name = name; self.mechanism = mechanism; self.iterations = iterations; self.salt = salt
            self.saltedPassword = saltedPassword
        }
    }
}

extension AlterUserScramCredentialsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("AlterUserScramCredentialsRequest", version, 0...0, flexible: 0)
        deletions = try reader.array("Deletions", version)
        upsertions = try reader.array("Upsertions", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension AlterUserScramCredentialsRequest.ScramCredentialDeletion: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        mechanism = try reader.int8("Mechanism")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 3 }
}

extension AlterUserScramCredentialsRequest.ScramCredentialUpsertion: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        mechanism = try reader.int8("Mechanism")
        iterations = try reader.int32("Iterations")
        salt = try reader.bytes("Salt")
        saltedPassword = try reader.bytes("SaltedPassword")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 9 }
}

/// Kafka's AlterUserScramCredentialsResponse (key 51, versions 0-0): answers ``AlterUserScramCredentialsRequest``.
package struct AlterUserScramCredentialsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var results: [AlterUserScramCredentialsResult] = []

    package init(throttleTimeMs: Int32 = 0, results: [AlterUserScramCredentialsResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.results = results
    }

    /// An element of ``results``.
    package struct AlterUserScramCredentialsResult: Sendable {
        package var user: String = ""
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""

        package init(user: String = "", errorCode: Int16 = 0, errorMessage: String? = "") {
            self.user = user; self.errorCode = errorCode; self.errorMessage = errorMessage
        }
    }
}

extension AlterUserScramCredentialsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AlterUserScramCredentialsResponse", version, 0...0, flexible: 0)
        writer.int32(throttleTimeMs)
        writer.array(results, version)
        writer.noTags()
    }
}

extension AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(user)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.noTags()
    }
}
