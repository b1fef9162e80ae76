// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A disk that tells of every operation before it does it: so that a test can act between any two of them.
final class WatchedDisk: Disk, @unchecked Sendable {
    private let disk: any Disk
    /// Called before each operation with its number, from 0.
    var before: (Int) throws -> Void = { _ in }
    private(set) var count = 0

    init(_ disk: any Disk) { self.disk = disk }

    private func step() {
        defer { count += 1 }
        do { try before(count) } catch { preconditionFailure("\(error)") }
    }

    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        step()
        return try disk.open(path, mode)
    }

    func createDirectory(_ path: String) throws(DiskError) { try disk.createDirectory(path) }

    func list(_ path: String) throws(DiskError) -> [String] {
        step()
        return try disk.list(path)
    }

    func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func syncDirectory(_ path: String) throws(DiskError) { try disk.syncDirectory(path) }
    func lock(_ path: String) throws(DiskError) -> any Sendable { try disk.lock(path) }
    func freeBytes() throws(DiskError) -> Int64 { try disk.freeBytes() }
}
