// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Removes what deleted topics left behind.
enum Deletions {
    /// How the folders end that wait to be removed; a partition's folder ends in its number.
    private static let suffix = ".deleted"

    /// Whether a name in `log/`, as it is listed, is of a folder that waits to be removed.
    static func isWaiting(_ name: String) -> Bool { name.hasSuffix(suffix + "/") }

    /// Renames the folders of deleted topics, then removes what was renamed. A folder whose name a living topic has now
    /// is that topic's: the old one was renamed before the new one was made.
    /// - Returns: those of which a folder could not be renamed. What could not be removed is found by its name.
    static func finish(
        _ metadata: LogMetadata, on disk: any Disk, _ logger: Logger
    ) throws(DiskError) -> [LogMetadata.Deletion] {
        let living = Set(metadata.topics.map(\.name))
        let names = Set(try disk.list("log"))
        var isRenamed = false
        var left: [LogMetadata.Deletion] = []
        for deletion in metadata.deletions where !living.contains(deletion.name) {
            do throws(DiskError) {
                for index in 0..<max(0, deletion.partitionCount) {
                    let folder = SegmentNames.folder(deletion.name, index)
                    guard names.contains(String(folder.dropFirst(4)) + "/") else { continue }
                    // A topic's name may be as long as a file's may be: the new one has only numbers.
                    try disk.rename(folder, to: "log/\(deletion.id.number)-\(index)\(suffix)")
                    isRenamed = true
                }
            } catch {
                left.append(deletion)
                warn(deletion.name.text, error, logger)
            }
        }
        if isRenamed { try disk.syncDirectory("log") }
        for name in try disk.list("log") where isWaiting(name) {
            do throws(DiskError) { try remove("log/" + name.dropLast(), disk) } catch { warn(name, error, logger) }
        }
        return left
    }

    private static func remove(_ folder: String, _ disk: any Disk) throws(DiskError) {
        for file in try disk.list(folder) { try disk.remove(folder + "/" + file) }
        try disk.remove(folder)
    }

    private static func warn(_ name: String, _ error: DiskError, _ logger: Logger) {
        logger.warning(
            "a deleted topic's files are still there: they are tried again at the next start",
            [("name", name), ("reason", error.description)])
    }
}
