// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Files, as the log needs them: the system's, or simulated ones that crash, tear and rot on demand.
/// Paths are relative to the root the disk was made with and use `/`. Any thread may call; a call blocks.
public protocol Disk: AnyObject, Sendable {
    /// Opens a file for reading and writing.
    /// - Throws: ``DiskError``; `.missing` when it must exist and does not.
    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile
    /// Creates a directory and those above it; nothing when it exists. Durable after `syncDirectory` of its parent.
    func createDirectory(_ path: String) throws(DiskError)
    /// Names in a directory, sorted; directories end in `/`. `.missing` when there is none.
    func list(_ path: String) throws(DiskError) -> [String]
    /// Moves a file or directory, replacing a file of the new name. Durable after `syncDirectory` of both parents.
    func rename(_ from: String, to: String) throws(DiskError)
    /// Removes a file, or a directory that is empty.
    func remove(_ path: String) throws(DiskError)
    /// Makes creations, renames and removals in a directory durable; an error is never lack of room.
    func syncDirectory(_ path: String) throws(DiskError)
    /// Takes the exclusive right to a file until the process ends or the token goes; `.busy` when another has it.
    func lock(_ path: String) throws(DiskError) -> any Sendable
    /// Bytes left for this process.
    func freeBytes() throws(DiskError) -> Int64
}

/// How a file is opened.
public enum DiskOpenMode: Sendable {
    /// It must exist; reads only.
    case read
    /// It must exist.
    case write
    /// It is created when missing.
    case create
    /// It must exist; whole pages that lie on pages of memory are written past the system's cache where that is possible.
    case direct
}

/// An open file. Reads and writes at different places may run on different threads at once. Closed with its last owner.
public protocol DiskFile: AnyObject, Sendable {
    /// Writes all bytes at a position or throws; growing the file as needed. Not durable before ``sync()``.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DiskError)
    /// Writes pieces one behind the other from a position on, or throws; otherwise as ``write(_:at:)``.
    func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError)
    /// Writes pieces one behind the other from a position on, and makes them durable: these bytes, not others of the file.
    /// After an error nothing may be assumed of them; lack of room (`.noSpace`) is only reported of the write, never of
    /// the sync.
    func writeSynced(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError)
    /// Reads up to the buffer's size; fewer only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(DiskError) -> Int
    /// Makes what was written durable, with the length needed to read it. After an error nothing may be assumed
    /// of writes since the last success; it is never called again on that file then. It is never lack of room: what a
    /// sync found no room for may be gone.
    func sync() throws(DiskError)
    /// Starts moving written bytes to the medium; a hint that promises nothing.
    func startWriteBack(from position: Int64, count: Int64)
    /// Starts reading a range that will be asked for; a hint that promises nothing.
    func startReading(from position: Int64, count: Int64)
    /// Cuts or grows the file.
    func truncate(to count: Int64) throws(DiskError)
    /// The file's length.
    func size() throws(DiskError) -> Int64
    /// What tells this file from others, and its present content from what it was.
    func stamp() throws(DiskError) -> FileStamp
    /// When it was written last, by the disk's clock.
    func modified() throws(DiskError) -> WallTime
    /// Says when it was written last; a help to those who ask, not a promise that it survives a crash.
    func setModified(_ time: WallTime) throws(DiskError)
}

/// What tells a file from others, whatever they are called, and whether it was written meanwhile.
public struct FileStamp: Sendable, Hashable {
    /// The file itself; another one only when this one is gone and nobody has it open.
    public let identity: UInt64
    /// Its length.
    public let byteCount: Int64
    /// When it was last written: as fine as the system counts.
    public let modified: Int64

    /// Describes a file.
    public init(identity: UInt64, byteCount: Int64, modified: Int64) {
        self.identity = identity
        self.byteCount = byteCount
        self.modified = modified
    }
}

extension DiskFile {
    /// Writes the pieces one after the other.
    public func write(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError) {
        var at = position
        for piece in pieces {
            try write(piece, at: at)
            at += Int64(piece.count)
        }
    }

    /// Does nothing.
    public func startReading(from position: Int64, count: Int64) {}

    /// Writes the pieces, then syncs the file.
    public func writeSynced(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError) {
        try write(pieces, at: position)
        do throws(DiskError) {
            try sync()
        } catch {
            throw DiskError(.failed, error.description)
        }
    }
}

/// What went wrong with a file.
public struct DiskError: Error, Sendable, CustomStringConvertible {
    /// What a program can act on.
    public enum Code: Sendable { case missing, exists, noSpace, noHandles, busy, forbidden, failed }
    /// The kind of trouble.
    public let code: Code
    /// What was tried, on which path, and what the system said.
    public let description: String

    /// Creates an error with its sentence.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
