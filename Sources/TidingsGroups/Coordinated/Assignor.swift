// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How the server shares out partitions; the names are Kafka's.
enum Assignor: String, Sendable, Hashable, CaseIterable {
    /// As evenly as subscriptions allow, moving as little as possible.
    case uniform
    /// Of each topic a range for each member, so that partitions of the same number meet.
    case range

    /// A member as an assignor sees it.
    struct Member {
        let id: String
        let topics: [String]
        /// What it has been given before.
        let former: Set<PartitionID>
    }

    /// Shares out all partitions of the topics that anybody wants.
    /// - Parameters:
    ///   - members: in an order that does not change by itself.
    ///   - layout: the topics there are.
    /// - Returns: for each member, in their order, what it is to read.
    func share(
        _ layout: [String: (topic: TopicID, partitions: Int32)], among members: [Member]
    ) -> [Set<PartitionID>] {
        switch self {
        case .range: Self.ranges(layout, members)
        case .uniform: Self.evenly(layout, members)
        }
    }

    private static func readers(_ members: [Member]) -> [String: [Int]] {
        var readers: [String: [Int]] = [:]
        for (place, member) in members.enumerated() {
            for topic in member.topics { readers[topic, default: []].append(place) }
        }
        return readers
    }

    private static func ranges(
        _ layout: [String: (topic: TopicID, partitions: Int32)], _ members: [Member]
    ) -> [Set<PartitionID>] {
        var shares = [Set<PartitionID>](repeating: [], count: members.count)
        for (name, readers) in readers(members) {
            guard let topic = layout[name] else { continue }
            let (each, more) = (Int(topic.partitions) / readers.count, Int(topic.partitions) % readers.count)
            var next: Int32 = 0
            for (number, place) in readers.enumerated() {
                let end = next + Int32(each + (number < more ? 1 : 0))
                for index in next..<end { shares[place].insert(PartitionID(topic.topic, index)) }
                next = end
            }
        }
        return shares
    }

    private static func evenly(
        _ layout: [String: (topic: TopicID, partitions: Int32)], _ members: [Member]
    ) -> [Set<PartitionID>] {
        let readers = readers(members)
        // What each partition may go to, in the order of partitions.
        var all: [(partition: PartitionID, readers: [Int])] = []
        var wanted: [PartitionID: Int] = [:]
        for name in readers.keys.sorted() {
            guard let topic = layout[name], let who = readers[name] else { continue }
            for index in 0..<topic.partitions {
                wanted[PartitionID(topic.topic, index)] = all.count
                all.append((PartitionID(topic.topic, index), who))
            }
        }
        var shares = [Set<PartitionID>](repeating: [], count: members.count)
        var owner = [Int](repeating: -1, count: all.count)
        let isAlike = Set(members.map(\.topics)).count == 1
        // Where all want the same, a member keeps no more than its part.
        let (each, more) = members.isEmpty ? (0, 0) : (all.count / members.count, all.count % members.count)
        var larger = 0
        for (place, member) in members.enumerated() {
            for partition in member.former.sorted() {
                guard let number = wanted[partition], owner[number] < 0, all[number].readers.contains(place) else {
                    continue
                }
                if isAlike {
                    guard shares[place].count < each + (larger < more ? 1 : 0) else { break }
                    if shares[place].count == each { larger += 1 }
                }
                owner[number] = place
                shares[place].insert(partition)
            }
        }
        for number in all.indices where owner[number] < 0 {
            guard let least = all[number].readers.min(by: { shares[$0].count < shares[$1].count }) else { continue }
            owner[number] = least
            shares[least].insert(all[number].partition)
        }
        if isAlike { return shares }
        balance(all, &owner, &shares)
        return shares
    }

    /// Moves partitions to members that have at least two less, until that is nobody, or for so many rounds.
    private static func balance(
        _ all: [(partition: PartitionID, readers: [Int])], _ owner: inout [Int], _ shares: inout [Set<PartitionID>]
    ) {
        for _ in 0..<64 {
            var hasMoved = false
            for number in all.indices {
                let from = owner[number]
                guard from >= 0, let to = all[number].readers.min(by: { shares[$0].count < shares[$1].count }),
                    shares[to].count + 2 <= shares[from].count
                else { continue }
                shares[from].remove(all[number].partition)
                shares[to].insert(all[number].partition)
                owner[number] = to
                hasMoved = true
            }
            if !hasMoved { return }
        }
    }
}
