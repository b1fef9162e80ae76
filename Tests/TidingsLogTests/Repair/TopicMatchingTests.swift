// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Topics are matched with what rounds have of them one to one: no id is given twice, and none by chance.
@Suite struct TopicMatchingTests {
    /// Checksums of the batches of a topic's only partition.
    private typealias Batches = [UInt32]

    private static func places(_ batches: Batches) -> [TopicMatching.Place: UInt32] {
        Dictionary(
            uniqueKeysWithValues: batches.enumerated().map { (.init(index: 0, base: Int64($0.offset)), $0.element) })
    }

    @Test(
        arguments: [
            // Each has its own.
            (["a": [1, 2], "b": [3, 4]], [7: [1, 2], 8: [3, 4]], ["a": 7, "b": 8], []),
            // Copies: whoever gets which.
            (["a": [1, 2], "b": [1, 2], "c": [3]], [7: [1, 2], 8: [3], 9: [1, 2]], ["a": 7, "b": 9, "c": 8], []),
            // One had more than its copy.
            (["a": [1, 2], "b": [1, 2, 3]], [7: [1, 2, 3], 8: [1, 2]], ["a": 8, "b": 7], []),
            // What tells them apart is in the rounds only.
            (["a": [1, 2], "b": [1, 2]], [7: [1, 2, 3], 8: [1, 2]], [:], ["a", "b"]),
            // Two, and the number of one.
            (["a": [1, 2], "b": [1, 2]], [7: [1, 2]], [:], ["a", "b"]),
            // A copy whose topic was deleted leaves its number.
            (["a": [1, 2, 4]], [7: [1, 2], 8: [1, 2, 4]], ["a": 8], []),
            // By elimination.
            (["a": [1], "b": [1, 5]], [7: [1, 6], 8: [1, 5]], ["a": 7, "b": 8], []),
            (["a": []], [7: [1]], [:], []), (["a": [1]], [:], [:], []),
        ] as [([String: Batches], [UInt32: Batches], [String: UInt32], [String])])
    private func `a number goes to one topic, and only when no other could have it`(
        _ folders: [String: Batches], _ rounds: [UInt32: Batches], _ numbers: [String: UInt32], _ unclear: [String]
    ) {
        var matching = TopicMatching(rounds.mapValues { Self.places($0) })
        for (name, batches) in folders {
            for (place, checksum) in Self.places(batches) { matching.add(place, checksum, of: TopicName(name)!) }
        }
        let result = matching.result()
        #expect(result.numbers == Dictionary(uniqueKeysWithValues: numbers.map { (TopicName($0.key)!, $0.value) }))
        #expect(result.unclear.map(\.text) == unclear)
        #expect(matching.next == (rounds.keys.max() ?? 0) + 1)
    }

    @Test(arguments: [true, false], [true, false])
    func `metadata is rebuilt for topics that have the same batches`(_ isClean: Bool, _ isCheckpointed: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topics = try ["alpha", "beta", "gamma", "delta"].map { try bench.topic($0) }
        for number in 0..<40 {
            let text = "event \(number) " + String(repeating: "x", count: 50)
            try bench.append(topics.prefix(3).map { ($0.partitions[0], text) })
            try bench.append([(topics[3].partitions[0], "own \(number)")])
        }
        if isCheckpointed { bench.log.checkpoint() }
        if isClean { bench.log.stop() } else { bench.drop() }
        disk.killProcess()
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        func repair(_ applying: Bool) throws -> [LogRepair.Step] {
            try LogRepair.run(
                on: disk, applying: applying, settings: LogBench.smallSettings, time: ManualClock(),
                random: SeededRandom(seed: 3), logger: Logger("log", to: nil))
        }
        #expect(try !repair(true).isEmpty)
        #expect(try repair(true).isEmpty)
        let again = try LogBench(disk)
        defer { again.log.stop() }
        for topic in topics {
            let found = try #require(again.log.topics[topic.name])
            #expect(try again.all(found.partitions[0]).count == 40, "\(topic.name)")
        }
        #expect(Set(again.log.topics.all.map(\.id)).count == 4)
    }
}
