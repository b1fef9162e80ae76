// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Order where a topic got more partitions: a key's events of before lie in another partition than those of after.
extension SubscriptionRunner {
    /// Whether the event at `offset` may be taken now: everything of the layouts before its own was. What was taken is
    /// in its lane, and holds back what follows of its key wherever that lies.
    func mayTake(_ cursor: PartitionCursor, _ offset: Offset) -> Bool {
        let layouts = cursor.tail.layouts
        guard cursor.layoutsPassed < layouts.former.count, subscription.order == .entity else { return true }
        while cursor.layoutsPassed < layouts.former.count {
            let layout = layouts.former[cursor.layoutsPassed]
            if layout.holds(offset, of: cursor.partition.index) { return true }
            guard hasTaken(layout, of: layouts.topic) else {
                waitsForLayout = true
                return false
            }
            cursor.layoutsPassed += 1
        }
        return true
    }

    private func hasTaken(_ layout: PartitionLayout, of topic: TopicID) -> Bool {
        for (index, end) in layout.ends.enumerated() where end > .zero {
            guard let tail = home.tail(for: PartitionID(topic, Int32(index))) else { continue }
            guard let taken = cursor(for: tail).taken, taken >= end else { return false }
        }
        return true
    }
}
