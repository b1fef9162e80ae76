// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A disk in memory that loses, tears and reorders what was not synced when it crashes, rots on demand, and fails the
/// operation a test names. The same seed gives the same run.
///
/// What a crash leaves: of a file's bytes written since its last sync, any subset of sectors of 512 bytes, in whatever
/// order, and sometimes rubbish in those that were written whole (one that is shared with synced bytes is never lost); of
/// its length, any between the synced one and the last; of created, renamed and removed names, what was synced with their
/// directory, and of the rest any beginning of each directory's changes.
///
/// - Concurrency: any thread.
package final class SimulatedDisk: Disk {
    /// The unit that is written whole or not at all.
    package static let sectorBytes = 512
    /// The most bytes of a file's name.
    package static let longestName = 255

    private let state: Locked<SimulatedDiskState>

    /// Makes an empty disk.
    /// - Parameter capacity: bytes all files may have together.
    package init(seed: UInt64, capacity: Int64 = .max) {
        state = Locked(SimulatedDiskState(seed: seed, capacity: capacity))
    }

    // MARK: what a test does to it

    /// Cuts the power: what was not synced is lost, torn or there, as the seed has it. Open files and locks are gone.
    package func crash() {
        state.withLock { $0.crash() }
    }

    /// Ends the process and not the machine: everything written is there, open files and locks are gone.
    package func killProcess() {
        state.withLock { $0.killProcess() }
    }

    /// Begins the disk's chance anew: the next crash is another one.
    package func reseed(_ seed: UInt64) { state.withLock { $0.random = SeededSequence(seed: seed) } }

    /// How many operations that change something were done or refused so far.
    package var operationCount: Int { state.withLock { $0.operations } }

    /// What the n-th changing operation (from 0) fails with, and whether everything after it fails too.
    package enum Fault: Sendable, Hashable {
        /// Only this operation fails.
        case once(DiskError.Code)
        /// This operation fails and all after it, until the disk is healed.
        case always(DiskError.Code)
        /// The process stands still from here on: this one and all after it fail, as after a crash.
        case freeze
    }

    /// Lets the operation with that number fail.
    package func fail(operation number: Int, _ fault: Fault) {
        state.withLock { $0.faults[number] = fault }
    }

    /// Forgets planned faults; a frozen disk works again.
    package func heal() {
        state.withLock { state in
            state.faults = [:]
            state.outage = nil
            state.isFrozen = false
        }
    }

    /// Gives the disk a clock, which tells when files were written.
    package func setClock(_ clock: any TimeSource) { state.withLock { $0.clock = clock } }

    /// Whether a planned ``Fault/freeze`` has come.
    package var isFrozen: Bool { state.withLock { $0.isFrozen } }

    /// Gives the disk another size.
    package func setCapacity(_ capacity: Int64) { state.withLock { $0.capacity = capacity } }

    /// Flips one bit of what is stored.
    package func flipBit(of path: String, at position: Int64, bit: Int = 0) {
        state.withLock { state in
            guard let node = state.names[path].flatMap({ state.node($0) }) else { return }
            guard position >= 0, position < Int64(node.bytes.count) else { return }
            node.bytes[Int(position)] ^= 1 << UInt8(bit & 7)
            if position < Int64(node.durable.count) { node.durable[Int(position)] ^= 1 << UInt8(bit & 7) }
        }
    }

    /// Makes a range of a file unreadable (EIO), until something is written over all of it or the file is replaced.
    package func failReading(_ path: String, _ range: Range<Int>) {
        state.withLock { state in state.names[path].flatMap { state.node($0) }?.unreadable.append(range) }
    }

    /// What a file holds now; nil when there is none.
    package func bytes(of path: String) -> [UInt8]? {
        state.withLock { state in state.names[path].flatMap { state.node($0)?.bytes } }
    }

    /// Makes a range of a file durable, as a write that syncs does.
    package func makeDurable(_ path: String, _ range: Range<Int>) {
        state.withLock { state in
            guard let node = state.names[path].flatMap({ state.node($0) }), range.upperBound <= node.bytes.count else {
                return
            }
            state.sync(node, range)
        }
    }

    /// Replaces what a file holds, durably: an older copy put back, or an end cut off.
    package func replace(_ path: String, with bytes: [UInt8]) {
        state.withLock { state in
            guard let node = state.names[path].flatMap({ state.node($0) }) else { return }
            node.bytes = bytes
            node.durable = bytes
            node.unreadable = []
            node.isSynced()
        }
    }

    /// All paths of files, sorted.
    package var paths: [String] {
        state.withLock { state in state.names.filter { !$0.value.isDirectory }.keys.sorted() }
    }

    // MARK: Disk

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let (node, life) = try state.withLock { state throws(DiskError) -> (SimulatedNode, UInt64) in
            if let entry = state.names[path] {
                guard let node = state.node(entry) else { throw DiskError(.failed, "opening \(path): a directory") }
                if state.isFrozen { throw SimulatedDiskState.frozen }
                return (node, state.life)
            }
            guard case .create = mode else { throw DiskError(.missing, "opening \(path): there is none") }
            try state.step("creating \(path)")
            try state.needParent(of: path)
            return (state.create(path), state.life)
        }
        var isDirect = false
        if case .direct = mode { isDirect = true }
        return SimulatedFile(self, node, life, path, isDirect: isDirect)
    }

    package func createDirectory(_ path: String) throws(DiskError) {
        if path.isEmpty { return }
        try state.withLock { state throws(DiskError) in
            var parts: [Substring] = []
            for part in path.split(separator: "/") {
                parts.append(part)
                let folder = parts.joined(separator: "/")
                if let entry = state.names[folder] {
                    guard entry.isDirectory else { throw DiskError(.exists, "creating \(folder): a file") }
                    continue
                }
                try state.step("creating the directory \(folder)")
                state.change(.add(folder, .directory))
            }
        }
    }

    package func list(_ path: String) throws(DiskError) -> [String] {
        try state.withLock { state throws(DiskError) -> [String] in
            guard path.isEmpty || state.names[path]?.isDirectory == true else {
                throw DiskError(.missing, "listing \(path): there is no such directory")
            }
            let prefix = path.isEmpty ? "" : path + "/"
            return state.names.compactMap { name, entry -> String? in
                guard name.hasPrefix(prefix), name != path else { return nil }
                let rest = name.dropFirst(prefix.count)
                return rest.contains("/") ? nil : String(rest) + (entry.isDirectory ? "/" : "")
            }.sorted()
        }
    }

    package func rename(_ from: String, to: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.names[from] != nil else { throw DiskError(.missing, "renaming \(from): there is none") }
            try state.needParent(of: to)
            try state.step("renaming \(from)")
            state.change(.move(from, to))
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard let entry = state.names[path] else { throw DiskError(.missing, "removing \(path): there is none") }
            if entry.isDirectory, state.names.keys.contains(where: { $0.hasPrefix(path + "/") }) {
                throw DiskError(.exists, "removing \(path): it is not empty")
            }
            try state.step("removing \(path)")
            state.change(.remove(path))
        }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard path.isEmpty || state.names[path]?.isDirectory == true else {
                throw DiskError(.missing, "syncing the directory \(path): there is none")
            }
            do throws(DiskError) { try state.step("syncing the directory \(path)") } catch {
                throw DiskError(.failed, error.description)
            }
            state.sync(directory: path)
        }
    }

    package func lock(_ path: String) throws(DiskError) -> any Sendable {
        _ = try open(path, .create)
        let life = try state.withLock { state throws(DiskError) -> UInt64 in
            if state.isFrozen { throw SimulatedDiskState.frozen }
            guard !state.locks.contains(path) else { throw DiskError(.busy, "\(path) is locked by another process") }
            state.locks.insert(path)
            return state.life
        }
        return SimulatedLock(self, path, life)
    }

    package func freeBytes() throws(DiskError) -> Int64 {
        state.withLock { $0.capacity == .max ? .max : max(0, $0.capacity - $0.usedBytes) }
    }

    fileprivate func unlock(_ path: String, _ life: UInt64) {
        state.withLock { state in if state.life == life { state.locks.remove(path) } }
    }

    fileprivate func withState<Value>(
        _ work: (inout SimulatedDiskState) throws(DiskError) -> sending Value
    ) throws(DiskError) -> sending Value {
        try state.withLock(work)
    }
}

