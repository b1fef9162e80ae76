// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension AlterUserScramCredentialsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AlterUserScramCredentialsRequest", version, 0...0, flexible: 0)
        writer.array(deletions, version)
        writer.array(upsertions, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.deletions = random.array(version)
        value.upsertions = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.deletions == right.deletions, left.upsertions == right.upsertions else { return false }
        return true
    }
}

extension AlterUserScramCredentialsRequest.ScramCredentialDeletion: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int8(mechanism)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.mechanism = random.int8()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.name == right.name, left.mechanism == right.mechanism else { return false }
        return true
    }
}

extension AlterUserScramCredentialsRequest.ScramCredentialUpsertion: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int8(mechanism)
        writer.int32(iterations)
        writer.bytes(salt)
        writer.bytes(saltedPassword)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        value.mechanism = random.int8()
        value.iterations = random.int32()
        value.salt = random.bytes()
        value.saltedPassword = random.bytes()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.name == right.name, left.mechanism == right.mechanism, left.iterations == right.iterations,
            left.salt.count == right.salt.count, left.saltedPassword.count == right.saltedPassword.count
         else { return false }
        return true
    }
}

extension AlterUserScramCredentialsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("AlterUserScramCredentialsResponse", version, 0...0, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.results = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.throttleTimeMs == right.throttleTimeMs, left.results == right.results else { return false }
        return true
    }
}

extension AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        user = try reader.string("User")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 5 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.user = random.string()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.user == right.user, left.errorCode == right.errorCode, left.errorMessage == right.errorMessage
         else { return false }
        return true
    }
}
