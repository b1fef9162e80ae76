// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

extension Log {
    /// Creates a topic, or answers the existing one of that name. On a thread that may block.
    func createTopic(
        _ name: TopicName, partitions count: Int32, _ settings: TopicSettings
    ) -> Result<TopicDescription, LogError> {
        control.withLock { control in
            if let known = control.metadata.topics.first(where: { $0.name == name }) {
                return .success(known.description)
            }
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            // What a deleted topic of that name left behind must not become the new one's.
            if control.metadata.deletions.contains(where: { $0.name == name }) {
                finishDeletions(&control)
                guard !control.metadata.deletions.contains(where: { $0.name == name }) else {
                    return .failure(
                        LogError(.overloaded, "the files of the deleted topic '\(name)' could not be removed yet"))
                }
            }
            let existing = control.metadata.topics.reduce(0) { $0 + $1.partitions.count }
            guard count >= 1, control.metadata.topics.count < self.settings.maxTopics,
                existing + Int(count) <= self.settings.maxPartitions
            else {
                return .failure(
                    LogError(
                        .tooManyTopics,
                        "a topic of \(count) partitions: there are \(control.metadata.topics.count) topics with "
                            + "\(existing) partitions; the limits are \(self.settings.maxTopics) and "
                            + "\(self.settings.maxPartitions)"))
            }
            let topic = LogMetadata.TopicRecord(
                id: TopicID(control.metadata.nextTopic), uuid: .random(from: random), name: name,
                partitions: Array(repeating: .init(), count: Int(count)), settings: settings)
            var metadata = control.metadata
            metadata.nextTopic += 1
            metadata.topics.append(topic)
            do throws(DiskError) {
                if let refusal = try makeFolders(of: name, 0..<count) { return .failure(refusal) }
                try save(&metadata)
            } catch {
                return .failure(changeFailed(error))
            }
            control.metadata = metadata
            let made = topic.partitions.indices.map { index in
                Partition(
                    PartitionID(topic.id, Int32(index)), topic: name, record: topic.partitions[index], layout: count,
                    settings: self.settings)
            }
            replaceTable(control.metadata) { $0[topic.id] = made }
            apply(topic.description)
            logger.info("a topic was created", [("topic", name.text), ("partitions", String(count))])
            return .success(topic.description)
        }
    }

    /// Gives a topic other settings. On a thread that may block.
    func configureTopic(_ id: TopicID, _ settings: TopicSettings) -> Result<TopicDescription, LogError> {
        control.withLock { control in
            guard let place = control.metadata.topics.firstIndex(where: { $0.id == id }) else {
                return .failure(LogError(.unknownTopic, "there is no topic number \(id.number)"))
            }
            if control.metadata.topics[place].settings == settings {
                return .success(control.metadata.topics[place].description)
            }
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            var metadata = control.metadata
            // A number is left out, as by a topic that was deleted: a recovery goes by it when it numbers rounds on.
            if metadata.topics[place].settings.durability.isRelaxed { metadata.nextTopic += 1 }
            metadata.topics[place].settings = settings
            do throws(DiskError) { try save(&metadata) } catch { return .failure(changeFailed(error)) }
            control.metadata = metadata
            replaceTable(metadata) { _ in }
            apply(metadata.topics[place].description)
            return .success(metadata.topics[place].description)
        }
    }

