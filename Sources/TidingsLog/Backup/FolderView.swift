// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A data folder as it was at one instant, also while a server writes it.
///
/// How it cannot be wrong: the metadata is read, then the rounds beyond its checkpoint, then every file is opened, and then
/// everything is looked at again. When the metadata is the same and every name still leads to the file that was opened, there
/// was a moment between the two looks at which all of it was there together: what an end of the process at that
/// moment would have left, which is what a recovery is made for. Else it is done again. An open file keeps its bytes, whoever
/// removes or replaces its name later; and a block of the write-ahead log is used again only after other metadata was saved.
struct FolderView {
    /// A file that stays open, and what it was.
    struct Pinned {
        let path: String
        let file: any DiskFile
        let stamp: FileStamp
    }

    /// The rounds of one block that no checkpoint covers.
    struct Block {
        let path: String
        let bytes: SharedBytes
    }

    /// What a file system has at its root.
    static let ofFileSystem = "lost+found/"
    private static let attempts = 100
    /// How often rounds that are missing between others count as written while they were looked for; after that as lost.
    private static let attemptsWithoutGaps = 50

    let metadata: LogMetadata
    let blocks: [Block]
    let files: [Pinned]
    /// The last round among the blocks, or the checkpoint.
    let lastRound: UInt64
    /// Blocks of the write-ahead log that the disk cannot read in whole.
    let unreadable: [String]

    /// Takes a view of the folder on `disk`.
    static func take(_ disk: any Disk) throws(LogToolError) -> FolderView {
        let format: [UInt8]
        do throws(DiskError) { format = try disk.contents(of: "format") } catch {
            throw LogToolError("this is no data folder: \(error.description)")
        }
        guard format.elementsEqual(FolderOpening.formatText.utf8) else {
            throw LogToolError("the data folder is of a version that this one does not read")
        }
        var missing: DiskError?
        for number in 0..<attempts {
            missing = nil
            do throws(DiskError) {
                if let view = try attempt(disk, allowsGaps: number >= attemptsWithoutGaps) { return view }
            } catch {
                // What is gone since it was listed is a change like others.
                if error.code == .missing {
                    missing = error
                    continue
                }
                if error.code == .noHandles {
                    throw LogToolError("\(error.description): raise the limit of open files (ulimit -n) and try again")
                }
                throw LogToolError(error.description)
            }
        }
        if let missing {
            throw LogToolError("\(missing.description): `tidings log repair` says what is to be done about it")
        }
        let found: MetadataStore.Found
        do throws(DiskError) { found = try MetadataStore(disk: disk).load() } catch {
            throw LogToolError(error.description)
        }
        switch found {
        case .metadata: break
        case .newer(let version):
            throw LogToolError("the log's metadata is of version \(version), which this version does not read")
        case .nothing, .unreadable:
            throw LogToolError(
                "neither copy of the log's metadata (\(MetadataStore.slots.joined(separator: " and "))) can be read: copy "
                    + "the folder as it is, then `tidings log repair` rebuilds them")
        }
        throw LogToolError("the folder changed at every look")
    }

    private static func attempt(_ disk: any Disk, allowsGaps: Bool) throws(DiskError) -> FolderView? {
        let store = MetadataStore(disk: disk)
        guard case .metadata(let metadata, _) = try store.load() else { return nil }
        var blocks: [Block] = []
        var found: [RecoveryPlan.Located] = []
        var unreadable: [String] = []
        if !metadata.isClean {
            for name in try disk.list(WriteAheadLog.folder) {
                guard let number = WriteAheadLog.number(ofFile: name) else { continue }
                let path = WriteAheadLog.path(number)
                let reader = try BlockReader(disk.open(path, .read))
                let (rounds, bytes) = try liveRounds(reader, metadata)
                if !reader.unreadable.isEmpty { unreadable.append(path) }
                found += rounds.map { .init(round: $0.round, block: number, position: $0.position) }
                if let bytes { blocks.append(Block(path: path, bytes: bytes)) }
            }
        }
        // The blocks were read one after the other, while rounds were written: what came behind the end of one that had been
        // read is missing before the beginning of another. That was no moment.
        let plan = RecoveryPlan(found: found, checkpoint: metadata.checkpoint)
        if !allowsGaps, !plan.corrupt.isEmpty { return nil }
        var files: [Pinned] = []
        for path in try paths(disk, metadata) {
            let file = try disk.open(path, .read)
            files.append(Pinned(path: path, file: file, stamp: try file.stamp()))
        }
        for pinned in files {
            guard try disk.open(pinned.path, .read).stamp().identity == pinned.stamp.identity else { return nil }
        }
        guard case .metadata(let again, _) = try store.load(), again == metadata else { return nil }
        return FolderView(
            metadata: metadata, blocks: blocks, files: files, lastRound: plan.lastRound, unreadable: unreadable)
    }

    /// The rounds of a block beyond the checkpoint, and their bytes one after the other; nil when there are none.
    private static func liveRounds(
        _ reader: BlockReader, _ metadata: LogMetadata
    ) throws(DiskError) -> (rounds: [BlockReader.Found], bytes: SharedBytes?) {
        let live = try reader.rounds(of: metadata.life).found.filter { $0.round.header.number > metadata.checkpoint }
        guard !live.isEmpty else { return ([], nil) }
        let count = live.reduce(0) { $0 + $1.round.header.paddedByteCount }
        let bytes = try SharedBytes(capacity: min(count, reader.byteCount)) { room throws(DiskError) in
            var at = 0
            for found in live {
                let bytes = try reader.bytes(at: found.position, count: found.round.header.paddedByteCount)
                let taken = bytes.part(0..<min(bytes.count, room.count - at))
                guard !taken.isEmpty else { continue }
                UnsafeMutableRawBufferPointer(rebasing: room[at..<at + taken.count]).copyMemory(from: taken)
                at += taken.count
            }
            return at
        }
        return (live, bytes)
    }

    /// Everything that belongs to the folder but its format, metadata and write-ahead log: the partitions that the metadata
    /// knows, what lies beside the log, and what was set aside.
    private static func paths(_ disk: any Disk, _ metadata: LogMetadata) throws(DiskError) -> [String] {
        var found: [String] = []
        for topic in metadata.topics {
            for index in topic.partitions.indices {
                let folder = SegmentNames.folder(topic.name, Int32(index))
                try collect(folder, disk, &found)
            }
        }
        for name in try disk.list("") where name.hasSuffix("/") && !["log/", ofFileSystem].contains(name) {
            try collect(String(name.dropLast()), disk, &found)
        }
        if try disk.has("quarantine", in: "log") { try collect(Quarantine.folder, disk, &found) }
        return found
    }

    private static func collect(_ folder: String, _ disk: any Disk, _ found: inout [String]) throws(DiskError) {
        for name in try disk.list(folder) {
            if name.hasSuffix("/") {
                try collect(folder + "/" + name.dropLast(), disk, &found)
            } else if !name.hasSuffix(".new") {
                // What is still being written under another name is no part of the folder yet.
                found.append(folder + "/" + name)
            }
        }
    }
}

/// Why a tool did not do what it was asked for, in a sentence.
package struct LogToolError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    package let description: String

    /// Creates an error with its sentence.
    package init(_ description: String) { self.description = description }
}
