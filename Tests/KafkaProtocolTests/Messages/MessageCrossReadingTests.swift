// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import KafkaProtocol
import KafkaTesting
import Testing
import TidingsTesting

/// What `script/cross-read` sets; nil in other runs.
private let crossReadFolder = ProcessInfo.processInfo.environment["TIDINGS_CROSS_READ"]

/// Writes messages with values that follow from a seed into `ours/messages`, for kafka-python to read and write again.
@Suite(.enabled(if: crossReadFolder != nil, "script/cross-read runs it"))
struct MessageCrossReadingTests {
    @Test func `messages in every version, for others to read`() throws {
        let folder = URL(fileURLWithPath: try #require(crossReadFolder)).appendingPathComponent("ours")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var lines = ""
        for api in APIKey.allCases {
            for version in api.versions {
                for _ in 0..<5 {
                    lines += try line(api, version, "Request", api.messages.request)
                    lines += try line(api, version, "Response", api.messages.response)
                }
            }
        }
        try lines.write(to: folder.appendingPathComponent("messages"), atomically: true, encoding: .utf8)
    }

    private func line<Message: TestableMessage>(
        _ api: APIKey, _ version: Int16, _ kind: String, _: Message.Type
    ) throws -> String {
        var values = ArbitraryValues(seed: UInt64.random(in: 0 ... .max))
        let message = Message.arbitrary(&values, version: version)
        let bytes = try encoded(message, version, source: values.source)
        return "\(api.name)\(kind) \(version) \(Data(bytes).base64EncodedString())\n"
    }
}