    /// Deletes a topic. On a thread that may block.
    func deleteTopic(_ id: TopicID) -> Result<Void, LogError> {
        control.withLock { control in
            guard let place = control.metadata.topics.firstIndex(where: { $0.id == id }) else {
                return .failure(LogError(.unknownTopic, "there is no topic number \(id.number)"))
            }
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            let topic = control.metadata.topics[place]
            var metadata = control.metadata
            metadata.topics.remove(at: place)
            metadata.deletions.append(
                .init(id: id, name: topic.name, partitionCount: Int32(topic.partitions.count)))
            do throws(DiskError) { try save(&metadata) } catch { return .failure(changeFailed(error)) }
            control.metadata = metadata
            let gone = table.withLock { $0.partitions(of: id) }
            replaceTable(metadata) { $0[id] = nil }
            staging.withLock { _ in for partition in gone { partition.staged.isDeleted = true } }
            for partition in gone {
                partition.files.withLock { $0.isDeleted = true }
                context.open.forget(prefix: partition.folder + "/")
            }
            finishDeletions(&control)
            // Who opened one of the files meanwhile must not leave it to a topic that gets the same name.
            for partition in gone { context.open.forget(prefix: partition.folder + "/") }
            logger.info("a topic was deleted", [("topic", topic.name.text)])
            return .success(())
        }
    }

    /// Makes the folders of new partitions, durably; a folder with files that no topic owns is in the way.
    func makeFolders(of name: TopicName, _ indexes: Range<Int32>) throws(DiskError) -> LogError? {
        let there = Set(try disk.list("log"))
        for index in indexes {
            let folder = SegmentNames.folder(name, index)
            if there.contains(folder.dropFirst(4) + "/"), try !disk.list(folder).isEmpty {
                return LogError(
                    .overloaded, "the folder \(folder) has files that belong to no topic, and could not be set aside")
            }
            try disk.createDirectory(folder)
        }
        try disk.syncDirectory("log")
        return nil
    }

    /// Removes the folders of deleted topics; what cannot be removed now is tried again at the next opening.
    private func finishDeletions(_ control: inout ControlState) {
        do throws(DiskError) {
            control.metadata.deletions = try Deletions.finish(control.metadata, on: disk, logger)
            control.isChanged = true
        } catch {
            logger.warning("a deleted topic's files are still there", [("reason", error.description)])
        }
    }

    // MARK: snapshots

    /// Keeps bytes under a name, whole or not at all. On a thread that may block.
    func saveSnapshot(_ name: String, _ bytes: [UInt8]) -> Result<Void, LogError> {
        precondition(Snapshots.isName(name), "a snapshot's name is 1 to 100 of a-z, 0-9 and '-', not '\(name)'")
        guard bytes.count <= settings.maxSnapshotBytes else {
            return .failure(
                LogError(
                    .recordTooLarge,
                    "a snapshot of \(bytes.count) bytes; the limit maxSnapshotBytes is \(settings.maxSnapshotBytes)"))
        }
        return control.withLock { control in
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            do throws(DiskError) {
                try Snapshots.save(name, bytes, on: disk)
                return .success(())
            } catch {
                return .failure(changeFailed(error))
            }
        }
    }

    /// What was kept under a name. On a thread that may block.
    func loadSnapshot(_ name: String) -> Result<[UInt8]?, LogError> {
        precondition(Snapshots.isName(name), "a snapshot's name is 1 to 100 of a-z, 0-9 and '-', not '\(name)'")
        return Snapshots.load(name, on: disk)
    }

    // MARK: what they share

    func refusalOfChange(_ control: ControlState) -> LogError? {
        if control.isClosed { return LogError(.stopping, "the log has been stopped") }
        return staging.withLock { staging in
            if case .offline(let reason) = staging.condition { return LogError(.offline, reason) }
            return nil
        }
    }

    func save(_ metadata: inout LogMetadata) throws(DiskError) {
        metadata.quarantines = quarantined.withLock { $0 }
        try store.save(&metadata)
    }

    /// Lack of room refuses the change; anything else takes the log offline: what is durable now is not known.
    func changeFailed(_ error: DiskError) -> LogError {
        if error.isLack { return error.refusalForLack }
        goOffline(error.description)
        return LogError(.offline, error.description)
    }

    func replaceTable(_ metadata: LogMetadata, _ change: (inout [TopicID: [Partition]]) -> Void) {
        table.withLock { table in
            var partitions = table.all
            change(&partitions)
            table = PartitionTable(version: table.version + 1, partitions: partitions, topics: metadata.topics)
            tableVersion.store(table.version, ordering: .releasing)
        }
    }
}
