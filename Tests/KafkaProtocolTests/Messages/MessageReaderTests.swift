// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

/// Bytes that are no message, and the sentence that says so.
struct BadMessage: Sendable, CustomTestStringConvertible {
    let name: String
    let version: Int16
    let bytes: [UInt8]
    let code: MessageError.Code
    let sentence: String
    var testDescription: String { name }

    init(_ name: String, v version: Int16, _ bytes: [UInt8], _ code: MessageError.Code, _ sentence: String) {
        self.name = name
        self.version = version
        self.bytes = bytes
        self.code = code
        self.sentence = sentence
    }

    /// Metadata requests: an array of names (version 1: nullable; 4: one more flag; 9: compact).
    static let all = [
        BadMessage(
            "ends in a count", v: 1, [0, 0, 0], .endsEarly,
            "Topics of MetadataRequest needs 1 bytes more than there are"),
        BadMessage(
            "a count of -2", v: 1, [0xFF, 0xFF, 0xFF, 0xFE], .negativeLength,
            "Topics of MetadataRequest has a length of -2"),
        BadMessage(
            "null where there is none", v: 0, [0xFF, 0xFF, 0xFF, 0xFF], .nullNotAllowed,
            "Topics of MetadataRequest is null, which this version does not allow"),
        BadMessage(
            "more elements than bytes", v: 1, [0, 0, 0, 2, 0, 1, 0x41], .countBeyondBytes,
            "Topics of MetadataRequest says it has 2 elements, more than the bytes left can hold"),
        BadMessage(
            "as many elements as there are numbers", v: 1, [0x7F, 0xFF, 0xFF, 0xFF, 0, 0], .countBeyondBytes,
            "Topics of MetadataRequest says it has 2147483647 elements, more than the bytes left can hold"),
        BadMessage(
            "a name of -2", v: 1, [0, 0, 0, 1, 0xFF, 0xFE], .negativeLength,
            "Name of MetadataRequest has a length of -2"),
        BadMessage(
            "a name of null", v: 1, [0, 0, 0, 1, 0xFF, 0xFF], .nullNotAllowed,
            "Name of MetadataRequest is null, which this version does not allow"),
        BadMessage(
            "a name longer than the bytes", v: 1, [0, 0, 0, 1, 0, 3, 0x41], .endsEarly,
            "Name of MetadataRequest needs 2 bytes more than there are"),
        BadMessage(
            "a name that is not UTF-8", v: 1, [0, 0, 0, 1, 0, 2, 0xC0, 0x80], .notUTF8,
            "Name of MetadataRequest is not UTF-8 (2 bytes)"),
        BadMessage(
            "a name that ends within a character", v: 1, [0, 0, 0, 1, 0, 2, 0xE6, 0xBC], .notUTF8,
            "Name of MetadataRequest is not UTF-8 (2 bytes)"),
        BadMessage(
            "a count of six bytes", v: 9, [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .numberTooLong,
            "Topics of MetadataRequest has a length or tag of more than 32 bits"),
        BadMessage(
            "a count of 33 bits", v: 9, [0xFF, 0xFF, 0xFF, 0xFF, 0x1F], .numberTooLong,
            "Topics of MetadataRequest has a length or tag of more than 32 bits"),
        BadMessage(
            "a count of 32 bits", v: 9, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .countBeyondBytes,
            "Topics of MetadataRequest says it has 4294967294 elements, more than the bytes left can hold"),
        BadMessage(
            "more tagged fields than bytes", v: 9, [0, 0, 0, 0, 2, 5, 0], .countBeyondBytes,
            "tagged fields of MetadataRequest says it has 2 elements, more than the bytes left can hold"),
        BadMessage(
            "a tagged field longer than the bytes", v: 9, [0, 0, 0, 0, 1, 5, 2, 0], .endsEarly,
            "tagged fields of MetadataRequest needs 1 bytes more than there are"),
        BadMessage("a version too new", v: 13, [0], .unsupportedVersion, "MetadataRequest has no version 13 here"),
        BadMessage("a version below zero", v: -1, [0], .unsupportedVersion, "MetadataRequest has no version -1 here"),
    ]
}

@Suite struct MessageReaderTests {
    @Test(arguments: BadMessage.all)
    func `bad bytes are refused with a sentence`(_ bad: BadMessage) throws {
        bad.bytes.withUnsafeBytes { raw in
            var reader = MessageReader(raw)
            let error = #expect(throws: MessageError.self) {
                _ = try MetadataRequest(from: &reader, version: bad.version)
            }
            #expect(error?.code == bad.code)
            #expect(error?.description == bad.sentence)
        }
    }

