// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Copies files into a folder piece by piece, with their checksums, and syncs them and their folders.
struct BackupCopier {
    private static let pieceBytes = 1 << 20

    let target: any Disk
    /// Below which everything goes.
    let folder: String
    private var folders: Set<String> = []
    private(set) var copiedBytes: Int64 = 0
    private let piece = Piece()

    init(target: any Disk, folder: String) {
        self.target = target
        self.folder = folder
    }

    private mutating func create(_ path: String) throws(DiskError) -> any DiskFile {
        var above = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        if !above.isEmpty { try target.createDirectory(String(above)) }
        while !above.isEmpty, folders.insert(String(above)).inserted {
            above = above[..<(above.lastIndex(of: "/") ?? above.startIndex)]
        }
        let file = try target.open(path, .create)
        try file.truncate(to: 0)
        return file
    }

    /// Copies a file of the data folder into the backup. What the disk cannot read is there as an earlier copy of the file
    /// has it, or as zeros.
    /// - Returns: what the manifest says of the copy, and whether all of the file could be read.
    mutating func copy(
        _ pinned: FolderView.Pinned, earlier: BackupManifest.File?
    ) throws(DiskError) -> (file: BackupManifest.File, isWhole: Bool) {
        let stored = folder + "/" + pinned.path
        var known: (any DiskFile)?
        if let earlier, earlier.stamp?.identity == pinned.stamp.identity {
            known = try? target.open(earlier.stored, .read)
        }
        let read = try copy(pinned.file, pinned.stamp.byteCount, create(stored), .zeros(or: known))
        if let error = read.error { throw error }
        var stamp = read.byteCount == pinned.stamp.byteCount ? pinned.stamp : nil
        if read.hasGaps {
            // Of no time, it never counts as what the file is: the next backup tries again.
            stamp = FileStamp(identity: pinned.stamp.identity, byteCount: read.byteCount, modified: -1)
        }
        let file = BackupManifest.File(
            path: pinned.path, stored: stored, byteCount: read.byteCount, checksum: read.checksum, stamp: stamp)
        return (file, !read.hasGaps)
    }

    /// Writes a file of the backup that the data folder does not have in this form.
    mutating func write(_ path: String, _ bytes: [UInt8]) throws(DiskError) -> BackupManifest.File {
        let shared = bytes.withUnsafeBytes { SharedBytes(copying: $0) }
        return try write(path, shared.buffer)
    }

    /// Writes a file of the backup that the data folder does not have in this form.
    mutating func write(_ path: String, _ bytes: UnsafeRawBufferPointer) throws(DiskError) -> BackupManifest.File {
        let stored = folder + "/" + path
        let file = try create(stored)
        try file.write(bytes, at: 0)
        try file.sync()
        copiedBytes += Int64(bytes.count)
        return BackupManifest.File(
            path: path, stored: stored, byteCount: Int64(bytes.count), checksum: CRC32C.checksum(bytes), stamp: nil)
    }

    /// Copies a file of a backup to its place in the data folder.
    /// - Returns: why it is not what was backed up; nil when it is.
    mutating func restore(_ file: BackupManifest.File, from backup: any Disk) throws(DiskError) -> String? {
        switch try Self.opened(file, in: backup) {
        case .failure(let error): return error.description
        case .success(let (from, size)):
            let read = try copy(from, max(size, file.byteCount), create(file.path))
            return Self.fault(of: file, read, size)
        }
    }

    /// Why a file of a backup is not what was backed up; nil when it is.
    /// - Parameter reads: whether its bytes are read; else its size is all that is looked at.
    func fault(
        of file: BackupManifest.File, in backup: any Disk, reads: Bool
    ) throws(DiskError) -> String? {
        switch try Self.opened(file, in: backup) {
        case .failure(let error): return error.description
        case .success(let (from, size)):
            // What has another size needs no reading.
            guard reads, size == file.byteCount else {
                return Self.fault(
                    of: file, Copied(byteCount: file.byteCount, checksum: file.checksum, error: nil), size)
            }
            return Self.fault(of: file, try read(from, size, nil), size)
        }
    }

