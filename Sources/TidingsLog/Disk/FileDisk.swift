// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem
import Synchronization
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's files below one folder.
///
/// - Concurrency: any thread; every call blocks.
package final class FileDisk: Disk {
    /// The folder all paths are relative to, without a trailing `/`.
    package let root: String

    /// Uses the folder at `root`, created (with those above it) when missing.
    package init(root: String) throws(DiskError) {
        var trimmed = root[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed = trimmed.dropLast() }
        self.root = String(trimmed)
        try FileDisk.createDurably(self.root)
    }

    /// Makes a folder with those above it, each of which then has its name for good.
    private static func createDurably(_ full: String) throws(DiskError) {
        if mkdir(full, 0o750) != 0 {
            let reason = errno
            if reason == EEXIST {
                var status = stat()
                if stat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
            }
            guard reason == ENOENT, let slash = full.lastIndex(of: "/"), slash > full.startIndex else {
                throw DiskError(system: reason, "creating the directory", full)
            }
            try createDurably(String(full[..<slash]))
            if mkdir(full, 0o750) != 0, errno != EEXIST {
                throw DiskError(system: errno, "creating the directory", full)
            }
        }
        let above = full.lastIndex(of: "/").map { full[..<max($0, full.index(after: full.startIndex))] } ?? "."
        do throws(DiskError) { try syncDirectory(at: String(above)) } catch {
            // Who may add names to a folder may not always read it.
            guard error.code == .forbidden else { throw error }
        }
    }

    private func absolute(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let full = absolute(path)
        let flags: Int32
        switch mode {
        case .read: flags = O_RDONLY
        case .write: flags = O_RDWR
        case .create: flags = O_RDWR | O_CREAT
        case .direct:
            let number = tidings_open_direct(full)
            if number >= 0 {
                let syncsWithWrite = FileSystems.syncsWithWrite(type: tidings_file_system(number))
                return SystemFile(number, path: full, syncsWithWrite: syncsWithWrite)
            }
            throw DiskError(system: errno, "opening", full)
        }
        while true {
            #if canImport(Glibc)
                let number = Glibc.open(full, flags | O_CLOEXEC, 0o640)
            #else
                let number = Darwin.open(full, flags | O_CLOEXEC, 0o640)
            #endif
            if number >= 0 { return SystemFile(number, path: full) }
            let reason = errno
            if reason != EINTR { throw DiskError(system: reason, "opening", full) }
        }
    }

    package func createDirectory(_ path: String) throws(DiskError) {
        let full = absolute(path)
        if mkdir(full, 0o750) == 0 { return }
        let reason = errno
        if reason == EEXIST {
            var status = stat()
            if stat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        }
        guard reason == ENOENT, let slash = full.lastIndex(of: "/"), slash > full.startIndex else {
            throw DiskError(system: reason, "creating the directory", full)
        }
        let parent = String(full[..<slash])
        try FileDisk.createParents(parent)
        if mkdir(full, 0o750) != 0 {
            let reason = errno
            if reason != EEXIST { throw DiskError(system: reason, "creating the directory", full) }
        }
    }

    private static func createParents(_ full: String) throws(DiskError) {
        if mkdir(full, 0o750) == 0 { return }
        let reason = errno
        if reason == EEXIST { return }
        guard reason == ENOENT, let slash = full.lastIndex(of: "/"), slash > full.startIndex else {
            throw DiskError(system: reason, "creating the directory", full)
        }
        try createParents(String(full[..<slash]))
        if mkdir(full, 0o750) != 0 {
            let reason = errno
            if reason != EEXIST { throw DiskError(system: reason, "creating the directory", full) }
        }
    }

    package func list(_ path: String) throws(DiskError) -> [String] {
        let full = absolute(path)
        guard let stream = opendir(full) else { throw DiskError(system: errno, "listing", full) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let reason = errno
                if reason != 0 { throw DiskError(system: reason, "listing", full) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) {
                var status = stat()
                isDirectory = lstat(full + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            }
            names.append(isDirectory ? name + "/" : name)
        }
        return names.sorted()
    }

    package func rename(_ from: String, to: String) throws(DiskError) {
        #if canImport(Glibc)
            let result = Glibc.rename(absolute(from), absolute(to))
        #else
            let result = Darwin.rename(absolute(from), absolute(to))
        #endif
        if result != 0 { throw DiskError(system: errno, "renaming", absolute(from)) }
    }

    package func remove(_ path: String) throws(DiskError) {
        let full = absolute(path)
        if unlink(full) == 0 { return }
        let reason = errno
        guard reason == EISDIR || reason == EPERM else { throw DiskError(system: reason, "removing", full) }
        if rmdir(full) != 0 { throw DiskError(system: errno, "removing the directory", full) }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try FileDisk.syncDirectory(at: absolute(path))
    }

    private static func syncDirectory(at full: String) throws(DiskError) {
        let directory = try openDirectory(full)
        if fsync(directory.number) != 0 { throw DiskError(failedSync: errno, "syncing the directory", full) }
    }

    private static func openDirectory(_ full: String) throws(DiskError) -> SystemFile {
        while true {
            #if canImport(Glibc)
                let number = Glibc.open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            #else
                let number = Darwin.open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            #endif
            if number >= 0 { return SystemFile(number, path: full) }
            let reason = errno
            if reason != EINTR { throw DiskError(system: reason, "opening the directory", full) }
        }
    }

    package func lock(_ path: String) throws(DiskError) -> any Sendable {
        guard let file = try open(path, .create) as? SystemFile else {
            preconditionFailure("a FileDisk opens SystemFiles")
        }
        while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            if reason == EWOULDBLOCK {
                throw DiskError(.busy, "\(absolute(path)) is locked by another process")
            }
            throw DiskError(system: reason, "locking", absolute(path))
        }
        return file
    }

    package func freeBytes() throws(DiskError) -> Int64 {
        var status = statvfs()
        if statvfs(root, &status) != 0 { throw DiskError(system: errno, "asking for free space of", root) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }
}

/// One open file of a ``FileDisk``; closed with its last owner.
final class SystemFile: DiskFile {
    let number: Int32
    private let path: String
    /// Whether a write may be told to be durable when it returns; else its sync is a call of its own.
    private let syncsWithWrite: Bool
    /// How long the file is at least. Asking the system before each write would make it note each one's time anew (its
    /// timestamps are fine-grained only where somebody looks), with another write of its own for every sync.
    private let knownSize = Atomic<Int64>(0)

    init(_ number: Int32, path: String, syncsWithWrite: Bool = false) {
        self.number = number
        self.path = path
        self.syncsWithWrite = syncsWithWrite
    }

    deinit { close(number) }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                number, bytes.baseAddress! + done, bytes.count - done, off_t(position + Int64(done)))
            if written < 0 {
                let reason = errno
                if reason == EINTR { continue }
                throw DiskError(system: reason, "writing", path)
            }
            // A regular file takes nothing only when there is no room.
            if written == 0 { throw DiskError(.noSpace, "writing \(path): nothing more was taken") }
            done += written
        }
    }

    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError) {
        try write(pieces, at: position, TIDINGS_UNSYNCED)
    }

    func writeSynced(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError) {
        // A file that grows may find no room; said of both at once, nobody could tell whether that was the sync.
        let end = pieces.reduce(position) { $0 + Int64($1.count) }
        if syncsWithWrite, end > knownSize.load(ordering: .relaxed) {
            knownSize.store(try size(), ordering: .relaxed)
        }
        let isOneCall = syncsWithWrite && end <= knownSize.load(ordering: .relaxed)
        try write(pieces, at: position, isOneCall ? TIDINGS_SYNCED_AT_ONCE : TIDINGS_SYNCED)
    }

    private func write(
        _ pieces: [UnsafeRawBufferPointer], at position: Int64, _ how: tidings_sync
    ) throws(DiskError) {
        let reason = withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(pieces.count, 1)) { room in
            for (place, piece) in pieces.enumerated() {
                room[place] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
            }
            let result = tidings_write_pieces(
                number, room.baseAddress, Int32(pieces.count), position, how)
            return result == 0 ? 0 : errno
        }
        if reason != 0 {
            throw DiskError(system: reason, how == TIDINGS_UNSYNCED ? "writing" : "writing and syncing", path)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(DiskError) -> Int {
        var done = 0
        while done < buffer.count {
            let got = pread(number, buffer.baseAddress! + done, buffer.count - done, off_t(position + Int64(done)))
            if got < 0 {
                let reason = errno
                if reason == EINTR { continue }
                throw DiskError(system: reason, "reading", path)
            }
            if got == 0 { break }
            done += got
        }
        return done
    }

    func sync() throws(DiskError) {
        while tidings_sync_data(number) != 0 {
            let reason = errno
            // An interrupted sync has done nothing yet; every other failure is final.
            if reason == EINTR { continue }
            throw DiskError(failedSync: reason, "syncing", path)
        }
    }

    func startWriteBack(from position: Int64, count: Int64) {
        _ = tidings_start_write_back(number, position, count)
    }

    func startReading(from position: Int64, count: Int64) { tidings_start_reading(number, position, count) }

    func truncate(to count: Int64) throws(DiskError) {
        knownSize.store(0, ordering: .relaxed)
        while ftruncate(number, off_t(count)) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            throw DiskError(system: reason, "cutting", path)
        }
    }

    func size() throws(DiskError) -> Int64 {
        var status = stat()
        if fstat(number, &status) != 0 { throw DiskError(system: errno, "asking for the size of", path) }
        return Int64(status.st_size)
    }

    func stamp() throws(DiskError) -> FileStamp {
        var status = stat()
        if fstat(number, &status) != 0 { throw DiskError(system: errno, "looking at", path) }
        #if canImport(Glibc)
            let modified = status.st_mtim
        #else
            let modified = status.st_mtimespec
        #endif
        // Files of one folder lie on one device.
        return FileStamp(
            identity: UInt64(status.st_ino), byteCount: Int64(status.st_size),
            modified: Int64(modified.tv_sec) &* 1_000_000_000 &+ Int64(modified.tv_nsec))
    }

    func modified() throws(DiskError) -> WallTime {
        var status = stat()
        if fstat(number, &status) != 0 { throw DiskError(system: errno, "asking for the time of", path) }
        #if canImport(Glibc)
            let time = status.st_mtim
        #else
            let time = status.st_mtimespec
        #endif
        let (millis, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000)
        return WallTime(millis: overflow ? 0 : millis + Int64(time.tv_nsec) / 1_000_000)
    }

    func setModified(_ time: WallTime) throws(DiskError) {
        let millis = max(0, time.millis)
        let stamp = timespec(tv_sec: Int(millis / 1_000), tv_nsec: Int(millis % 1_000) * 1_000_000)
        if futimens(number, [stamp, stamp]) != 0 { throw DiskError(system: errno, "setting the time of", path) }
    }
}

