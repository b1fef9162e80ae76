// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

import KafkaProtocol

extension DescribeUserScramCredentialsRequest: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeUserScramCredentialsRequest", version, 0...0, flexible: 0)
        writer.nullableArray(users, version)
        writer.noTags()
    }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.users = random.array(version, where: true)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.users == right.users
    }
}

extension DescribeUserScramCredentialsRequest.UserName: WritableMessage, TestableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.noTags()
    }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.name = random.string()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name
    }
}

extension DescribeUserScramCredentialsResponse: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        try reader.begin("DescribeUserScramCredentialsResponse", version, 0...0, flexible: 0)
        throttleTimeMs = try reader.int32("ThrottleTimeMs")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        results = try reader.array("Results", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.throttleTimeMs = random.int32()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.results = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.throttleTimeMs == right.throttleTimeMs, left.errorCode == right.errorCode,
            left.errorMessage == right.errorMessage, left.results == right.results
         else { return false }
        return true
    }
}

extension DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        user = try reader.string("User")
        errorCode = try reader.int16("ErrorCode")
        errorMessage = try reader.nullableString("ErrorMessage")
        credentialInfos = try reader.array("CredentialInfos", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.user = random.string()
        value.errorCode = random.int16()
        value.errorMessage = random.string(where: true)
        value.credentialInfos = random.array(version)
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard
            left.user == right.user, left.errorCode == right.errorCode, left.errorMessage == right.errorMessage,
            left.credentialInfos == right.credentialInfos
         else { return false }
        return true
    }
}

extension DescribeUserScramCredentialsResponse.CredentialInfo: ReadableMessage, TestableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        self.init()
        mechanism = try reader.int8("Mechanism")
        iterations = try reader.int32("Iterations")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 6 }
    package static func arbitrary(_ random: inout ArbitraryValues, version: Int16) -> Self {
        var value = Self()
        value.mechanism = random.int8()
        value.iterations = random.int32()
        return value
    }
    package static func == (left: Self, right: Self) -> Bool {
        guard left.mechanism == right.mechanism, left.iterations == right.iterations else { return false }
        return true
    }
}
