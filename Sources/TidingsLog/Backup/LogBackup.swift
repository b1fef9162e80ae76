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
        /// Files of the data folder whose copy is not what was backed up: a backup took them again, a restore that was told
        /// to went on past them.
        package var damaged: [String] = []
        /// Files of the data folder that the disk cannot read in whole: the copy has zeros there, or what an earlier one had.
        package var unreadable: [String] = []
    }

    // MARK: backup

    /// Makes a backup of the data folder on `source` in the folder on `target`.
    /// - Parameter checks: whether what the folder has already is read and held against its checksum; else its size is.
    /// - Parameter replaces: whether the backup of another folder, or of a later state of this one, is given up for it.
    package static func back(
        up source: any Disk, into target: any Disk, at time: WallTime, checks: Bool = false, replaces: Bool = false,
        progress: (String) -> Void = { _ in }
    ) throws(LogToolError) -> Summary {
        let lock = try lock(target)
        defer { _ = lock }
        var former = try former(of: target, replaces)
        let view = try FolderView.take(source)
        if replaces {
            former.files = []
        } else if former.number > 0 {
            try refuse(view, inPlaceOf: former, in: target)
        }
        do throws(DiskError) {
            return try copy(view, to: target, former: former, at: time, checks, progress)
        } catch {
            throw LogToolError(error.description)
        }
    }

    /// What the backup folder has; of one whose manifest is damaged, when it is given up, only which numbers are taken.
    private static func former(of target: any Disk, _ replaces: Bool) throws(LogToolError) -> BackupManifest {
        do throws(LogToolError) { return try manifest(of: target) ?? BackupManifest() } catch {
            guard replaces else {
                throw LogToolError("\(error.description): `tidings log backup --replace` begins anew, and gives it up")
            }
            var former = BackupManifest()
            let names = (try? target.list("files")) ?? []
            former.number = names.compactMap { Int64($0.dropLast()) }.max() ?? 0
            return former
        }
    }

    private static func copy(
        _ view: FolderView, to target: any Disk, former: BackupManifest, at time: WallTime, _ checks: Bool,
        _ progress: (String) -> Void
    ) throws(DiskError) -> Summary {
        var manifest = BackupManifest()
        manifest.number = former.number + 1
        manifest.time = time
        manifest.lastRound = view.lastRound
        let known = Dictionary(former.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        var copier = BackupCopier(target: target, folder: "files/\(manifest.number)")
        var damaged: [String] = []
        var unreadable = view.unreadable
        for pinned in view.files {
            if let old = known[pinned.path], old.stamp == pinned.stamp {
                if checks { progress("checking \(old.stored)") }
                if try copier.fault(of: old, in: target, reads: checks) == nil {
                    manifest.files.append(old)
                    continue
                }
                damaged.append(old.path)
            }
            progress("copying \(pinned.path)")
            let (file, isWhole) = try copier.copy(pinned, earlier: known[pinned.path])
            manifest.files.append(file)
            if !isWhole { unreadable.append(pinned.path) }
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
            byteCount: manifest.byteCount, copiedBytes: copier.copiedBytes, damaged: damaged,
            unreadable: unreadable)
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
            let names = try target.list("").filter { $0 != FolderView.ofFileSystem }
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
    static func manifest(of target: any Disk) throws(LogToolError) -> BackupManifest? {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try target.contents(of: BackupManifest.path)
        } catch {
            if error.code == .missing { return nil }
            throw LogToolError(error.description)
        }
        return try BackupManifest(decoding: bytes)
    }
}
