// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Finds out which topic's number in the write-ahead log each topic of the folders had, by the batches that both have.
///
/// Topics of one route have the same batches at the same offsets, so a batch alone does not tell. A number goes to one
/// topic, and only when no other could have it as well; numbers with the same batches are alike, whoever gets which.
struct TopicMatching {
    /// Where a batch lies in its topic.
    struct Place: Hashable {
        let index: Int32
        let base: Int64
    }

    private struct Score: Comparable {
        var matches = 0
        var contradictions = 0

        static func < (one: Score, other: Score) -> Bool {
            (one.matches, -one.contradictions) < (other.matches, -other.contradictions)
        }
    }

    /// Numbers of topics that have the same batches in the rounds.
    private struct Kind {
        let batches: [Place: UInt32]
        var numbers: [UInt32]
    }

    private var kinds: [Kind] = []
    private var kindsAt: [Place: [Int]] = [:]
    private var scores: [TopicName: [Int: Score]] = [:]
    /// Above every number that the rounds have.
    let next: UInt32

    /// - Parameter rounds: the checksums of each number's batches.
    init(_ rounds: [UInt32: [Place: UInt32]]) {
        next = (rounds.keys.max() ?? 0) + 1
        for (number, batches) in rounds.sorted(by: { $0.key < $1.key }) {
            if let place = kinds.firstIndex(where: { $0.batches == batches }) {
                kinds[place].numbers.append(number)
            } else {
                kinds.append(Kind(batches: batches, numbers: [number]))
            }
        }
        for (kind, content) in kinds.enumerated() {
            for place in content.batches.keys { kindsAt[place, default: []].append(kind) }
        }
    }

    /// Notes a batch of a topic's folder.
    mutating func add(_ place: Place, _ checksum: UInt32, of topic: TopicName) {
        for kind in kindsAt[place] ?? [] {
            if kinds[kind].batches[place] == checksum {
                scores[topic, default: [:]][kind, default: Score()].matches += 1
            } else {
                scores[topic, default: [:]][kind, default: Score()].contradictions += 1
            }
        }
    }

    /// The numbers that are certain, and the topics that have batches of several, of which none is.
    func result() -> (numbers: [TopicName: UInt32], unclear: [TopicName]) {
        var free = kinds.map(\.numbers)
        var found: [TopicName: UInt32] = [:]
        var open = scores.keys.filter { name in scores[name]!.values.contains { $0.matches > 0 } }
            .sorted { $0.text < $1.text }
        while true {
            var claims: [Int: [(name: TopicName, score: Score)]] = [:]
            for name in open {
                let possible = (scores[name] ?? [:]).filter { !free[$0.key].isEmpty && $0.value.matches > 0 }
                guard let best = possible.values.max() else { continue }
                let kinds = possible.filter { !($0.value < best) }
                if kinds.count == 1, let kind = kinds.keys.first { claims[kind, default: []].append((name, best)) }
            }
            let before = found.count
            for (kind, names) in claims {
                let room = free[kind].count
                let ranked = names.sorted { ($1.score, $0.name.text) < ($0.score, $1.name.text) }
                // Of those who are alike all get a number or none does.
                guard ranked.count <= room || ranked[room].score < ranked[room - 1].score else { continue }
                for claim in ranked.prefix(room) { found[claim.name] = free[kind].removeFirst() }
            }
            if found.count == before { break }
            open.removeAll { found[$0] != nil }
        }
        return (found, open)
    }
}
