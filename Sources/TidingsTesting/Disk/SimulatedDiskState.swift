// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A file's content: what a reader sees, what a crash keeps for sure, and what changed in between.
///
/// - Concurrency: under its disk's lock.
final class SimulatedNode: @unchecked Sendable {
    /// No other file of the disk ever has it.
    let number: Int
    /// Counts what was done to the content.
    var changes: Int64 = 0
    var bytes: [UInt8] = []
    var durable: [UInt8] = []
    /// Sectors written since the last sync.
    var unsynced: Set<Int> = []
    /// Of these, the ones that one write covered whole.
    var whole: Set<Int> = []

    /// What cannot be read.
    var unreadable: [Range<Int>] = []

    /// Whether its last name is gone for good: it takes no room any more.
    var isGone = false

    /// When it was written last, in milliseconds since 1970.
    var modified: Int64 = 0

    init(number: Int) { self.number = number }

    func isSynced() {
        unsynced = []
        whole = []
    }
}

/// Everything a ``SimulatedDisk`` knows; the rules of what a crash leaves.
struct SimulatedDiskState {
    enum Entry: Hashable {
        case directory
        case file(Int)

        var isDirectory: Bool { self == .directory }
    }

    enum Change {
        case add(String, Entry)
        case move(String, String)
        case remove(String)
    }

    static let frozen = DiskError(.failed, "the disk stands still")

    var random: SeededSequence
    var capacity: Int64
    /// What is visible, and what a crash leaves for sure.
    private(set) var names: [String: Entry] = [:]
    private var durableNames: [String: Entry] = [:]
    /// Changes of names that no sync of a directory covered, oldest first.
    private var pending: [Change] = []
    private var nodes: [Int: SimulatedNode] = [:]
    private var lastNode = 0
    private(set) var usedBytes: Int64 = 0
    private(set) var operations = 0
    var faults: [Int: SimulatedDisk.Fault] = [:]
    /// What every operation fails with.
    var outage: DiskError.Code?
    var isFrozen = false
    var clock: (any TimeSource)?
    var locks: Set<String> = []
    private(set) var life: UInt64 = 1

    init(seed: UInt64, capacity: Int64) {
        random = SeededSequence(seed: seed)
        self.capacity = capacity
    }

    func node(_ entry: Entry) -> SimulatedNode? {
        if case .file(let number) = entry { nodes[number] } else { nil }
    }

    // MARK: operations

    /// Counts an operation that changes something; what it fails with, if a test says so.
    mutating func takeFault() -> DiskError? {
        let number = operations
        operations += 1
        if isFrozen { return Self.frozen }
        switch faults[number] {
        case nil: return outage.map { DiskError($0, "operation \(number) fails") }
        case .once(let code): return DiskError(code, "operation \(number) fails")
        case .always(let code):
            outage = code
            return DiskError(code, "operation \(number) fails")
        case .freeze:
            isFrozen = true
            return Self.frozen
        }
    }

    mutating func step(_ doing: String) throws(DiskError) {
        if let fault = takeFault() { throw DiskError(fault.code, "\(doing): \(fault.description)") }
    }

    /// Refuses a file that was opened before the last crash, and everything while the disk stands still.
    func check(_ openedIn: UInt64) throws(DiskError) {
        if isFrozen || openedIn != life { throw Self.frozen }
    }

    /// Refuses a new name that no system's disk would take.
    func needParent(of path: String) throws(DiskError) {
        if path.utf8.reversed().prefix(while: { $0 != UInt8(ascii: "/") }).count > SimulatedDisk.longestName {
            throw DiskError(.failed, "\(path): file name too long")
        }
        guard let slash = path.lastIndex(of: "/") else { return }
        guard names[String(path[..<slash])]?.isDirectory == true else {
            throw DiskError(.missing, "\(path): its directory is missing")
        }
    }

