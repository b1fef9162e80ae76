// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// When compaction may drop tombstones and markers that it keeps until then. The horizons themselves stand in the batches;
/// this says when the next look at them is worth it, also to the next process.
struct CompactionHorizons: Hashable, Sendable {
    var times: [PartitionID: WallTime] = [:]

    /// One JSON text: topic, partition and milliseconds of each.
    func encoded() -> [UInt8] {
        let text = JSONWriter.text { json in
            json.object { json in
                json.key("horizons")
                json.array { json in
                    for (partition, time) in times.sorted(by: { $0.key < $1.key }) {
                        json.array { json in
                            json.number(partition.topic.number)
                            json.number(partition.index)
                            json.number(time.millis)
                        }
                    }
                }
            }
        }
        return [UInt8](text.utf8)
    }

    init() {}

    /// Reads what was kept; nil for anything else.
    init?(decoding bytes: [UInt8]) {
        guard let items = (try? JSONValue.parse(bytes))?["horizons"]?.array else { return nil }
        for item in items {
            guard let numbers = item.array?.map(\.integer), numbers.count == 3,
                let topic = numbers[0].flatMap({ UInt32(exactly: $0) }),
                let index = numbers[1].flatMap({ Int32(exactly: $0) }), let millis = numbers[2]
            else { return nil }
            times[PartitionID(TopicID(topic), index)] = WallTime(millis: millis)
        }
    }
}

extension Log {
    private static let horizonSnapshot = "log-horizons"

    /// When compaction may drop something of a partition although nothing new came.
    func horizon(of partition: Partition) -> WallTime? { readHorizons().times[partition.id] }

    /// Remembers a horizon, also for the next process.
    func keep(horizon: WallTime?, of partition: Partition) throws(HouseFailure) {
        var known = readHorizons()
        guard known.times[partition.id] != horizon else { return }
        known.times[partition.id] = horizon
        let there = table.withLock { table in known.times.filter { table.partition($0.key) != nil } }
        known.times = there
        guard case .success = saveSnapshot(Self.horizonSnapshot, known.encoded()) else { throw .ended }
        house.state.withLock { $0.horizons = known }
    }

    private func readHorizons() -> CompactionHorizons {
        if let known = house.state.withLock({ $0.horizons }) { return known }
        var found = CompactionHorizons()
        if case .success(let bytes?) = loadSnapshot(Self.horizonSnapshot),
            let kept = CompactionHorizons(decoding: bytes)
        {
            found = kept
        } else {
            // Nobody knows: one pass over what was cleaned finds them.
            for partition in allPartitions where partition.files.withLock({ $0.cleanedTo > .zero }) {
                found.times[partition.id] = WallTime(millis: 0)
            }
        }
        house.state.withLock { $0.horizons = found }
        return found
    }
}
