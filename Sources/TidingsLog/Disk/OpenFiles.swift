// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Keeps the files used last open, up to a limit, so that thousands of partitions need few descriptors.
///
/// A file that leaves the cache is closed when its last user lets go of it; what was written through it stays
/// unsynced in the system and is synced through the next handle.
///
/// - Concurrency: any thread; files are opened outside of the lock.
final class OpenFiles: Sendable {
    private struct Held {
        let file: any DiskFile
        var lastUse: UInt64
    }

    private struct State {
        var files: [String: Held] = [:]
        var clock: UInt64 = 0
        /// Counts what was forgotten: a file that was opened before may be one that is gone.
        var forgotten: UInt64 = 0
    }

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
            return (state.files.values[found].file, state.forgotten)
        }
        if let held { return held }
        // The cache's handles serve readers and writers alike.
        let opening: DiskOpenMode = mode == .read ? .write : mode
        let opened: any DiskFile
        do {
            opened = try disk.open(path, opening)
        } catch  where error.code == .noHandles {
            closeOldest(keeping: limit / 4)
            opened = try disk.open(path, opening)
        }
        return state.withLock { state in
            if let other = state.files[path] { return other.file }
            // Perhaps it was replaced between the opening and now: it is used once and not kept.
            if state.forgotten != forgotten { return opened }
            state.files[path] = Held(file: opened, lastUse: state.clock)
            if state.files.count > limit { OpenFiles.dropOldest(&state, keeping: limit - limit / 8) }
            return opened
        }
    }

    /// Forgets the files below a path (a partition that goes, a segment that is removed or replaced).
    func forget(prefix: String) {
        state.withLock { state in
            state.forgotten += 1
            for path in state.files.keys where path.hasPrefix(prefix) { state.files[path] = nil }
        }
    }

    /// Closes all but the `keeping` files used last.
    func closeOldest(keeping: Int) {
        state.withLock { OpenFiles.dropOldest(&$0, keeping: keeping) }
    }

    private static func dropOldest(_ state: inout State, keeping: Int) {
        guard state.files.count > keeping else { return }
        let uses = state.files.values.map(\.lastUse).sorted()
        let limit = uses[state.files.count - keeping - 1]
        for (path, held) in state.files where held.lastUse <= limit { state.files[path] = nil }
    }
}
