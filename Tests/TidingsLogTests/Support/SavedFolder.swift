// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The data folders in Tests/Saved, as versions of Tidings have written them.
enum SavedFolder {
    private static func root(_ testFile: String = #filePath) -> String {
        var parts = testFile.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/") + "/Saved"
    }

    /// Their names.
    static var all: [String] {
        ((try? FileDisk(root: root()).list("")) ?? []).filter { $0.hasSuffix("/") }.map { String($0.dropLast()) }
    }

    /// A copy of one on a disk of its own; folders of partitions without a record are made, since git keeps no empty ones.
    static func load(_ name: String) throws -> SimulatedDisk {
        let disk = SimulatedDisk(seed: 1)
        for folder in ["log"] + FolderOpening.folders { try disk.createDirectory(folder) }
        try copy("", FileDisk(root: root() + "/" + name), disk)
        if case .metadata(let metadata, _) = try MetadataStore(disk: disk).load() {
            for topic in metadata.topics {
                for index in topic.partitions.indices {
                    try disk.createDirectory(SegmentNames.folder(topic.name, Int32(index)))
                }
            }
        }
        return disk
    }

    private static func copy(_ folder: String, _ from: FileDisk, _ to: SimulatedDisk) throws {
        for name in try from.list(folder) {
            let path = folder.isEmpty ? name : folder + "/" + name
            if name.hasSuffix("/") {
                try to.createDirectory(String(path.dropLast()))
                try copy(String(path.dropLast()), from, to)
            } else {
                let bytes = try from.contents(of: path)
                _ = try to.open(path, .create)
                to.replace(path, with: bytes)
            }
        }
    }
}