    mutating func create(_ path: String) -> SimulatedNode {
        lastNode += 1
        let node = SimulatedNode(number: lastNode)
        nodes[lastNode] = node
        change(.add(path, .file(lastNode)))
        return node
    }

    mutating func write(_ from: UnsafeRawBufferPointer, to node: SimulatedNode, at position: Int) {
        guard !from.isEmpty else { return }
        node.changes += 1
        let end = position + from.count
        let before = node.bytes.count
        if let clock { node.modified = clock.wall.millis }
        if end > before {
            node.bytes.append(contentsOf: repeatElement(0, count: end - before))
            if !node.isGone { usedBytes += Int64(end - before) }
        }
        node.bytes.withUnsafeMutableBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: bytes[position..<end]).copyMemory(from: from)
        }
        node.unreadable.removeAll { position <= $0.lowerBound && $0.upperBound <= end }
        let first = min(position, before) / SimulatedDisk.sectorBytes
        for sector in first...(end - 1) / SimulatedDisk.sectorBytes {
            node.unsynced.insert(sector)
            if sector * SimulatedDisk.sectorBytes >= position, (sector + 1) * SimulatedDisk.sectorBytes <= end {
                node.whole.insert(sector)
            }
        }
    }

    mutating func truncate(_ node: SimulatedNode, to count: Int) {
        node.changes += 1
        if !node.isGone { usedBytes += Int64(count - node.bytes.count) }
        if count < node.bytes.count {
            node.bytes.removeLast(node.bytes.count - count)
        } else {
            node.bytes.append(contentsOf: repeatElement(0, count: count - node.bytes.count))
        }
    }

    func sync(_ node: SimulatedNode) {
        node.durable = node.bytes
        node.isSynced()
    }

    /// Makes this range durable, and the length that it needs; what else was written is as before.
    func sync(_ node: SimulatedNode, _ range: Range<Int>) {
        let missing = range.upperBound - node.durable.count
        if missing > 0 { node.durable.append(contentsOf: repeatElement(0, count: missing)) }
        node.durable.replaceSubrange(range, with: node.bytes[range])
        let sector = SimulatedDisk.sectorBytes
        for number in (range.lowerBound + sector - 1)
            / sector..<max(
                (range.lowerBound + sector - 1) / sector, range.upperBound / sector)
        {
            node.unsynced.remove(number)
            node.whole.remove(number)
        }
    }

    /// After a failed sync the system calls written what it could not write.
    mutating func forgetUnsynced(of node: SimulatedNode) {
        settle(node)
        node.isSynced()
    }

    // MARK: names

    mutating func change(_ change: Change) {
        Self.apply(change, to: &names)
        pending.append(change)
    }

    private static func apply(_ change: Change, to names: inout [String: Entry]) {
        switch change {
        case .add(let path, let entry): names[path] = entry
        case .remove(let path): names[path] = nil
        case .move(let from, let to):
            guard let entry = names[from] else { return }
            names[from] = nil
            names[to] = entry
            for path in names.keys where path.hasPrefix(from + "/") {
                names[to + path.dropFirst(from.count)] = names[path]
                names[path] = nil
            }
        }
    }

    private static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func touches(_ change: Change, _ directory: String) -> Bool {
        switch change {
        case .add(let path, _), .remove(let path): parent(path) == directory
        case .move(let from, let to): parent(from) == directory || parent(to) == directory
        }
    }

    /// Makes the changes of one directory durable, and what they stand on: all earlier changes of those directories that
    /// lead to it are not (a directory whose own entry was not synced is lost with everything in it).
    mutating func sync(directory: String) {
        var left: [Change] = []
        for change in pending {
            if Self.touches(change, directory) {
                if case .remove(let path) = change { freeRoom(of: durableNames[path]) }
                Self.apply(change, to: &durableNames)
                // What waits below a directory goes with it under its new name.
                if case .move(let from, let to) = change { left = left.map { Self.moved($0, from, to) } }
            } else {
                left.append(change)
            }
        }
        pending = left
    }

    /// The room of a removed file is free once its name is gone for good.
    private mutating func freeRoom(of entry: Entry?) {
        guard let entry, let node = node(entry), !node.isGone, !names.values.contains(entry) else { return }
        node.isGone = true
        usedBytes -= Int64(node.bytes.count)
    }

    private static func moved(_ change: Change, _ from: String, _ to: String) -> Change {
        func path(_ path: String) -> String {
            path.hasPrefix(from + "/") ? to + path.dropFirst(from.count) : path
        }
        switch change {
        case .add(let name, let entry): return .add(path(name), entry)
        case .remove(let name): return .remove(path(name))
        case .move(let old, let new): return .move(path(old), path(new))
        }
    }

    // MARK: crashes

    mutating func killProcess() {
        life += 1
        locks = []
        isFrozen = false
        outage = nil
        faults = [:]
    }

    private static func directories(_ change: Change) -> Set<String> {
        switch change {
        case .add(let path, _), .remove(let path): [parent(path)]
        case .move(let from, let to): [parent(from), parent(to)]
        }
    }

    /// Decides how many of each directory's changes got to the medium: a beginning of them.
    private mutating func settleNames() {
        var ended: Set<String> = []
        // Often all or nothing, else anything between.
        let mood = random.next() % 4
        for change in pending {
            let touched = Self.directories(change)
            let stops =
                switch mood {
                case 0: true
                case 1: false
                default: random.next() % 6 == 0
                }
            if stops { ended.formUnion(touched) }
            if ended.isDisjoint(with: touched) {
                Self.apply(change, to: &durableNames)
            } else {
                // What comes after it in either directory does not come without it.
                ended.formUnion(touched)
            }
        }
        pending = []
    }

    mutating func crash() {
        settleNames()
        // What lies in a directory that is not there is not there.
        names = durableNames.filter { path, _ in
            var above = Self.parent(path)
            while !above.isEmpty {
                if durableNames[above]?.isDirectory != true { return false }
                above = Self.parent(above)
            }
            return true
        }
        durableNames = names
        let reachable = Set(names.values.compactMap { if case .file(let number) = $0 { number } else { nil } })
        for number in nodes.keys.sorted() {
            guard reachable.contains(number), let node = nodes[number] else {
                nodes[number] = nil
                continue
            }
            settle(node)
            node.bytes = node.durable
            node.isSynced()
        }
        usedBytes = nodes.values.reduce(0) { $0 + Int64($1.bytes.count) }
        killProcess()
    }

    /// Decides for each sector that was not synced whether it got to the medium.
    private mutating func settle(_ node: SimulatedNode) {
        let sector = SimulatedDisk.sectorBytes
        var length = node.durable.count
        if node.bytes.count != length {
            let (low, high) = (min(node.bytes.count, length), max(node.bytes.count, length))
            // Often all or nothing, else anything between.
            switch random.next() % 4 {
            case 0: length = node.durable.count
            case 1: length = node.bytes.count
            default: length = low + Int(random.next() % UInt64(high - low + 1))
            }
        }
        if node.durable.count > length {
            node.durable.removeLast(node.durable.count - length)
        } else {
            node.durable.append(contentsOf: repeatElement(0, count: length - node.durable.count))
        }
        let mood = random.next() % 4
        let rots = random.next() % 8 == 0
        for number in node.unsynced.sorted() {
            let isThere =
                switch mood {
                case 0: false
                case 1: true
                default: random.next() % 2 == 0
                }
            let end = min((number + 1) * sector, length, node.bytes.count)
            guard isThere, number * sector < end else { continue }
            if rots, random.next() % 3 == 0, node.whole.contains(number) {
                for place in number * sector..<end { node.durable[place] = UInt8(truncatingIfNeeded: random.next()) }
                continue
            }
            node.durable.replaceSubrange(number * sector..<end, with: node.bytes[number * sector..<end])
        }
    }
}

/// Numbers that only their seed decides (SplitMix64).
struct SeededSequence {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