/// Holds a lock of a ``SimulatedDisk`` until it goes.
private final class SimulatedLock: Sendable {
    private let disk: SimulatedDisk
    private let path: String
    private let life: UInt64

    init(_ disk: SimulatedDisk, _ path: String, _ life: UInt64) {
        self.disk = disk
        self.path = path
        self.life = life
    }

    deinit { disk.unlock(path, life) }
}

/// An open file of a ``SimulatedDisk``.
private final class SimulatedFile: DiskFile {
    private let disk: SimulatedDisk
    private let node: SimulatedNode
    private let life: UInt64
    private let path: String
    private let isDirect: Bool

    init(_ disk: SimulatedDisk, _ node: SimulatedNode, _ life: UInt64, _ path: String, isDirect: Bool) {
        self.isDirect = isDirect
        self.disk = disk
        self.node = node
        self.life = life
        self.path = path
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DiskError) {
        let sector = SimulatedDisk.sectorBytes
        // What passes the page cache is whole sectors, in memory as on the disk.
        if isDirect,
            Int(bitPattern: bytes.baseAddress) % sector != 0 || bytes.count % sector != 0
                || position % Int64(sector) != 0
        {
            throw DiskError(.failed, "writing \(path): invalid argument")
        }
        try disk.withState { state throws(DiskError) in
            try state.check(life)
            guard position >= 0, position <= 1 << 31 else { throw DiskError(.failed, "writing \(path): too large") }
            let fault = state.takeFault()
            var count = bytes.count
            var refusal: DiskError?
            if let fault {
                // A write that fails may have written a beginning.
                count = count == 0 ? 0 : Int(state.random.next() % UInt64(count + 1))
                refusal = fault
            }
            let growth = max(0, position + Int64(count) - Int64(node.bytes.count))
            if state.capacity != .max, growth > state.capacity - state.usedBytes {
                count = max(0, count - Int(growth - max(0, state.capacity - state.usedBytes)))
                refusal = refusal ?? DiskError(.noSpace, "writing \(path): no space left")
            }
            state.write(UnsafeRawBufferPointer(rebasing: bytes[0..<count]), to: node, at: Int(position))
            if let refusal { throw refusal }
        }
    }

