// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Records that rounds have of partitions which the metadata should know of and does not. Those of a topic that was deleted
/// are none: its number was given, and is not given again.
struct UnknownPartitions {
    private struct Part {
        var partitions: Set<PartitionID> = []
        var rounds: ClosedRange<UInt64>
    }

    private var parts: [UInt32: Part] = [:]
    /// The highest number of a topic among them.
    private(set) var lastTopic: UInt32?

    /// Notes an entry of a round that belongs to no partition of the metadata.
    mutating func note(_ id: PartitionID, _ round: RecoveryPlan.Located, among metadata: LogMetadata) {
        // No log gives such a number.
        guard id.topic.number < 1 << 31 else { return }
        let isDeleted = id.topic.number < metadata.nextTopic && !metadata.topics.contains { $0.id == id.topic }
        guard !isDeleted else { return }
        let number = round.round.header.number
        var part = parts[round.block] ?? Part(rounds: number...number)
        part.partitions.insert(id)
        part.rounds = min(part.rounds.lowerBound, number)...max(part.rounds.upperBound, number)
        parts[round.block] = part
        lastTopic = max(lastTopic ?? 0, id.topic.number)
    }

    /// What is to be said of each block.
    var descriptions: [(block: UInt32, text: String)] {
        parts.sorted { $0.key < $1.key }.map { block, part in
            let names = part.partitions.sorted().prefix(20).map { "\($0.topic.number)-\($0.index)" }
            return (
                block,
                "rounds \(part.rounds.lowerBound) to \(part.rounds.upperBound) have records of partitions that the metadata "
                    + "does not know (number of the topic, partition): \(names.joined(separator: ", "))"
            )
        }
    }
}
