// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// What opening a folder yields.
struct OpenedFolder {
    let lock: any Sendable
    let metadata: LogMetadata
    let partitions: [TopicID: [Partition]]
    let context: FileContext
    let writeAhead: WriteAheadLog
    var report: RecoveryReport
}

extension Log {
    /// Opens the log of a data folder, which is made when there is none, and recovers it when it was left uncleanly: what
    /// was acknowledged is there, an unsynced tail is cut, what is damaged is set aside.
    ///
    /// - Throws: `.folderInUse`, `.unknownFormat`, `.corruptMetadata`; `.diskFull` or `.offline` with what the disk
    ///   said. Nothing is deleted then.
    package static func open(
        on disk: any Disk, settings: LogSettings = LogSettings(), time: any TimeSource, random: any RandomSource,
        logger: Logger, metrics: LogMetrics
    ) throws(LogError) -> Log {
        let begun = time.now
        #if TIDINGS_MUTATIONS
            let disk = settings.mutation?.disk(disk) ?? disk
        #endif
        let opening = FolderOpening(disk: disk, settings: settings, time: time, random: random, logger: logger)
        var opened = try opening.open()
        opened.report.quarantines = opening.found
        opened.report.duration = time.now - begun
        let log = Log(
            disk: disk, settings: settings, time: time, random: random, logger: logger, metrics: metrics,
            opened: opened)
        metrics.corruptBatches.add(opening.found)
        logger.info(
            "the log is open",
            [
                ("topics", String(opened.metadata.topics.count)), ("round", String(opened.metadata.checkpoint)),
                ("milliseconds", String((time.now - begun).millis)),
            ])
        log.probeDisk()
        return log
    }
}

/// Opens one data folder: the steps in their order.
final class FolderOpening {
    static let folders = [WriteAheadLog.folder, Quarantine.folder, MetadataStore.folder, Snapshots.folder]
    static let formatText = "tidings-data 1\n"

    let disk: any Disk
    let settings: LogSettings
    let time: any TimeSource
    let random: any RandomSource
    let logger: Logger
    let store: MetadataStore
    let context: FileContext
    /// Ranges set aside by this opening.
    private(set) var found = 0
    var quarantines: [LogQuarantine] = []
    private var report = RecoveryReport()
    /// The format of a new folder, written and not synced yet.
    private var formatFile: (any DiskFile)?

    init(
        disk: any Disk, settings: LogSettings, time: any TimeSource, random: any RandomSource, logger: Logger
    ) {
        self.disk = disk
        self.settings = settings
        self.time = time
        self.random = random
        self.logger = logger
        store = MetadataStore(disk: disk)
        context = FileContext(
            disk: disk, open: OpenFiles(on: disk, limit: settings.maxOpenFiles), settings: settings)
    }

    func open() throws(LogError) -> OpenedFolder {
        let lock = try takeLock()
        let result: Result<OpenedFolder, LogError>
        do throws(DiskError) {
            result = try open(lock)
        } catch {
            throw LogError(error.code == .noSpace ? .diskFull : .offline, error.description)
        }
        return try result.get()
    }

    private func takeLock() throws(LogError) -> any Sendable {
        do throws(DiskError) {
            return try disk.lock("LOCK")
        } catch {
            if error.code == .busy {
                throw LogError(
                    .folderInUse, "the data folder is in use by another process (\(error.description))")
            }
            throw LogError(error.code == .noSpace ? .diskFull : .offline, error.description)
        }
    }

