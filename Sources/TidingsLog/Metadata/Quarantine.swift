// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Where what cannot be read is put, and how it is called there.
enum Quarantine {
    static let folder = "log/quarantine"
    /// The most that is copied of one range; the range itself stays where it is.
    static let copyLimit = 64 << 20
    /// What file systems take for a name, and the room in it for a counter and for what a file is called while it is
    /// written.
    private static let (longestName, spareBytes) = (255, 16)

    /// The path for something that is set aside, which nothing has yet: `<name>-<ending>`, and a counter when that is taken.
    /// - Parameters:
    ///   - name: a partition's or a folder's; of one that is too long, the beginning and a checksum.
    ///   - ending: what tells it from others of that name; may end in a suffix.
    static func newPath(_ name: String, _ ending: String, on disk: any Disk) throws(DiskError) -> String {
        let taken: Set<String>
        do throws(DiskError) { taken = Set(try disk.list(folder)) } catch {
            guard error.code == .missing else { throw error }
            taken = []
        }
        let whole = shortened(name, to: longestName - spareBytes - ending.utf8.count - 1) + "-" + ending
        let dot = ending.contains(".") ? whole.lastIndex(of: ".") ?? whole.endIndex : whole.endIndex
        var (path, count) = (whole, 1)
        while taken.contains(path) || taken.contains(path + "/") {
            count += 1
            path = whole[..<dot] + "-\(count)" + whole[dot...]
        }
        return folder + "/" + path
    }

    /// Copies a range of a file to `path`, durably; what cannot be read of it is zeros. What was there is written over.
    static func copy(
        _ range: Range<Int64>, of file: any DiskFile, to path: String, on disk: any Disk
    ) throws(DiskError) {
        let copy = try disk.open(path, .create)
        try copy.truncate(to: 0)
        try file.copy(range, to: copy)
        try copy.sync()
        try disk.syncDirectory(folder)
    }

    private static func shortened(_ name: String, to byteCount: Int) -> String {
        guard name.utf8.count > byteCount else { return name }
        let checksum = "~" + String(Array(name.utf8).withUnsafeBytes { CRC32C.checksum($0) }, radix: 16)
        var short = name
        while !short.isEmpty, short.utf8.count + checksum.utf8.count > byteCount { short.removeLast() }
        return short + checksum
    }
}
