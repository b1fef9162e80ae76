// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension LogRepair {
    /// The folder's metadata: what is there, or, when no slot can be read, what the folders and the write-ahead log tell.
    /// Nil when it can only be had by applying what was noted.
    func rebuiltMetadata(_ applying: Bool) throws(DiskError) -> LogMetadata? {
        switch try MetadataStore(disk: disk).load() {
        case .metadata(let metadata, let damaged):
            if damaged > 0 {
                note(.metadata, MetadataStore.folder, "one slot is damaged: it is written anew from the other one")
                if applying { try MetadataStore(disk: disk).mend(metadata) }
            }
            return metadata
        case .newer(let version):
            throw DiskError(.failed, "the metadata is of version \(version), which this version does not read")
        case .nothing, .unreadable: break
        }
        let folders = try partitionFolders()
        guard !folders.isEmpty else { throw DiskError(.failed, "this is no data folder: it has no partitions") }
        note(
            .metadata, MetadataStore.folder,
            "no slot can be read: topics are rebuilt from the \(folders.values.reduce(0, +)) partition folders. Their "
                + "settings are the defaults then, but nothing goes by age; and their ids may be others")
        guard applying else { return nil }
        var metadata = try rebuild(folders)
        for slot in MetadataStore.slots {
            do throws(DiskError) {
                try disk.rename(slot, to: Quarantine.newPath("meta-\(slot.suffix(1))", "\(random.next())", on: disk))
            } catch {
                if error.code != .missing { throw error }
            }
        }
        try disk.syncDirectory(Quarantine.folder)
        try MetadataStore(disk: disk).create(&metadata)
        return metadata
    }

    /// Topics by the names of their folders, and how many partitions each has.
    private func partitionFolders() throws(DiskError) -> [TopicName: Int32] {
        var found: [TopicName: Int32] = [:]
        let names: [String]
        do throws(DiskError) { names = try disk.list("log") } catch {
            if error.code == .missing { return [:] }
            throw error
        }
        for name in names where name.hasSuffix("/") {
            let plain = name.dropLast()
            guard let dash = plain.lastIndex(of: "-"), let index = Int32(plain[plain.index(after: dash)...]),
                index >= 0,
                index < 100_000, let topic = TopicName(String(plain[..<dash]))
            else { continue }
            found[topic] = max(found[topic] ?? 0, index + 1)
        }
        return found
    }

    private func rebuild(_ folders: [TopicName: Int32]) throws(DiskError) -> LogMetadata {
        var metadata = LogMetadata()
        let live = try newestRounds()
        metadata.life = live.life
        metadata.checkpoint = live.checkpoint
        var matching = TopicMatching(live.topics)
        var records: [TopicName: [LogMetadata.PartitionRecord]] = [:]
        for (name, count) in folders {
            for index in 0..<count {
                var record = LogMetadata.PartitionRecord()
                try scan(SegmentNames.folder(name, index), &record) { header in
                    matching.add(.init(index: index, base: header.baseOffset), header.crc, of: name)
                }
                records[name, default: []].append(record)
            }
        }
        let (numbers, unclear) = matching.result()
        if !unclear.isEmpty {
            note(
                .metadata, WriteAheadLog.folder,
                "the rounds do not tell \(unclear.map(\.text).joined(separator: ", ")) from other topics with the same "
                    + "batches: they get new ids, and what only the rounds had of them is not brought in. The rounds are "
                    + "kept in \(Quarantine.folder)")
        }
        let orphans = live.last.filter { $0.value > live.checkpoint && !numbers.values.contains($0.key) }
        if unclear.isEmpty, !orphans.isEmpty {
            note(
                .metadata, WriteAheadLog.folder,
                "the rounds have records of \(orphans.count) topics of which no folder has any: they were deleted, or nothing of "
                    + "them was filed yet. What the rounds have is not brought in; they are kept in \(Quarantine.folder)"
            )
        }
        if !unclear.isEmpty || !orphans.isEmpty { try keepRounds() }
        var next = matching.next
        for name in folders.keys.sorted(by: { $0.text < $1.text }) {
            let number = numbers[name] ?? next
            if numbers[name] == nil { next += 1 }
            var topic = LogMetadata.TopicRecord(
                id: TopicID(number), uuid: .random(from: random), name: name, partitions: records[name] ?? [])
            // Nobody knows how long its records were to stay; by the default, some might go at the next start.
            topic.settings.retentionTime = nil
            metadata.topics.append(topic)
        }
        metadata.nextTopic = next
        return metadata
    }

    /// Copies the write-ahead log: it is written over when a server runs.
    private func keepRounds() throws(DiskError) {
        for name in try disk.list(WriteAheadLog.folder) {
            guard let number = WriteAheadLog.number(ofFile: name) else { continue }
            let from = try disk.open(WriteAheadLog.path(number), .read)
            let path = try Quarantine.newPath("wal-\(number)", "repair.bytes", on: disk)
            try Quarantine.copy(0..<from.size(), of: from, to: path, on: disk)
        }
    }

    /// The round behind which the newest ones follow one another without a gap: what a checkpoint must have covered. A round
    /// that is damaged is no gap, the recovery judges it; nor is one that is missing and was relaxed, which a later one tells
    /// by the last synced one that it knows.
    static func checkpoint(below rounds: [RoundHeader]) -> UInt64 {
        var next: RoundHeader?
        for header in rounds.sorted(by: { $0.number > $1.number }) {
            if let next, next.number - header.number > 1, header.number < next.lastSynced { return next.number - 1 }
            next = header
        }
        return max(1, next?.number ?? 1) - 1
    }

    /// The rounds of the newest life in the write-ahead log: what a checkpoint has covered, and of each topic's number the
    /// checksums of its batches and its last round.
    private func newestRounds() throws(DiskError) -> (
        life: LogLife, checkpoint: UInt64, topics: [UInt32: [TopicMatching.Place: UInt32]], last: [UInt32: UInt64]
    ) {
        var life = LogLife(generation: 0, nonce: 0)
        var readers: [BlockReader] = []
        let names: [String]
        do throws(DiskError) { names = try disk.list(WriteAheadLog.folder) } catch {
            if error.code == .missing { return (life, 0, [:], [:]) }
            throw error
        }
        for name in names {
            guard let number = WriteAheadLog.number(ofFile: name) else { continue }
            let reader = try BlockReader(disk.open(WriteAheadLog.path(number), .read))
            readers.append(reader)
            guard let header = RoundHeader(try reader.bytes(at: 0, count: RoundHeader.alignment)) else { continue }
            if header.life.generation > life.generation { life = header.life }
        }
        var topics: [UInt32: [TopicMatching.Place: UInt32]] = [:]
        var last: [UInt32: UInt64] = [:]
        var found: [RoundHeader] = []
        for reader in readers {
            for round in try reader.rounds(of: life).found {
                found.append(round.round.header)
                guard round.round.condition == .whole else { continue }
                let bytes = try reader.bytes(at: round.position, count: round.round.header.paddedByteCount)
                guard let whole = Round(bytes) else { continue }
                for entry in whole.entries {
                    guard let batch = entry.batch(in: bytes), let header = try? RecordBatchHeader(reading: batch) else {
                        continue
                    }
                    // No log gives such a number.
                    guard entry.partition.topic.number < 1 << 31 else { continue }
                    let place = TopicMatching.Place(index: entry.partition.index, base: header.baseOffset)
                    topics[entry.partition.topic.number, default: [:]][place] = header.crc
                    last[entry.partition.topic.number] = max(
                        last[entry.partition.topic.number] ?? 0, round.round.header.number)
                }
            }
        }
        return (life, Self.checkpoint(below: found), topics, last)
    }

    /// What a partition's files hold from their beginning on, as far as it is whole; a range that is not is passed.
    private func scan(
        _ folder: String, _ record: inout LogMetadata.PartitionRecord, _ each: (RecordBatchHeader) -> Void
    ) throws(DiskError) {
        let names: [String]
        do throws(DiskError) { names = try disk.list(folder) } catch {
            if error.code == .missing { return }
            throw error
        }
        let bases = names.compactMap { SegmentNames.base(ofLog: $0) }.sorted()
        guard let first = bases.first else { return }
        record.start = first
        record.end = first
        for base in bases {
            let size = try disk.open(SegmentNames.log(folder, base), .read).size()
            record.totalBytes += size
            let summary = LogInspector.PartitionSummary(
                topic: TopicDescription(
                    id: TopicID(0), uuid: UUID128(high: 0, low: 0), name: TopicName("none")!, partitionCount: 1),
                partition: PartitionID(TopicID(0), 0), folder: folder, segments: bases, start: first,
                checkpointEnd: first,
                swaps: [:])
            var walk = try SegmentWalk(base, until: nil, of: summary, on: disk)
            while let step = try walk.next() {
                guard case .batch(let batch) = step else { continue }
                each(batch.header)
                record.end = max(record.end, batch.stored.lastOffset.next)
            }
        }
        // The next batch begins a new segment: what stands here is closed.
        record.activeBase = record.end
    }
}