    private func open(_ lock: any Sendable) throws(DiskError) -> Result<OpenedFolder, LogError> {
        if let refusal = try checkFormat() { return .failure(refusal) }
        var metadata: LogMetadata
        var isFresh = false
        switch try store.load() {
        case .metadata(let found, let damaged):
            metadata = found
            // The first save may have outlived the names of the folders it speaks of.
            if found.sequence <= 1 { try makeFolders(of: found) }
            if damaged > 0 { logger.warning("one slot of the log's metadata is damaged; the other one is whole") }
            do throws(DiskError) { try store.mend(found) } catch {
                // A full disk is no reason to stay closed.
                guard error.isLack else { throw error }
            }
        case .newer(let version):
            return .failure(
                LogError(
                    .unknownFormat,
                    "the log's metadata is of version \(version), written by a newer Tidings; this one reads versions 1 to "
                        + "\(LogMetadata.version). Nothing was changed"))
        case .nothing, .unreadable:
            guard try isNew() else {
                return .failure(
                    LogError(
                        .corruptMetadata,
                        "the log's metadata (log/meta/a and log/meta/b) cannot be read, although there are records; "
                            + "nothing was changed"))
            }
            metadata = LogMetadata()
            isFresh = true
            try makeFolders(&metadata)
        }
        var blocks = try blockFiles()
        let state = isFresh ? FolderState() : try FolderState(of: disk, metadata, blocks: blocks.map(\.number))
        if state.isBehind {
            logger.warning("the metadata is older than the records: what it does not know of is recovered")
        }
        if let life = state.newerLife { metadata.life = life }
        // Producer ids that it does not know of were given: none of them is given again.
        if state.isBehind { metadata.nextProducer = max(metadata.nextProducer, metadata.nextProducer &+ 1 << 32) }
        if state.isBehind || state.lacking.values.contains(where: \.lacksRecords) { metadata.isClean = false }
        // What is done now goes by this metadata, which a crash of the machine must not take back.
        if !isFresh, !metadata.isClean || !metadata.deletions.isEmpty { try store.syncSlots() }
        // A process that ended between making a file and syncing its folder left a name that a crash of the machine can
        // still take away.
        if !metadata.isClean, !isFresh {
            try formatFile?.sync()
            for folder in ["", "log"] + Self.folders { try disk.syncDirectory(folder) }
        }
        quarantines = metadata.quarantines
        metadata.deletions = try Deletions.finish(metadata, on: disk, logger)
        try setOrphansAside(metadata)
        var partitions: [TopicID: [Partition]] = [:]
        for topic in metadata.topics {
            partitions[topic.id] = topic.partitions.indices.map { index in
                Partition(
                    PartitionID(topic.id, Int32(index)), topic: topic.name, record: topic.partitions[index],
                    layout: Int32(topic.partitions.count),
                    settings: settings)
            }
        }
        let writeAhead = WriteAheadLog(on: disk, settings: settings, time: time)
        for partition in partitions.values.joined() {
            if let look = state.lacking[partition.id] { mendIndexes(of: partition, look, round: metadata.checkpoint) }
        }
        if !metadata.isClean, !isFresh {
            let recovery = Recovery(self, partitions: partitions, metadata: metadata, state: state)
            try recovery.run(blocks: blocks)
            blocks.removeAll { recovery.removedBlocks.contains($0.number) }
            metadata = recovery.metadata
            report = recovery.report
            report.wasClean = false
            // What housekeeping had begun is finished or undone.
            for partition in partitions.values.joined() {
                let unnoticed = try partition.files.withLock { files throws(DiskError) -> Int64 in
                    try files.load(context)
                    return files.takeUnnoticedBytes()
                }
                partition.tail.withLock { $0.moveStart(to: $0.start, lessBytes: -unnoticed) }
            }
        }
        let producers = ProducerRecovery(
            context: context, logger: logger, now: time.wall, isClean: metadata.isClean)
        if !isFresh { for partition in partitions.values.joined() { try producers.run(partition) } }
        for block in blocks { writeAhead.found(number: block.number, byteCount: block.byteCount) }
        metadata.life = LogLife(generation: metadata.life.generation &+ 1, nonce: random.next())
        metadata.isClean = false
        metadata.quarantines = quarantines.suffix(settings.maxQuarantines)
        if !isFresh { try store.keepOlder() }
        // A new folder begins with the time it has: nothing of that is to be saved once more.
        if isFresh { metadata.believedTime = time.wall }
        if isFresh { try create(&metadata) } else { try store.save(&metadata) }
        if state.isRestored {
            try disk.remove("\(MetadataStore.folder)/\(LogBackup.restoredName)")
            try disk.syncDirectory(MetadataStore.folder)
        }
        return .success(
            OpenedFolder(
                lock: lock, metadata: metadata, partitions: partitions, context: context, writeAhead: writeAhead,
                report: report))
    }

    /// Reads `format`, or writes it into a new folder.
    private func checkFormat() throws(DiskError) -> LogError? {
        var text = ""
        do throws(DiskError) {
            text = String(decoding: try disk.contents(of: "format"), as: UTF8.self)
        } catch {
            if error.code != .missing { throw error }
        }
        if text == Self.formatText { return nil }
        if text.isEmpty, try disk.has(LogBackup.marker, in: "") {
            return LogError(
                .corruptMetadata,
                "a restore into this folder was broken off: `tidings log restore` again, or remove it. Nothing was changed"
            )
        }
        // A crash while the folder was made leaves no format or a part of it, and at most the first metadata.
        let written = text.utf8.prefix { $0 != 0 }
        let isHalfMade =
            Self.formatText.utf8.starts(with: written) && text.utf8.dropFirst(written.count).allSatisfy { $0 == 0 }
        if isHalfMade, try hasAtMostFirstMetadata() {
            let file = try disk.open("format", .create)
            try file.truncate(to: 0)
            try file.write([UInt8](Self.formatText.utf8), at: 0)
            formatFile = file
            return nil
        }
        let shown = text.prefix { $0 != "\n" }.prefix(60)
        return LogError(
            .unknownFormat,
            "the data folder's format is '\(shown)'; this version reads '\(Self.formatText.dropLast())' only. "
                + "Nothing was changed")
    }

    private func hasAtMostFirstMetadata() throws(DiskError) -> Bool {
        switch try store.load() {
        case .nothing: return true
        case .unreadable: return try isNew()
        case .metadata(let metadata, _):
            if metadata.sequence > 1 { return false }
            return try blockFiles().isEmpty
        case .newer: return false
        }
    }

