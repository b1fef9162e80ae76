// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A disk that refuses what a test names before anything is done: an opening, a renaming, a removal.
final class StubbornDisk: Disk, @unchecked Sendable {
    enum Doing { case opening, openingDirectory, renaming, removing }

    private let disk: any Disk
    /// What an operation on a path is refused with; nil lets it be done.
    var refusal: (Doing, String) -> DiskError.Code? = { _, _ in nil }

    init(_ disk: any Disk) { self.disk = disk }

    private func ask(_ doing: Doing, _ path: String) throws(DiskError) {
        if let code = refusal(doing, path) { throw DiskError(code, "\(doing) \(path): refused") }
    }

    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        try ask(.opening, path)
        return try disk.open(path, mode)
    }

    func createDirectory(_ path: String) throws(DiskError) { try disk.createDirectory(path) }
    func list(_ path: String) throws(DiskError) -> [String] { try disk.list(path) }

    func rename(_ from: String, to: String) throws(DiskError) {
        try ask(.renaming, from)
        try disk.rename(from, to: to)
    }

    func remove(_ path: String) throws(DiskError) {
        try ask(.removing, path)
        try disk.remove(path)
    }

    func syncDirectory(_ path: String) throws(DiskError) {
        try ask(.openingDirectory, path)
        try disk.syncDirectory(path)
    }

    func lock(_ path: String) throws(DiskError) -> any Sendable { try disk.lock(path) }
    func freeBytes() throws(DiskError) -> Int64 { try disk.freeBytes() }
}
