// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What the parts of a folder say of each other: its metadata, its rounds, and the files of its partitions.
extension LogInspector {
    /// What is missing although all that is there may be whole.
    /// - Parameter ends: how far the files of each partition went, when they were read.
    func judgeState(_ ends: [PartitionID: Offset]) throws(LogError) -> [Finding] {
        let blocks = try reading { () throws(DiskError) in
            try disk.list(WriteAheadLog.folder).compactMap { WriteAheadLog.number(ofFile: $0) }
        }
        let rounds = try liveRounds()
        let state = try reading { () throws(DiskError) in try FolderState(of: disk, metadata, blocks: blocks) }
        // Last: what a checkpoint covered since then, the rounds need not have.
        let now = try LogInspector(disk: disk)
        guard now.metadata.life == metadata.life, now.isClean == isClean else { return [] }
        var found: [Finding] = []
        func add(_ severity: Finding.Severity, _ path: String, _ description: String) {
            found.append(Finding(severity: severity, path: path, position: 0, description: description))
        }
        if state.isBehind {
            add(
                .notice, MetadataStore.folder,
                "the metadata is older than the records: an opening finds what it does not know of")
        }
        for topic in now.metadata.topics {
            for (index, record) in topic.partitions.enumerated() {
                let partition = PartitionID(topic.id, Int32(index))
                guard state.lacking[partition]?.folder ?? false else { continue }
                add(
                    record.end > record.start ? .damage : .notice, SegmentNames.folder(topic.name, Int32(index)),
                    "the folder is gone: an opening makes it again, without what it had")
            }
        }
        guard !isClean, !state.isRestored, !state.isBehind else { return found }
        if blocks.isEmpty, checkpoint > 0 {
            add(
                .notice, WriteAheadLog.folder,
                "no block is there, although the folder was not left cleanly: rounds that were acknowledged last may be gone"
            )
        }
        var covered: [PartitionID: Offset] = [:]
        for entry in rounds.flatMap(\.round.entries) {
            covered[entry.partition] = max(covered[entry.partition] ?? .zero, entry.endOffset)
        }
        for topic in now.metadata.topics where !topic.settings.durability.isRelaxed {
            for (index, record) in topic.partitions.enumerated() {
                let partition = PartitionID(topic.id, Int32(index))
                let known = max(record.end, covered[partition] ?? .zero)
                guard let end = ends[partition], end > known else { continue }
                add(
                    .damage, WriteAheadLog.folder,
                    "rounds are gone that were acknowledged: no round has the offsets \(known) to \(end.value - 1) of "
                        + "\(SegmentNames.folder(topic.name, partition.index)), which were filed after theirs was synced. "
                        + "An opening keeps them; what was in these rounds only is lost")
            }
        }
        return found
    }
}
