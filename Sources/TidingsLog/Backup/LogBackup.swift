// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Copies a data folder, whether a server runs in it or not, into a backup folder, and back.
///
/// The backup folder has a manifest and the files it names. A further backup into the same folder copies only what
/// changed; it becomes the backup when its manifest replaces the older one, so one that breaks off leaves the older one whole.
package struct LogBackup {
    /// What was done.
    package struct Summary: Sendable {
        /// Which backup of this folder it is, from 1.
        package var number: Int64 = 0
        /// The last round of the log it has: everything acknowledged before it began is in it.
        package var lastRound: UInt64 = 0
        /// Files of the data folder.
        package var fileCount = 0
        /// Their bytes.
        package var byteCount: Int64 = 0
        /// Bytes that were copied; the rest was there already.
        package var copiedBytes: Int64 = 0
        /// Files whose bytes are not what was backed up; only where damage was allowed.
        package var damaged: [String] = []
    }

    private static let pieceBytes = 1 << 20

    // MARK: backup

    /// Makes a backup of the data folder on `source` in the folder on `target`.
    package static func back(
        up source: any Disk, into target: any Disk, at time: WallTime, progress: (String) -> Void = { _ in }
    ) throws(LogToolError) -> Summary {
        let lock = try lock(target)
        defer { _ = lock }
        let former = try manifest(of: target)
        let view = try FolderView.take(source)
        do throws(DiskError) {
            return try copy(view, to: target, former: former ?? BackupManifest(), at: time, progress)
        } catch {
            throw LogToolError(error.description)
        }
    }

    private static func copy(
        _ view: FolderView, to target: any Disk, former: BackupManifest, at time: WallTime,
        _ progress: (String) -> Void
    ) throws(DiskError) -> Summary {
        var manifest = BackupManifest()
        manifest.number = former.number + 1
        manifest.time = time
        manifest.lastRound = view.lastRound
        let known = Dictionary(former.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        var copier = Copier(target: target, folder: "files/\(manifest.number)")
        for pinned in view.files {
            if let old = known[pinned.path], old.stamp == pinned.stamp, try hasWhole(old, target) {
                manifest.files.append(old)
                continue
            }
            progress("copying \(pinned.path)")
            manifest.files.append(try copier.copy(pinned))
        }
        for block in view.blocks { manifest.files.append(try copier.write(block.path, block.bytes.buffer)) }
        let metadata = view.metadata.encoded()
        for slot in MetadataStore.slots { manifest.files.append(try copier.write(slot, metadata)) }
        manifest.files.append(try copier.write("format", [UInt8](FolderOpening.formatText.utf8)))
        try copier.finish()
        try save(manifest, in: target)
        // What no manifest names any more; a removal that fails is made up for by the next backup.
        try? removeUnnamed(manifest, in: target)
        return Summary(
            number: manifest.number, lastRound: manifest.lastRound, fileCount: manifest.files.count,
            byteCount: manifest.byteCount, copiedBytes: copier.copiedBytes)
    }

    private static func hasWhole(_ file: BackupManifest.File, _ target: any Disk) throws(DiskError) -> Bool {
        do throws(DiskError) {
            return try target.open(file.stored, .read).size() == file.byteCount
        } catch {
            if error.code == .missing { return false }
            throw error
        }
    }

    private static func save(_ manifest: BackupManifest, in target: any Disk) throws(DiskError) {
        let path = BackupManifest.path
        let file = try target.open(path + ".new", .create)
        try file.truncate(to: 0)
        try file.write(manifest.encoded(), at: 0)
        try file.sync()
        try target.rename(path + ".new", to: path)
        try target.syncDirectory("")
    }

    private static func removeUnnamed(_ manifest: BackupManifest, in target: any Disk) throws(DiskError) {
        let named = Set(manifest.files.map(\.stored))
        _ = try removeUnnamed("files", named, target)
    }

    /// Whether anything is left in the folder.
    private static func removeUnnamed(
        _ folder: String, _ named: Set<String>, _ target: any Disk
    ) throws(DiskError) -> Bool {
        var isNeeded = false
        for name in try target.list(folder) {
            let path = folder + "/" + (name.hasSuffix("/") ? String(name.dropLast()) : name)
            if name.hasSuffix("/") {
                if try removeUnnamed(path, named, target) { isNeeded = true } else { try target.remove(path) }
            } else if named.contains(path) {
                isNeeded = true
            } else {
                try target.remove(path)
            }
        }
        return isNeeded
    }

    private static func lock(_ target: any Disk) throws(LogToolError) -> any Sendable {
        do throws(DiskError) {
            let names = try target.list("")
            guard names.isEmpty || names.contains(BackupManifest.path) || names.allSatisfy({ Self.isOurs($0) }) else {
                throw DiskError(.exists, "the folder has other things in it: a backup wants one of its own")
            }
            return try target.lock("LOCK")
        } catch {
            throw LogToolError(error.description)
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        ["LOCK", "files/", BackupManifest.path, BackupManifest.path + ".new"].contains(name)
    }

    /// The manifest of a backup folder; nil when there is none yet.
    private static func manifest(of target: any Disk) throws(LogToolError) -> BackupManifest? {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try target.contents(of: BackupManifest.path)
        } catch {
            if error.code == .missing { return nil }
            throw LogToolError(error.description)
        }
        return try BackupManifest(decoding: bytes)
    }

    // MARK: restore

    /// Makes a data folder of a backup in the empty folder on `target`.
    /// - Parameter allowsDamage: goes on past files whose checksum does not match or that are missing, and names them.
    package static func restore(
        _ backup: any Disk, into target: any Disk, allowsDamage: Bool = false, progress: (String) -> Void = { _ in }
    ) throws(LogToolError) -> Summary {
        guard let manifest = try manifest(of: backup) else {
            throw LogToolError("this is no backup: it has no manifest")
        }
        var summary = Summary(
            number: manifest.number, lastRound: manifest.lastRound, fileCount: manifest.files.count,
            byteCount: manifest.byteCount)
        do throws(DiskError) {
            guard try target.list("").isEmpty else {
                throw DiskError(.exists, "the folder is not empty: a backup is restored into an empty one")
            }
            for folder in ["log"] + FolderOpening.folders { try target.createDirectory(folder) }
            var copier = Copier(target: target, folder: "")
            // What makes it a data folder comes last.
            let last = Set(MetadataStore.slots + ["format"])
            let files =
                manifest.files.filter { !last.contains($0.path) } + manifest.files.filter { last.contains($0.path) }
            for file in files {
                progress("restoring \(file.path)")
                if file.path == "format" { try copier.finish() }
                if try copier.restore(file, from: backup) { continue }
                guard allowsDamage else {
                    throw DiskError(
                        .failed, "\(file.stored) is not what was backed up; nothing can be read from this folder")
                }
                summary.damaged.append(file.path)
            }
            // Partitions without a record have no file.
            let metadata = try MetadataStore(disk: target).load()
            if case .metadata(let metadata, _) = metadata {
                for topic in metadata.topics {
                    for index in topic.partitions.indices {
                        try target.createDirectory(SegmentNames.folder(topic.name, Int32(index)))
                    }
                }
            }
            try copier.finish()
            for folder in ["log", ""] { try target.syncDirectory(folder) }
            summary.copiedBytes = copier.copiedBytes
        } catch {
            throw LogToolError(error.description)
        }
        return summary
    }

    // MARK: copying

    /// Copies files piece by piece, with their checksums, and syncs them and their folders.
    private struct Copier {
        let target: any Disk
        /// Below which everything goes.
        let folder: String
        private var folders: Set<String> = []
        private(set) var copiedBytes: Int64 = 0
        private let piece = Piece(byteCount: LogBackup.pieceBytes)

        init(target: any Disk, folder: String) {
            self.target = target
            self.folder = folder
        }

        private mutating func create(_ path: String) throws(DiskError) -> any DiskFile {
            var above = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
            if !above.isEmpty { try target.createDirectory(String(above)) }
            while !above.isEmpty, folders.insert(String(above)).inserted {
                above = above[..<(above.lastIndex(of: "/") ?? above.startIndex)]
            }
            let file = try target.open(path, .create)
            try file.truncate(to: 0)
            return file
        }

        mutating func copy(_ pinned: FolderView.Pinned) throws(DiskError) -> BackupManifest.File {
            let stored = folder + "/" + pinned.path
            let to = try create(stored)
            let (count, checksum) = try copy(pinned.file, pinned.stamp.byteCount, to)
            return BackupManifest.File(
                path: pinned.path, stored: stored, byteCount: count, checksum: checksum,
                stamp: count == pinned.stamp.byteCount ? pinned.stamp : nil)
        }

        mutating func write(_ path: String, _ bytes: [UInt8]) throws(DiskError) -> BackupManifest.File {
            let shared = bytes.withUnsafeBytes { SharedBytes(copying: $0) }
            return try write(path, shared.buffer)
        }

        mutating func write(_ path: String, _ bytes: UnsafeRawBufferPointer) throws(DiskError) -> BackupManifest.File {
            let stored = folder + "/" + path
            let file = try create(stored)
            try file.write(bytes, at: 0)
            try file.sync()
            copiedBytes += Int64(bytes.count)
            return BackupManifest.File(
                path: path, stored: stored, byteCount: Int64(bytes.count), checksum: CRC32C.checksum(bytes), stamp: nil)
        }

        /// Whether the file was as it had been backed up.
        mutating func restore(_ file: BackupManifest.File, from backup: any Disk) throws(DiskError) -> Bool {
            let from: any DiskFile
            do throws(DiskError) {
                from = try backup.open(file.stored, .read)
            } catch {
                if error.code == .missing { return false }
                throw error
            }
            let size = try from.size()
            let (count, checksum) = try copy(from, max(size, file.byteCount), create(file.path))
            return count == file.byteCount && checksum == file.checksum
        }

        private mutating func copy(
            _ from: any DiskFile, _ limit: Int64, _ to: any DiskFile
        ) throws(DiskError) -> (Int64, UInt32) {
            var at: Int64 = 0
            var checksum: UInt32 = 0
            while at < limit {
                let room = UnsafeMutableRawBufferPointer(
                    rebasing: piece.bytes[0..<Int(min(Int64(piece.bytes.count), limit - at))])
                let got = try from.read(into: room, at: at)
                if got == 0 { break }
                let bytes = UnsafeRawBufferPointer(room).part(0..<got)
                try to.write(bytes, at: at)
                to.startWriteBack(from: at, count: Int64(got))
                checksum = CRC32C.checksum(bytes, after: checksum)
                at += Int64(got)
            }
            try to.sync()
            copiedBytes += at
            return (at, checksum)
        }

        /// Syncs the folders of what was written.
        mutating func finish() throws(DiskError) {
            for folder in folders.sorted() { try target.syncDirectory(folder) }
            folders = []
        }
    }

    private final class Piece {
        let bytes: UnsafeMutableRawBufferPointer
        init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 4096) }
        deinit { bytes.deallocate() }
    }
}