    func writeSynced(_ pieces: [UnsafeRawBufferPointer], at position: Int64) throws(DiskError) {
        try write(pieces, at: position)
        let end = pieces.reduce(Int(position)) { $0 + $1.count }
        try disk.withState { state throws(DiskError) in
            try state.check(life)
            if let fault = state.takeFault() {
                state.forgetUnsynced(of: node)
                throw DiskError(.failed, fault.description)
            }
            state.sync(node, Int(position)..<end)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(DiskError) -> Int {
        try disk.withState { state throws(DiskError) -> Int in
            try state.check(life)
            guard position < Int64(node.bytes.count), position >= 0 else { return 0 }
            let count = min(buffer.count, node.bytes.count - Int(position))
            if node.unreadable.contains(where: { $0.overlaps(Int(position)..<Int(position) + count) }) {
                throw DiskError(.failed, "reading \(path): input/output error")
            }
            node.bytes.withUnsafeBytes { from in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: from[Int(position)..<Int(position) + count]))
            }
            return count
        }
    }

    func sync() throws(DiskError) {
        try disk.withState { state throws(DiskError) in
            try state.check(life)
            if let fault = state.takeFault() {
                // As Linux does: what could not be synced counts as clean now, and may or may not be there.
                state.forgetUnsynced(of: node)
                throw DiskError(.failed, fault.description)
            }
            state.sync(node)
        }
    }

    func startWriteBack(from position: Int64, count: Int64) {}

    func truncate(to count: Int64) throws(DiskError) {
        try disk.withState { state throws(DiskError) in
            try state.check(life)
            try state.step("cutting \(path)")
            state.truncate(node, to: Int(count))
        }
    }

    func size() throws(DiskError) -> Int64 {
        try disk.withState { state throws(DiskError) -> Int64 in
            try state.check(life)
            return Int64(node.bytes.count)
        }
    }

    func stamp() throws(DiskError) -> FileStamp {
        try disk.withState { state throws(DiskError) -> FileStamp in
            try state.check(life)
            return FileStamp(
                identity: UInt64(node.number), byteCount: Int64(node.bytes.count), modified: node.changes)
        }
    }

    func modified() throws(DiskError) -> WallTime {
        try disk.withState { state throws(DiskError) -> WallTime in
            try state.check(life)
            return WallTime(millis: node.modified)
        }
    }

    func setModified(_ time: WallTime) throws(DiskError) {
        try disk.withState { state throws(DiskError) in
            try state.check(life)
            node.modified = time.millis
        }
    }
}