/// Which file systems do what this log needs of them.
enum FileSystems {
    /// Those whose write with RWF_DSYNC is durable when it returns, and takes no room in a file that was written before,
    /// by the number that statfs gives them. Elsewhere the sync is a call of its own: btrfs needs room for every write and
    /// could not say whether it or the sync found none; what lies below overlay is not known; NFS, FUSE and others may
    /// ignore the flag.
    private static let known: Set<UInt32> = [
        0xEF53,  // ext2, ext3, ext4
        0x5846_5342,  // XFS
        0x0102_1994,  // tmpfs, where there is nothing to sync
    ]

    static func syncsWithWrite(type: UInt32) -> Bool { known.contains(type) }
}

extension DiskError {
    /// Says what the system said of a sync: whatever it was, what was written may be gone, so it is never a lack of room.
    init(failedSync reason: Int32, _ doing: String, _ path: String) {
        self.init(.failed, DiskError(system: reason, doing, path).description)
    }

    /// Says what the system said: `reason` is its errno.
    init(system reason: Int32, _ doing: String, _ path: String) {
        let code: Code =
            switch reason {
            case ENOENT, ENOTDIR: .missing
            case EEXIST, ENOTEMPTY: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EMFILE, ENFILE: .noHandles
            case EACCES, EPERM, EROFS: .forbidden
            default: .failed
            }
        self.init(code, "\(doing) \(path): \(String(cString: strerror(reason)))")
    }
}
