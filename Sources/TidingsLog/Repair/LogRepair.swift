// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Repairs a data folder in which no server runs: says what it would do, and does it when told to.
///
/// Damaged bytes are copied to `log/quarantine/` before anything takes their place, and nothing else is removed. A range
/// of offsets that is lost is fenced off by a batch without records, so that readers pass it.
package final class LogRepair {
    /// One thing to be done, or done.
    package struct Step: Sendable, Hashable {
        /// What it is about.
        package enum Kind: String, Sendable { case format, metadata, recovery, records, index, notice }
        /// What it is about.
        package let kind: Kind
        /// The file or folder, below the data folder.
        package let path: String
        /// What is wrong, and what is done about it.
        package let description: String
    }

    let disk: any Disk
    private let time: any TimeSource
    let random: any RandomSource
    private let logger: Logger
    private let settings: LogSettings
    private(set) var steps: [Step] = []

    private init(
        _ disk: any Disk, settings: LogSettings, time: any TimeSource, random: any RandomSource, logger: Logger
    ) {
        self.disk = disk
        self.settings = settings
        self.time = time
        self.random = random
        self.logger = logger
    }

    /// Looks at everything in the folder.
    /// - Parameter applying: whether what is found is repaired; else nothing is changed.
    /// - Returns: what is to be done, or was; empty when the folder is as it should be.
    package static func run(
        on disk: any Disk, applying: Bool, settings: LogSettings = LogSettings(), time: any TimeSource,
        random: any RandomSource, logger: Logger
    ) throws(LogToolError) -> [Step] {
        let repair = LogRepair(disk, settings: settings, time: time, random: random, logger: logger)
        do throws(DiskError) { try repair.run(applying) } catch { throw LogToolError(error.description) }
        return repair.steps
    }

    func note(_ kind: Step.Kind, _ path: String, _ description: String) {
        steps.append(Step(kind: kind, path: path, description: description))
    }

    private func lock() throws(DiskError) -> any Sendable {
        do throws(DiskError) { return try disk.lock("LOCK") } catch {
            if error.code == .busy {
                throw DiskError(.busy, "a server runs in this folder; stop it first (\(error.description))")
            }
            throw error
        }
    }

    private func run(_ applying: Bool) throws(DiskError) {
        guard var metadata = try beginning(applying) else { return }
        if !metadata.isClean {
            note(
                .recovery, WriteAheadLog.folder,
                "the folder was left uncleanly: what was acknowledged is brought into the partitions, a torn end is cut"
            )
        }
        let losesIndexes = try dropDamagedIndexes(&metadata, applying)
        if !metadata.isClean || losesIndexes {
            if applying {
                try recover()
                guard case .metadata(let found, _) = try MetadataStore(disk: disk).load() else { return }
                metadata = found
            }
        }
        let lock = try lock()
        defer { _ = lock }
        let mends = applying && metadata.isClean
        if mends {
            // What will be lost is listed before anything takes its place: a repair that is broken off finds it no more.
            let before = metadata.quarantines
            _ = try lookAtPartitions(&metadata, applying: false)
            if metadata.quarantines != before { try MetadataStore(disk: disk).save(&metadata) }
        }
        let before = metadata
        steps += try lookAtPartitions(&metadata, applying: mends)
        if mends, metadata != before {
            try disk.syncDirectory(Quarantine.folder)
            try MetadataStore(disk: disk).save(&metadata)
        }
    }

    /// Lets the next opening make indexes of aborted transactions again that cannot be read: that takes all batches of the
    /// partition.
    /// - Returns: whether there are any.
    private func dropDamagedIndexes(_ metadata: inout LogMetadata, _ applying: Bool) throws(DiskError) -> Bool {
        let context = FileContext(disk: disk, open: OpenFiles(on: disk, limit: 8), settings: settings)
        var found = false
        for place in metadata.topics.indices {
            for index in metadata.topics[place].partitions.indices {
                let folder = SegmentNames.folder(metadata.topics[place].name, Int32(index))
                let record = metadata.topics[place].partitions[index]
                let files = PartitionFiles(folder: folder, record: record, settings: settings)
                for name in try names(in: folder) where name.hasSuffix(".txnindex") {
                    guard let base = SegmentNames.base(ofLog: name.dropLast(9) + ".log"),
                        try files.wholeTransactions(of: base, context) == nil
                    else { continue }
                    note(.index, folder + "/" + name, "it is damaged: it is made again from the partition's batches")
                    found = true
                    // A snapshot that is not there makes the opening read everything.
                    metadata.topics[place].partitions[index].hasProducerSnapshot = true
                    metadata.topics[place].partitions[index].producersAt = record.start
                    let snapshot = SegmentNames.producers(folder, record.start)
                    if applying, try disk.has(String(snapshot.dropFirst(folder.count + 1)), in: folder) {
                        try disk.remove(snapshot)
                    }
                }
            }
        }
        if found, applying {
            metadata.isClean = false
            try MetadataStore(disk: disk).save(&metadata)
        }
        return found
    }

    private func names(in folder: String) throws(DiskError) -> [String] {
        do throws(DiskError) { return try disk.list(folder) } catch {
            if error.code == .missing { return [] }
            throw error
        }
    }

    private func lookAtPartitions(_ metadata: inout LogMetadata, applying: Bool) throws(DiskError) -> [Step] {
        let context = FileContext(disk: disk, open: OpenFiles(on: disk, limit: 64), settings: settings)
        var steps: [Step] = []
        for place in metadata.topics.indices {
            for index in metadata.topics[place].partitions.indices {
                let topic = metadata.topics[place]
                var partition = PartitionRepair(
                    id: PartitionID(topic.id, Int32(index)), topic: topic.description, record: topic.partitions[index],
                    context: context, time: time, isClean: metadata.isClean)
                try partition.run(applying)
                steps += partition.steps
                metadata.topics[place].partitions[index] = partition.record
                // What a server found of it knows more of it.
                for lost in partition.lost
                where !metadata.quarantines.contains(where: {
                    $0.partition == lost.partition && $0.offsets.overlaps(lost.offsets)
                }) {
                    metadata.quarantines.append(lost)
                }
            }
        }
        return steps
    }

    /// The metadata and the format; the right to the folder is given up again, since a recovery takes it itself.
    private func beginning(_ applying: Bool) throws(DiskError) -> LogMetadata? {
        let lock = try lock()
        defer { _ = lock }
        let names = try disk.list("")
        if names.contains(LogBackup.marker), !names.contains("format") {
            throw DiskError(.failed, "a restore into this folder was broken off: `tidings log restore` again")
        }
        guard let metadata = try rebuiltMetadata(applying) else { return nil }
        try checkFormat(applying)
        return metadata
    }

    /// Opens the log and stops it in good order.
    private func recover() throws(DiskError) {
        do throws(LogError) {
            let log = try Log.open(
                on: disk, settings: settings, time: time, random: random, logger: logger, metrics: LogMetrics(Metrics())
            )
            log.stop()
        } catch {
            throw DiskError(.failed, error.description)
        }
    }

    private func checkFormat(_ applying: Bool) throws(DiskError) {
        var text = ""
        do throws(DiskError) {
            text = String(decoding: try disk.contents(of: "format"), as: UTF8.self)
        } catch {
            if error.code != .missing { throw error }
        }
        if text == FolderOpening.formatText { return }
        if text.hasPrefix("tidings-data ") {
            throw DiskError(
                .failed,
                "the folder's format is '\(text.prefix { $0 != "\n" }.prefix(60))', which this version does not read")
        }
        note(.format, "format", "the file is missing or damaged, and the metadata is not: it is written again")
        guard applying else { return }
        let file = try disk.open("format", .create)
        try file.truncate(to: 0)
        try file.write([UInt8](FolderOpening.formatText.utf8), at: 0)
        try file.sync()
        try disk.syncDirectory("")
    }
}