    /// Whether there is nothing yet that metadata could speak of.
    private func isNew() throws(DiskError) -> Bool {
        guard try disk.has("log", in: "") else { return true }
        let names = try disk.list("log")
        let hasNoBlock = try blockFiles().isEmpty
        let firstFolders = settings.firstTopics.flatMap { topic in
            (0..<topic.partitions).map { SegmentNames.folder(topic.name, $0).dropFirst(4) + "/" }
        }
        for name in names where !["meta/", "wal/", "quarantine/"].contains(name) {
            // A crash while the folder was made leaves folders of its first topics, and nothing in them.
            guard firstFolders.contains(where: { $0 == name }), try disk.list("log/" + name.dropLast()).isEmpty else {
                return false
            }
        }
        return hasNoBlock
    }

    /// Makes the folders of a new data folder and of its first topics; ``create(_:)`` makes them durable.
    private func makeFolders(_ metadata: inout LogMetadata) throws(DiskError) {
        for (name, count, settings) in settings.firstTopics {
            metadata.topics.append(
                LogMetadata.TopicRecord(
                    id: TopicID(metadata.nextTopic), uuid: .random(from: random), name: name,
                    partitions: Array(repeating: .init(), count: Int(count)), settings: settings))
            metadata.nextTopic += 1
        }
        try makeFolders(of: metadata)
    }

    private func makeFolders(of metadata: LogMetadata) throws(DiskError) {
        for folder in ["log"] + Self.folders { try disk.createDirectory(folder) }
        for topic in metadata.topics {
            for index in topic.partitions.indices {
                try disk.createDirectory(SegmentNames.folder(topic.name, Int32(index)))
            }
        }
    }

    /// Makes all of a new folder durable. Everything is written before anything is synced: then the first sync commits
    /// what all of them need, and the others find nothing to wait for.
    private func create(_ metadata: inout LogMetadata) throws(DiskError) {
        var files = try store.writeFirst(&metadata)
        if let formatFile { files.append(formatFile) }
        for file in files { file.startWriteBack(from: 0, count: try file.size()) }
        for file in files { try file.sync() }
        for folder in [MetadataStore.folder, "log", ""] { try disk.syncDirectory(folder) }
        formatFile = nil
    }

    private func blockFiles() throws(DiskError) -> [(number: UInt32, byteCount: Int64)] {
        let names: [String]
        do throws(DiskError) {
            names = try disk.list(WriteAheadLog.folder)
        } catch {
            if error.code == .missing { return [] }
            throw error
        }
        var blocks: [(number: UInt32, byteCount: Int64)] = []
        for name in names {
            guard let number = WriteAheadLog.number(ofFile: name) else { continue }
            blocks.append((number, try disk.open(WriteAheadLog.path(number), .read).size()))
        }
        return blocks
    }

    /// Moves folders that belong to no topic to the quarantine; what a half-made topic left is empty and goes.
    private func setOrphansAside(_ metadata: LogMetadata) throws(DiskError) {
        var known: Set<String> = ["meta/", "wal/", "quarantine/"]
        for topic in metadata.topics {
            for index in topic.partitions.indices {
                known.insert(SegmentNames.folder(topic.name, Int32(index)).dropFirst(4) + "/")
            }
        }
        for deletion in metadata.deletions {
            for index in 0..<max(0, deletion.partitionCount) {
                known.insert(SegmentNames.folder(deletion.name, index).dropFirst(4) + "/")
            }
        }
        var moved: [LogQuarantine] = []
        for name in try disk.list("log") where !known.contains(name) && !Deletions.isWaiting(name) {
            do throws(DiskError) {
                if let orphan = try setOrphanAside(name, metadata.life.generation) { moved.append(orphan) }
            } catch {
                logger.warning(
                    "what belongs to no topic could not be set aside: it is tried again at the next start",
                    [("name", name), ("reason", error.description)])
            }
        }
        guard !moved.isEmpty else { return }
        try disk.syncDirectory("log")
        try disk.syncDirectory(Quarantine.folder)
        for orphan in moved { setAside(orphan) }
    }

    private func setOrphanAside(_ name: String, _ generation: UInt32) throws(DiskError) -> LogQuarantine? {
        let plain = name.hasSuffix("/") ? String(name.dropLast()) : name
        if name.hasSuffix("/"), try disk.list("log/" + plain).isEmpty {
            try disk.remove("log/" + plain)
            return nil
        }
        let copy = try Quarantine.newPath(plain, "\(time.wall.millis)-\(generation)", on: disk)
        try disk.rename("log/" + plain, to: copy)
        return LogQuarantine(
            partition: nil, name: plain, offsets: .zero ..< .zero, copy: copy, foundAt: time.wall,
            reason: "no topic of the metadata owns it")
    }

    func setAside(_ quarantine: LogQuarantine) {
        quarantines.append(quarantine)
        found += 1
        logger.error(
            "a range was set aside: it cannot be read",
            [
                ("name", quarantine.name), ("from", quarantine.offsets.lowerBound.description),
                ("to", quarantine.offsets.lastOffset?.description ?? "-"), ("copy", quarantine.copy),
                ("reason", quarantine.reason),
            ])
    }
}
