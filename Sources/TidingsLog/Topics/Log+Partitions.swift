// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// Topics that get more partitions.
extension Log {
    static let layoutChanges = LogError(
        .layoutChanged, "the topic gets more partitions: the record's partition has to be chosen again")

    /// Gives a topic more partitions. On a thread that may block.
    ///
    /// Nothing is staged for the topic from the moment on at which its old partitions end until the change is durable, so
    /// that no record of the old layout lies behind that end, and none of the new one before it.
    func addPartitions(_ id: TopicID, upTo count: Int32) -> Result<TopicDescription, LogError> {
        if let answer = control.withLock({ answerAtOnce(id, count, $0) }) { return answer }
        let old = table.withLock { $0.partitions(of: id) }
        let layout = Int32(old.count)
        staging.withLock { _ in for partition in old { partition.staged.layout = 0 } }
        let result =
            awaitStaged(old).map { Result.failure($0) }
            ?? control.withLock { control in
                answerAtOnce(id, count, control) ?? addPartitions(old, upTo: count, &control)
            }
        // A topic that grew took its new layout with the new table.
        staging.withLock { _ in
            for partition in old where partition.staged.layout == 0 { partition.staged.layout = layout }
        }
        return result
    }

    /// The answer when nothing is to be done, or may be.
    private func answerAtOnce(
        _ id: TopicID, _ count: Int32, _ control: ControlState
    ) -> Result<TopicDescription, LogError>? {
        guard let topic = control.metadata.topics.first(where: { $0.id == id }) else {
            return .failure(LogError(.unknownTopic, "there is no topic number \(id.number)"))
        }
        if count <= Int32(topic.partitions.count) { return .success(topic.description) }
        if let refusal = refusalOfChange(control) { return .failure(refusal) }
        let others = control.metadata.topics.reduce(0) { $0 + $1.partitions.count } - topic.partitions.count
        guard others + Int(count) <= settings.maxPartitions else {
            return .failure(
                LogError(
                    .tooManyTopics,
                    "a topic of \(count) partitions: the others have \(others); the limit is \(settings.maxPartitions)")
            )
        }
        return nil
    }

    /// Waits until all that is staged for some partitions is durable or refused.
    private func awaitStaged(_ partitions: [Partition]) -> LogError? {
        let bell = Doorbell()
        while true {
            let isSettled = staging.withLock { _ in
                partitions.allSatisfy { $0.staged.nextOffset == $0.tail.withLock { $0.end } }
            }
            if isSettled { return nil }
            if isOffline { return LogError(.offline, "the log went offline") }
            if isEnding.load(ordering: .acquiring) { return LogError(.stopping, "the log has been stopped") }
            if threads.withLock({ $0 == nil }) {
                // A simulation: nobody else commits.
                if !commitPending() { return LogError(.stopping, "nothing commits what is staged") }
            } else {
                bell.wait(atMost: .milliseconds(1))
            }
        }
    }

    private func addPartitions(
        _ old: [Partition], upTo count: Int32, _ control: inout ControlState
    ) -> Result<TopicDescription, LogError> {
        guard let first = old.first, let place = control.metadata.topics.firstIndex(where: { $0.id == first.id.topic })
        else { return .failure(LogError(.unknownTopic, "the topic has been deleted")) }
        let (id, name) = (first.id.topic, first.topic)
        let added = Int32(old.count)..<count
        var metadata = control.metadata
        metadata.topics[place].formerLayouts.append(
            PartitionLayout(ends: old.map { partition in partition.tail.withLock { $0.end } }))
        metadata.topics[place].partitions += Array(repeating: .init(), count: added.count)
        do throws(DiskError) {
            // The old partitions end there for good, so what is below must not go with a power loss.
            if metadata.topics[place].settings.durability.isRelaxed { try writeAhead.relaxed.sync() }
            if let refusal = try makeFolders(of: name, added) { return .failure(refusal) }
            try save(&metadata)
        } catch {
            return .failure(changeFailed(error))
        }
        control.metadata = metadata
        let new = added.map { index in
            Partition(PartitionID(id, index), topic: name, record: .init(), layout: count, settings: settings)
        }
        // The table first: who is told of the new layout finds the partitions there.
        replaceTable(metadata) { $0[id] = old + new }
        apply(metadata.topics[place].description)
        staging.withLock { _ in for partition in old { partition.staged.layout = count } }
        logger.info("a topic got more partitions", [("topic", name.text), ("partitions", String(count))])
        return .success(metadata.topics[place].description)
    }
}
