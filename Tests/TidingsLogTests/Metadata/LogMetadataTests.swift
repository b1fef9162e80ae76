// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsLog

/// Metadata that no log can work with is damage, although its checksum matches.
@Suite struct LogMetadataTests {
    private func metadata(_ topics: [(id: UInt32, name: String, partitions: Int)]) -> LogMetadata {
        var metadata = LogMetadata()
        metadata.topics = topics.map {
            LogMetadata.TopicRecord(
                id: TopicID($0.id), uuid: UUID128(high: 1, low: UInt64($0.id)), name: TopicName($0.name)!,
                partitions: Array(repeating: .init(), count: $0.partitions))
        }
        return metadata
    }

    private func decoded(_ metadata: LogMetadata) -> LogMetadata? {
        metadata.encoded().withUnsafeBytes { LogMetadata(decoding: $0) }
    }

    @Test(
        arguments: [
            [(7, "a", 1), (7, "b", 1)], [(7, "a", 1), (8, "a", 1)], [(7, "a", 1), (8, "b", 0)], [(1 << 31, "a", 1)],
        ] as [[(UInt32, String, Int)]])
    private func `topics that share an id or a name, or have no partitions, are refused`(
        _ topics: [(UInt32, String, Int)]
    ) {
        #expect(decoded(metadata(topics.map { ($0.0, $0.1, $0.2) })) == nil)
    }

    @Test func `an id is not given again, whatever the counter says`() {
        #expect(decoded(metadata([(7, "a", 1), (9, "b", 2)]))?.nextTopic == 10)
        var deletion = metadata([])
        deletion.deletions = [.init(id: TopicID(1), name: TopicName("a")!, partitionCount: -1)]
        #expect(decoded(deletion) == nil)
    }
}