    private static func fault(of file: BackupManifest.File, _ read: Copied, _ size: Int64) -> String? {
        if let error = read.error { return error.description }
        if size != file.byteCount { return "it has \(size) bytes, and had \(file.byteCount)" }
        if read.byteCount != file.byteCount || read.checksum != file.checksum { return "its checksum does not match" }
        return nil
    }

    /// A file of a backup, with its size. What is missing or cannot be read is no failure of the tool.
    private static func opened(
        _ file: BackupManifest.File, in backup: any Disk
    ) throws(DiskError) -> Result<(any DiskFile, Int64), DiskError> {
        do throws(DiskError) {
            let from = try backup.open(file.stored, .read)
            return .success((from, try from.size()))
        } catch {
            if error.code == .missing { return .failure(DiskError(.missing, "it is missing")) }
            if error.code == .failed { return .failure(error) }
            throw error
        }
    }

    /// What was read of a file, and why no more could be.
    private struct Copied {
        var byteCount: Int64 = 0
        var checksum: UInt32 = 0
        var error: DiskError?
        /// Whether there were pages that the disk could not read.
        var hasGaps = false
    }

    /// What is done about pages that the disk cannot read.
    private enum Gaps {
        /// The reading ends.
        case stop
        /// They are zeros, or what another file has there.
        case zeros(or: (any DiskFile)?)
    }

    /// Reads a file up to `limit`, and copies what is read to `to`. Only of the writing an error is thrown.
    private func read(
        _ from: any DiskFile, _ limit: Int64, _ to: (any DiskFile)?, _ gaps: Gaps = .stop
    ) throws(DiskError) -> Copied {
        var copied = Copied()
        while copied.byteCount < limit {
            let at = copied.byteCount
            let room = UnsafeMutableRawBufferPointer(
                rebasing: piece.bytes[0..<Int(min(Int64(piece.bytes.count), limit - at))])
            let got: Int
            do throws(DiskError) { got = try from.read(into: room, at: at) } catch {
                guard error.code == .failed, case .zeros(let other) = gaps else {
                    copied.error = error
                    break
                }
                got = Self.fill(room, from, other, at)
                copied.hasGaps = true
            }
            if got == 0 { break }
            let bytes = UnsafeRawBufferPointer(room).part(0..<got)
            if let to {
                try to.write(bytes, at: at)
                to.startWriteBack(from: at, count: Int64(got))
            }
            copied.checksum = CRC32C.checksum(bytes, after: copied.checksum)
            copied.byteCount += Int64(got)
        }
        return copied
    }

    /// Reads what can be read of a piece; the rest is what `other` has there, or zeros.
    private static func fill(
        _ room: UnsafeMutableRawBufferPointer, _ from: any DiskFile, _ other: (any DiskFile)?, _ position: Int64
    ) -> Int {
        for start in stride(from: 0, to: room.count, by: RoundHeader.alignment) {
            let page = UnsafeMutableRawBufferPointer(
                rebasing: room[start..<min(start + RoundHeader.alignment, room.count)])
            let at = position + Int64(start)
            if (try? from.read(into: page, at: at)) == page.count { continue }
            page.initializeMemory(as: UInt8.self, repeating: 0)
            _ = try? other?.read(into: page, at: at)
        }
        return room.count
    }

    private mutating func copy(
        _ from: any DiskFile, _ limit: Int64, _ to: any DiskFile, _ gaps: Gaps = .stop
    ) throws(DiskError) -> Copied {
        let copied = try read(from, limit, to, gaps)
        try to.sync()
        copiedBytes += copied.byteCount
        return copied
    }

    /// Syncs the folders of what was written.
    mutating func finish() throws(DiskError) {
        for folder in folders.sorted() { try target.syncDirectory(folder) }
        folders = []
    }

    private final class Piece {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: BackupCopier.pieceBytes, alignment: 4096)
        deinit { bytes.deallocate() }
    }
}
