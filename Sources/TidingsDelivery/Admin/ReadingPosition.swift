// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How far a subscription is in one partition.
package struct ReadingPosition: Sendable, Hashable {
    /// The partition.
    package let partition: PartitionID
    /// The offset of the first record it has not answered; the end when there is none.
    package let offset: Offset
    /// How many records lie between what it has answered and the end, wanted or not.
    package let lag: Int64
}

extension DeliveryEngine {
    /// How far a subscription is in the partitions of a topic, by partition; `then` runs on `loop`, once, later. A
    /// subscription that reads nothing there, or is not there, answers none.
    package func positions(
        of uuid: UUID128, in topic: TopicID, on loop: any Loop, then: @escaping ([ReadingPosition]) -> Void
    ) {
        ask(uuid, on: loop, then: { result in then((try? result.get()) ?? []) }) { runner, answer in
            runner.positions(in: topic) { answer(.success($0)) }
        }
    }
}

extension SubscriptionRunner {
    /// How far it is in a topic. One that was made just now is still looking its first places up: it answers when it has
    /// them, or after a second without those it lacks.
    fileprivate func positions(
        in topic: TopicID, patience: Int = 100, then: @escaping ([ReadingPosition]) -> Void
    ) {
        let all = cursors.compactMap { $0 }.filter { $0.partition.topic == topic }
        let placed = all.filter { $0.mode != .starting }
        guard placed.count == all.count || patience == 0 || isDeleted else {
            _ = home.loop.schedule(after: .milliseconds(10)) { [self] in
                positions(in: topic, patience: patience - 1, then: then)
            }
            return
        }
        then(
            placed.map {
                ReadingPosition(partition: $0.partition, offset: $0.outstanding.first ?? $0.next, lag: $0.lag)
            }.sorted { $0.partition < $1.partition })
    }
}