    @Test func `tagged fields that are not known are left out, known ones must have the size they say`() throws {
        // FetchRequest 12: ClusterId has tag 0.
        let start = [UInt8](repeating: 0, count: 25) + [1, 1, 1]
        func read(_ tags: [UInt8]) throws -> (FetchRequest, remaining: Int) {
            try (start + tags).withUnsafeBytes { raw in
                var reader = MessageReader(raw)
                return (try FetchRequest(from: &reader, version: 12), reader.remaining)
            }
        }
        #expect(try read([0]).0.clusterID == nil)
        #expect(try read([1, 0, 3, 3, 0x61, 0x62]).0.clusterID == "ab")
        let (request, remaining) = try read([3, 0, 2, 2, 0x61, 7, 0, 200, 1, 2, 9, 9, 42])
        #expect(request.clusterID == "a")
        #expect(remaining == 1, "what comes after a message is the caller's")
        for wrong: [UInt8] in [[1, 0, 4, 3, 0x61, 0x62, 0x63], [1, 0, 2, 3, 0x61, 0x62]] {
            let error = #expect(throws: MessageError.self) { _ = try read(wrong) }
            #expect([.badTag, .endsEarly].contains(error?.code))
        }
    }

    @Test func `elements are counted over the whole message`() throws {
        // Two topics with three partitions each.
        let request = OffsetFetchRequest(
            groupID: "g",
            topics: ["a", "b"].map { .init(name: $0, partitionIndexes: [0, 1, 2]) })
        let bytes = try encoded(request, 1, source: [])
        bytes.withUnsafeBytes { raw in
            var enough = MessageReader(raw, maximumElements: 8)
            #expect(throws: Never.self) { _ = try OffsetFetchRequest(from: &enough, version: 1) }
            var tooFew = MessageReader(raw, maximumElements: 7)
            let error = #expect(throws: MessageError.self) { _ = try OffsetFetchRequest(from: &tooFew, version: 1) }
            #expect(error?.code == .tooManyElements)
        }
    }

    @Test func `records are named by their place in the frame`() throws {
        let records: [UInt8] = [1, 2, 3, 4, 5]
        let request = ProduceRequest(
            acks: -1, timeoutMs: 100,
            topicData: [
                .init(name: "orders", partitionData: [.init(index: 3, records: MessageBytes(place: 0, count: 5))])
            ])
        for version in APIKey.produce.versions {
            let bytes = try encoded(request, version, source: records)
            try bytes.withUnsafeBytes { raw in
                var reader = MessageReader(raw)
                let again = try ProduceRequest(from: &reader, version: version)
                let place = try #require(again.topicData.first?.partitionData.first?.records)
                #expect(Array(place.bytes(in: raw)) == records)
            }
        }
    }

    @Test func `a request's header tells which version it has itself`() throws {
        func read(_ bytes: [UInt8]) throws -> (RequestHeader, remaining: Int) {
            try bytes.withUnsafeBytes { raw in
                var reader = MessageReader(raw)
                return (try RequestHeader(of: &reader), reader.remaining)
            }
        }
        let plain = try read([0, 18, 0, 2, 0, 0, 0, 7, 0, 1, 0x61])
        #expect((plain.0.clientID, plain.0.correlationID, plain.remaining) == ("a", 7, 0))
        // Flexible, of a version that nobody knows yet; the client's id has a length of two bytes still.
        let tagged = try read([0, 18, 0, 99, 0, 0, 0, 7, 0, 1, 0x61, 1, 9, 1, 1, 42])
        #expect((tagged.0.clientID, tagged.0.requestAPIVersion, tagged.remaining) == ("a", 99, 1))
        let unknown = try read([0, 27, 0, 0, 0, 0, 0, 7, 255, 255])
        #expect((unknown.0.clientID, unknown.0.requestAPIKey, unknown.remaining) == (nil, 27, 0))
    }

    @Test func `what a consumer tells its group is read in versions that are not known yet`() throws {
        let topics: [UInt8] = [0, 0, 0, 1, 0, 1, 0x61]
        let subscription = [0, 9] + topics + [255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0x72, 1]
        let read = try subscription.withUnsafeBytes { try ConsumerProtocolSubscription(metadata: $0) }
        #expect((read.topics, read.generationID, read.rackID) == (["a"], 5, "r"))
        let assignment = [0, 0] + topics + [0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 255, 255, 255, 255]
        let assigned = try assignment.withUnsafeBytes { try ConsumerProtocolAssignment(assignment: $0) }
        #expect(assigned.assignedPartitions.map(\.partitions) == [[3, 4]])
        #expect(throws: MessageError.self) {
            _ = try [UInt8]([255, 255]).withUnsafeBytes { try ConsumerProtocolSubscription(metadata: $0) }
        }
    }
}
