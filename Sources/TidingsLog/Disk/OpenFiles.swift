// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Keeps the files used last open, up to a limit, so that thousands of partitions need few descriptors.
///
/// A file that leaves the cache is closed when its last user lets go of it. One that may have been written to since its
/// last ``sync(_:)`` leaves only after a sync: once nobody has it open, the system may forget that it could not write.
///
/// - Concurrency: any thread; files are opened outside of the lock.
final class OpenFiles: Sendable {
    private struct Held {
        let file: any DiskFile
        var lastUse: UInt64
        /// Whether somebody asked for it to write since its last sync.
        var isDirty: Bool
    }

    private struct State {
        var files: [String: Held] = [:]
        var clock: UInt64 = 0
        /// Counts what was forgotten: a file that was opened before may be one that is gone.
        var forgotten: UInt64 = 0
        /// The first failed sync of a file that had to make room: the system tells of it once, and whoever counts on the
        /// file is to hear of it.
        var failure: DiskError?
    }

    /// Files that wait for a checkpoint's sync are kept open up to so many times the limit.
    private static let crowd = 4

    private let disk: any Disk
    private let limit: Int
    private let state = Locked(State())

    init(on disk: any Disk, limit: Int) {
        self.disk = disk
        self.limit = max(limit, 8)
    }

    /// How many files are held open.
    var count: Int { state.withLock { $0.files.count } }

    /// The file at `path`, opened when it is not; created only with `.create`.
    /// When the system has no descriptor left, the cache gives up its own and tries once more.
    func file(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let (held, forgotten) = state.withLock { state -> ((any DiskFile)?, UInt64) in
            state.clock += 1
            guard let found = state.files.index(forKey: path) else { return (nil, state.forgotten) }
            state.files.values[found].lastUse = state.clock
            if mode != .read { state.files.values[found].isDirty = true }
            return (state.files.values[found].file, state.forgotten)
        }
        if let held { return held }
        // The cache's handles serve readers and writers alike.
        let opening: DiskOpenMode = mode == .read ? .write : mode
        let opened: any DiskFile
        do {
            opened = try disk.open(path, opening)
        } catch  where error.code == .noHandles {
            try closeOldest(keeping: limit / 4)
            opened = try disk.open(path, opening)
        }
        let (file, isCrowded) = state.withLock { state -> (any DiskFile, Bool) in
            if let other = state.files[path] { return (other.file, false) }
            // Perhaps it was replaced between the opening and now: it is used once and not kept.
            if state.forgotten != forgotten { return (opened, false) }
            state.files[path] = Held(file: opened, lastUse: state.clock, isDirty: mode != .read)
            if state.files.count > limit { OpenFiles.dropOldest(&state, keeping: limit - limit / 8) }
            return (opened, state.files.count > Self.crowd * limit)
        }
        if isCrowded { try closeOldest(keeping: limit) }
        return file
    }

    /// Makes a file durable that was written through here; created only with `.create`.
    func sync(_ path: String, _ mode: DiskOpenMode = .read) throws(DiskError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let file = try file(path, mode)
        // Whoever writes from now on makes it dirty again.
        state.withLock { $0.files[path]?.isDirty = false }
        try file.sync()
    }

    /// Forgets the files below a path (a partition that goes, a segment that is removed or replaced).
    func forget(prefix: String) {
        state.withLock { state in
            state.forgotten += 1
            for path in state.files.keys where path.hasPrefix(prefix) { state.files[path] = nil }
        }
    }

    /// Closes all but the `keeping` files used last; those that were written to are synced first.
    private func closeOldest(keeping: Int) throws(DiskError) {
        let dirty = state.withLock { state -> [String] in
            OpenFiles.dropOldest(&state, keeping: keeping)
            let count = max(0, state.files.count - keeping)
            return state.files.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(count).map(\.key)
        }
        for path in dirty {
            do throws(DiskError) { try sync(path) } catch {
                if error.code == .missing { continue }
                if error.code != .noHandles { state.withLock { $0.failure = $0.failure ?? error } }
                throw error
            }
        }
        state.withLock { OpenFiles.dropOldest(&$0, keeping: keeping) }
    }

    /// Closes all but those that wait for a sync.
    func closeClean() { state.withLock { OpenFiles.dropOldest(&$0, keeping: 0) } }

    /// Closes all files as they are.
    func closeAll() { state.withLock { $0.files = [:] } }

    /// Drops the files used longest ago, but for those that were written to.
    private static func dropOldest(_ state: inout State, keeping: Int) {
        guard state.files.count > keeping else { return }
        let clean = state.files.filter { !$0.value.isDirty }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (path, _) in clean.prefix(state.files.count - keeping) { state.files[path] = nil }
    }
}
