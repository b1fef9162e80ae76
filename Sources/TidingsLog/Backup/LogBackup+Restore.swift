// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension LogBackup {
    /// Stands in the place of `format` until everything is restored: it tells the rest of a restore that was broken off
    /// from a folder that somebody needs.
    static let marker = "restoring"
    /// Says in `log/meta` that the folder was restored and not opened since.
    static let restoredName = "restored"

    /// Makes a data folder of a backup in the empty folder on `target`, or where an earlier restore was broken off. Of one
    /// that fails nothing stays.
    /// - Parameter allowsDamage: goes on past files that are not what was backed up, and names them.
    package static func restore(
        _ backup: any Disk, into target: any Disk, allowsDamage: Bool = false, progress: (String) -> Void = { _ in }
    ) throws(LogToolError) -> Summary {
        guard let manifest = try manifest(of: backup) else {
            throw LogToolError("this is no backup: it has no manifest")
        }
        do throws(DiskError) {
            try refuseOccupied(target)
            let lock = try target.lock("LOCK")
            defer { _ = lock }
            try refuseOccupied(target)
            try mark(target)
            do throws(DiskError) {
                return try restore(manifest, backup, target, allowsDamage, progress)
            } catch {
                // What cannot be removed now is removed by the next restore, which knows it by the marker.
                try? clear(target)
                throw error
            }
        } catch {
            throw LogToolError(error.description)
        }
    }

    private static func refuseOccupied(_ target: any Disk) throws(DiskError) {
        let names = try target.list("").filter { !["LOCK", FolderView.ofFileSystem].contains($0) }
        guard names.isEmpty || names.contains(marker) && !names.contains("format") else {
            throw DiskError(.exists, "the folder is not empty: a backup is restored into an empty one")
        }
    }

    /// Says that all in the folder is of a restore, and removes what an earlier one left.
    private static func mark(_ target: any Disk) throws(DiskError) {
        try clearContents(target)
        let file = try target.open(marker, .create)
        try file.truncate(to: 0)
        try file.write([UInt8](FolderOpening.formatText.utf8), at: 0)
        try file.sync()
        try target.syncDirectory("")
    }

    private static func clear(_ target: any Disk) throws(DiskError) {
        if try target.has("format", in: "") {
            // The last step failed: until its name is gone for good, the folder may count as whole.
            try target.rename("format", to: marker)
            try target.syncDirectory("")
        }
        try clearContents(target)
        try target.syncDirectory("")
        try target.remove(marker)
        try target.syncDirectory("")
    }

    private static func clearContents(_ target: any Disk, in folder: String = "") throws(DiskError) {
        for name in try target.list(folder)
        where !(folder.isEmpty && ["LOCK", marker, FolderView.ofFileSystem].contains(name)) {
            let path = folder + (folder.isEmpty ? "" : "/") + (name.hasSuffix("/") ? String(name.dropLast()) : name)
            if name.hasSuffix("/") { try clearContents(target, in: path) }
            try target.remove(path)
        }
    }

    private static func restore(
        _ manifest: BackupManifest, _ backup: any Disk, _ target: any Disk, _ allowsDamage: Bool,
        _ progress: (String) -> Void
    ) throws(DiskError) -> Summary {
        var summary = Summary(
            number: manifest.number, lastRound: manifest.lastRound, fileCount: manifest.files.count,
            byteCount: manifest.byteCount)
        for folder in ["log"] + FolderOpening.folders { try target.createDirectory(folder) }
        var copier = BackupCopier(target: target, folder: "")
        for file in manifest.files {
            progress("restoring \(file.path)")
            // The marker becomes the format, last.
            let fault =
                file.path == "format"
                ? try copier.fault(of: file, in: backup, reads: true) : try copier.restore(file, from: backup)
            guard let fault else { continue }
            guard allowsDamage else {
                throw DiskError(
                    .failed,
                    "\(file.stored) of the backup is not what was backed up (\(fault)). Nothing was restored; --damaged "
                        + "goes on past such files")
            }
            summary.damaged.append(file.path)
        }
        // Partitions without a record have no file.
        if case .metadata(let metadata, _) = try MetadataStore(disk: target).load() {
            for topic in metadata.topics {
                for index in topic.partitions.indices {
                    try target.createDirectory(SegmentNames.folder(topic.name, Int32(index)))
                }
            }
        }
        // The first opening goes by the rounds, whatever the files have beyond them: but not where rounds are damaged.
        if !summary.damaged.contains(where: { $0.hasPrefix(WriteAheadLog.folder + "/") }) {
            try target.open("\(MetadataStore.folder)/\(restoredName)", .create).sync()
            try target.syncDirectory(MetadataStore.folder)
        }
        try copier.finish()
        for folder in ["log", ""] { try target.syncDirectory(folder) }
        try target.rename(marker, to: "format")
        try target.syncDirectory("")
        summary.copiedBytes = copier.copiedBytes
        return summary
    }
}
