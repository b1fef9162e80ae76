// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import KafkaProtocol
import Testing

/// What a client or Apache Kafka itself sent, recorded by `script/record-kafka` into `Tests/Recordings/kafka-frames.txt`.
struct RecordedFrame: Sendable, CustomTestStringConvertible {
    let api: APIKey
    let version: Int16
    let isRequest: Bool
    let sender: String
    /// Header and message, without the frame's length.
    let bytes: [UInt8]

    var testDescription: String { "\(api.name) \(version) \(isRequest ? "request" : "response") of \(sender)" }

    /// Bytes behind the message that its sender should not have written: librdkafka below 2.1 behind ListGroups requests
    /// from version 3 on, librdkafka to this day behind AlterUserScramCredentials requests with an upsertion.
    var knownSurplus: Int {
        guard isRequest, sender.hasPrefix("librdkafka") else { return 0 }
        if api == .listGroups, version >= 3, sender.hasPrefix("librdkafka 2.0") { return 1 }
        return api == .alterUserScramCredentials ? 1 : 0
    }

    static let all: [RecordedFrame] = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = tests.appendingPathComponent("Recordings/kafka-frames.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\t")
            guard parts.count == 5, let key = Int16(parts[0]), let api = APIKey(rawValue: key),
                let version = Int16(parts[1]), let bytes = Data(base64Encoded: String(parts[4]))
            else { return nil }
            return RecordedFrame(
                api: api, version: version, isRequest: parts[2] == "request", sender: String(parts[3]),
                bytes: [UInt8](bytes))
        }
    }()
}
