// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension LogBackup {
    /// Refuses to put a folder in the place of another one in its backup, or of a later state of its own: where a disk was
    /// lost, the next backup finds an empty folder, and the earlier one is all that is left.
    static func refuse(
        _ view: FolderView, inPlaceOf former: BackupManifest, in target: any Disk
    ) throws(LogToolError) {
        if let known = metadata(of: former, in: target), !isSame(view, former, known) {
            throw LogToolError(
                "the backup is of another data folder: none of its topics is one of this folder's. Nothing was changed. Give "
                    + "this folder a backup folder of its own, or give that backup up with --replace")
        }
        if view.lastRound < former.lastRound {
            throw LogToolError(
                "the backup has more than the data folder: it goes up to round \(former.lastRound), the folder to round "
                    + "\(view.lastRound). Nothing was changed. Restore it, or give it up with --replace")
        }
    }

    /// Whether the backup is of this folder: a topic is the same one, wherever it was restored to; and a repair that had to
    /// make topics anew leaves files as they were.
    private static func isSame(_ view: FolderView, _ former: BackupManifest, _ known: LogMetadata) -> Bool {
        if known.topics.isEmpty || known.life == view.metadata.life { return true }
        let topics = Set(known.topics.map(\.uuid))
        if view.metadata.topics.contains(where: { topics.contains($0.uuid) }) { return true }
        let stamps = Dictionary(former.files.map { ($0.path, $0.stamp) }, uniquingKeysWith: { $1 })
        return view.files.contains { $0.stamp.byteCount > 0 && stamps[$0.path] == $0.stamp }
    }

    /// The metadata that a backup has; nil when no copy of it can be read.
    private static func metadata(of manifest: BackupManifest, in target: any Disk) -> LogMetadata? {
        for file in manifest.files where MetadataStore.slots.contains(file.path) {
            guard let bytes = try? target.contents(of: file.stored) else { continue }
            if let found = bytes.withUnsafeBytes({ LogMetadata(decoding: $0) }) { return found }
        }
        return nil
    }
}
