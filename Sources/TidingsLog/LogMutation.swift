// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if TIDINGS_MUTATIONS
    import TidingsCore

    /// A fault that a test plants, to see whether the harness finds it. Not in release builds.
    package enum LogMutation: Sendable, Hashable, CaseIterable {
        /// Answers a round's appends before it is synced.
        case acknowledgesBeforeSync
        /// Does not sync directories.
        case skipsDirectorySync
        /// Takes rounds and batches for whole without looking at their checksums.
        case skipsChecksums
        /// Uses blocks of the write-ahead log again before a checkpoint has their rounds.
        case freesRoundsEarly
        /// Stores a batch again that a producer repeats.
        case storesRepeats

        /// The disk as a log with this fault uses it.
        func disk(_ disk: any Disk) -> any Disk {
            switch self {
            case .acknowledgesBeforeSync, .skipsDirectorySync: NegligentDisk(disk, self)
            case .skipsChecksums, .freesRoundsEarly, .storesRepeats: disk
            }
        }
    }

    /// A disk whose user forgets to sync directories, or syncs a block of the write-ahead log only when it has more to write
    /// there.
    private final class NegligentDisk: Disk {
        private let disk: any Disk
        private let mutation: LogMutation

        init(_ disk: any Disk, _ mutation: LogMutation) {
            self.disk = disk
            self.mutation = mutation
        }

        func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
            let file = try disk.open(path, mode)
            let isLate = mutation == .acknowledgesBeforeSync && path.hasPrefix(WriteAheadLog.folder + "/")
            return isLate ? LateFile(file) : file
        }

        func createDirectory(_ path: String) throws(DiskError) { try disk.createDirectory(path) }
        func list(_ path: String) throws(DiskError) -> [String] { try disk.list(path) }
        func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
        func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
        func syncDirectory(_ path: String) throws(DiskError) {
            if mutation != .skipsDirectorySync { try disk.syncDirectory(path) }
        }
        func lock(_ path: String) throws(DiskError) -> any Sendable { try disk.lock(path) }
        func freeBytes() throws(DiskError) -> Int64 { try disk.freeBytes() }
    }

    /// A file that is synced one write too late.
    private final class LateFile: DiskFile {
        private let file: any DiskFile
        private let owesSync = Locked(false)

        init(_ file: any DiskFile) { self.file = file }

        func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DiskError) {
            let owes = owesSync.withLock { owes in
                defer { owes = false }
                return owes
            }
            if owes { try file.sync() }
            try file.write(bytes, at: position)
        }
        func sync() throws(DiskError) { owesSync.withLock { $0 = true } }
        func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(DiskError) -> Int {
            try file.read(into: buffer, at: position)
        }
        func startWriteBack(from position: Int64, count: Int64) {}
        func truncate(to count: Int64) throws(DiskError) { try file.truncate(to: count) }
        func size() throws(DiskError) -> Int64 { try file.size() }
        func stamp() throws(DiskError) -> FileStamp { try file.stamp() }
        func modified() throws(DiskError) -> WallTime { try file.modified() }
        func setModified(_ time: WallTime) throws(DiskError) { try file.setModified(time) }
    }
#endif
