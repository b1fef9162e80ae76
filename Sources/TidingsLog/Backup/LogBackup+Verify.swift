// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension LogBackup {
    /// How often a backup that changes while it is verified is begun again.
    private static let attempts = 5

    /// Whether a folder is a backup and not a data folder.
    package static func isBackup(_ disk: any Disk) -> Bool {
        let names = (try? disk.list("")) ?? []
        return !names.contains("format") && (names.contains(BackupManifest.path) || names.contains("files/"))
    }

    /// Reads every file of a backup, and holds it against the manifest's size and checksum. A backup into the folder may run.
    /// - Returns: the files that are not what was backed up; empty when all are.
    package static func verify(
        _ backup: any Disk, progress: (String) -> Void = { _ in }
    ) throws(LogToolError) -> [LogInspector.Finding] {
        for _ in 0..<attempts {
            guard let manifest = try manifest(of: backup) else {
                throw LogToolError("this is no backup: it has no manifest")
            }
            let found = try verify(manifest, backup, progress)
            // A newer backup removes what its manifest does not name any more.
            if found.isEmpty { return found }
            if try self.manifest(of: backup) == manifest { return found }
        }
        throw LogToolError("the backup changed at every look")
    }

    private static func verify(
        _ manifest: BackupManifest, _ backup: any Disk, _ progress: (String) -> Void
    ) throws(LogToolError) -> [LogInspector.Finding] {
        let copier = BackupCopier(target: backup, folder: "")
        var found: [LogInspector.Finding] = []
        for file in manifest.files {
            progress("reading \(file.stored)")
            let fault: String?
            do throws(DiskError) { fault = try copier.fault(of: file, in: backup, reads: true) } catch {
                throw LogToolError(error.description)
            }
            guard let fault else { continue }
            found.append(
                LogInspector.Finding(
                    severity: .damage, path: file.stored, position: 0,
                    description: "not what was backed up of \(file.path): \(fault)"))
        }
        return found
    }
}
