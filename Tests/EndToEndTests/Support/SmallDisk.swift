// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import TidingsTesting

/// A disk of a few megabytes in memory, mounted for a test; only root can.
final class SmallDisk {
    /// Where it is mounted.
    let path: String
    private var filler: String { path + "/filler" }

    /// Whether this process may mount one.
    static let isPossible: Bool = {
        #if os(Linux)
            geteuid() == 0 && (try? SmallDisk(megabytes: 1)) != nil
        #else
            false
        #endif
    }()

    /// Mounts a disk, of which `taken` bytes are taken already by another's file.
    init(megabytes: Int, taken: Int = 0) throws {
        path = NSTemporaryDirectory() + "tidings-disk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let mount = try ChildProcess(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tidings-test", path])
        guard mount.wait() == 0 else {
            try? FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteNoPermission)
        }
        if taken > 0 { try Data(count: taken).write(to: URL(fileURLWithPath: filler)) }
    }

    deinit {
        if let process = try? ChildProcess(["umount", "-l", path]) { process.wait() }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Takes the other's file away.
    func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }
}
