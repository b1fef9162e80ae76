// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsTesting

/// Frames of real clients and a real broker are read to their ends, and written again byte for byte.
@Suite struct RecordedFrameTests {
    @Test func `the recording has every request and response in nearly every version`() {
        let frames = RecordedFrame.all
        #expect(frames.count > 600, "Tests/Recordings/kafka-frames.txt was not found, or has lines that are none")
        var missing: [String] = []
        for api in APIKey.allCases {
            for version in api.versions {
                for isRequest in [true, false]
                where !frames.contains(where: {
                    $0.api == api && $0.version == version && $0.isRequest == isRequest
                }) {
                    missing.append("\(api.name) \(version) \(isRequest ? "request" : "response")")
                }
            }
        }
        #expect(missing.sorted() == Self.missing.sorted())
    }

    /// What Apache Kafka 4 does not say any more.
    static let missing = [
        "DescribeConfigs 0 response", "CreateTopics 0 response", "CreateTopics 1 response", "DeleteTopics 0 response",
    ]

    @Test(arguments: APIKey.allCases)
    func `recorded frames are read to the end and written again as they were`(_ api: APIKey) {
        for frame in RecordedFrame.all where frame.api == api {
            if frame.isRequest {
                check(frame, api.messages.request)
            } else {
                check(frame, api.messages.response)
            }
        }
    }

    private func check<Message: TestableMessage>(_ frame: RecordedFrame, _: Message.Type) {
        let comment = Comment(rawValue: frame.testDescription)
        frame.bytes.withUnsafeBytes { raw in
            var reader = MessageReader(raw)
            var writer = MessageWriter()
            let start = writer.beginFrame()
            do {
                if frame.isRequest {
                    let header = try RequestHeader(of: &reader)
                    #expect(header.requestAPIVersion == frame.version, comment)
                    header.write(to: &writer, version: frame.api.requestHeaderVersion(frame.version))
                } else {
                    let version = frame.api.responseHeaderVersion(frame.version)
                    try ResponseHeader(from: &reader, version: version).write(to: &writer, version: version)
                }
                let message = try Message(from: &reader, version: frame.version)
                #expect(reader.remaining == frame.knownSurplus, comment)
                message.write(to: &writer, version: frame.version)
                try writer.endFrame(start)
            } catch {
                Issue.record(error, comment)
                return
            }
            #expect(
                Array(writer.assembled(from: raw).dropFirst(4)) == Array(frame.bytes.dropLast(frame.knownSurplus)),
                comment)
        }
    }
}
